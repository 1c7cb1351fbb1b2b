// What a function needs: use counts of values, sets of variables that nothing reads (removed), and the
// variables alive at block borders.
// Reference: any compiler text on backward data-flow analysis.

import type { ControlFlow } from './control-flow.ts';
import { CALL, CALL_INDIRECT, type FunctionGraph, GET, LOAD, PURE_LAST, RETURN_CALL, RETURN_CALL_INDIRECT, SET } from './graph.ts';
import { integers, zeroBytes } from './scratch.ts';

export interface Liveness {
  /** Users of each value among needed instructions; of a SET: 1 if it is needed. */
  readonly uses: Int32Array;
  /** Words per node in the two bit sets. */
  readonly words: number;
  /** Variables alive at entry and exit of each node. */
  readonly liveIn: Int32Array;
  readonly liveOut: Int32Array;
}

/** Removing a set can make a get useless, and that another set: so many rounds at most. */
const MAX_ROUNDS = 4;

export function analyseLiveness(graph: FunctionGraph, flow: ControlFlow, removeDead = true): Liveness {
  const nodes = flow.order.length;
  const words = (graph.variables.length + 31) >> 5;
  const uses = integers(graph.count);
  const deadSet = zeroBytes(graph.count);
  const liveIn = integers(nodes * words);
  const liveOut = integers(nodes * words);
  countUses(graph, flow, uses, deadSet, removeDead);
  if (words === 0) return { uses, words, liveIn, liveOut };
  for (let round = 1; ; round++) {
    propagate(graph, flow, uses, words, liveIn, liveOut);
    if (!removeDead || round === MAX_ROUNDS || !findDeadSets(graph, flow, uses, deadSet, words, liveOut))
      break;
    uses.fill(0);
    liveIn.fill(0);
    liveOut.fill(0);
    countUses(graph, flow, uses, deadSet, true);
  }
  return { uses, words, liveIn, liveOut };
}

/** Whether an instruction has to be there, given its number of users. */
export function isNeeded(kind: number, uses: number): boolean {
  return uses !== 0 || (kind > PURE_LAST && kind !== GET && kind !== LOAD && kind !== SET);
}

/** Users come after their operands in reverse postorder, so one backward pass sees each user first. */
function countUses(
  graph: FunctionGraph,
  flow: ControlFlow,
  uses: Int32Array,
  deadSet: Uint8Array,
  removeDead: boolean,
): void {
  const { kind: kinds, a, b, c } = graph;
  for (let node = flow.order.length - 1; node >= 0; node--) {
    const block = flow.order[node]!;
    const start = graph.blockStart[block]!;
    for (let id = graph.blockEnd[block]! - 1; id >= start; id--) {
      const kind = kinds[id]!;
      if (kind === SET) uses[id] = deadSet[id] === 0 ? 1 : 0;
      if (!isNeeded(kind, uses[id]!) && removeDead) continue;
      const count = graph.operandCount(id);
      if (count === 0) continue;
      if (kind === CALL || kind === CALL_INDIRECT || kind === RETURN_CALL || kind === RETURN_CALL_INDIRECT) {
        for (let index = count - 1; index >= 0; index--) uses[graph.operand(id, index)]!++;
        continue;
      }
      uses[a[id]!]!++;
      if (count > 1) uses[b[id]!]!++;
      if (count > 2) uses[c[id]!]!++;
    }
  }
}

function propagate(
  graph: FunctionGraph,
  flow: ControlFlow,
  uses: Int32Array,
  words: number,
  liveIn: Int32Array,
  liveOut: Int32Array,
): void {
  const nodes = flow.order.length;
  const defined = integers(nodes * words);
  for (let node = 0; node < nodes; node++) {
    const block = flow.order[node]!;
    const base = node * words;
    for (let id = graph.blockStart[block]!; id < graph.blockEnd[block]!; id++) {
      const kind = graph.kind[id];
      if (kind !== GET && kind !== SET) continue;
      const variable = graph.d[id]!;
      const word = base + (variable >> 5);
      const bit = 1 << (variable & 31);
      if (kind === SET) {
        if (uses[id] !== 0) defined[word]! |= bit;
      } else if (uses[id] !== 0 && (defined[word]! & bit) === 0) liveIn[word]! |= bit;
    }
  }
  let changed = true;
  while (changed) {
    changed = false;
    for (let node = nodes - 1; node >= 0; node--) {
      const base = node * words;
      for (let i = flow.successorStart[node]!; i < flow.successorStart[node + 1]!; i++) {
        const from = flow.successors[i]! * words;
        for (let word = 0; word < words; word++) {
          const arriving = liveIn[from + word]! & ~liveOut[base + word]!;
          if (arriving === 0) continue;
          liveOut[base + word]! |= arriving;
          const through = arriving & ~defined[base + word]! & ~liveIn[base + word]!;
          if (through !== 0) {
            liveIn[base + word]! |= through;
            changed = true;
          }
        }
      }
    }
  }
}

function findDeadSets(
  graph: FunctionGraph,
  flow: ControlFlow,
  uses: Int32Array,
  deadSet: Uint8Array,
  words: number,
  liveOut: Int32Array,
): boolean {
  let found = false;
  const live = integers(words);
  for (let node = 0; node < flow.order.length; node++) {
    const block = flow.order[node]!;
    for (let word = 0; word < words; word++) live[word] = liveOut[node * words + word]!;
    for (let id = graph.blockEnd[block]! - 1; id >= graph.blockStart[block]!; id--) {
      const kind = graph.kind[id];
      if ((kind !== GET && kind !== SET) || uses[id] === 0) continue;
      const word = graph.d[id]! >> 5;
      const bit = 1 << (graph.d[id]! & 31);
      if (kind === GET) live[word]! |= bit;
      else if ((live[word]! & bit) === 0) {
        deadSet[id] = 1;
        found = true;
      } else live[word]! &= ~bit;
    }
  }
  return found;
}
