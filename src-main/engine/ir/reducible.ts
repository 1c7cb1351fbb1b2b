// Makes control flow reducible: a loop with several entries gets one header that dispatches on a variable to
// the entry meant. Only edges to these entries go through it; everything else stays as it is.
// Reference: Ramsey, "Beyond Relooper" (ICFP 2022), section 5; Bahmann et al., "Perfect Reconstructability of
// Control Flow from Demand Dependence Graphs" (2015), section 4.

import { I32, NONE } from '../wasm/opcodes.table.ts';
import { analyseControlFlow, type ControlFlow, dominators, isReducible, redirect } from './control-flow.ts';
import { BRANCH, CONSTANT, type FunctionGraph, GET, JUMP, SET, SWITCH } from './graph.ts';

export interface ReducibleFlow {
  readonly flow: ControlFlow;
  readonly idom: Int32Array;
}

/** Changes the graph where needed, one loop per round. */
export function makeReducible(graph: FunctionGraph): ReducibleFlow {
  for (;;) {
    const flow = analyseControlFlow(graph);
    const idom = dominators(flow);
    if (isReducible(flow, idom)) return { flow, idom };
    const everything = Uint8Array.from(flow.order, () => 1);
    const loop = findMultiEntryLoop(flow, everything);
    if (loop === undefined) throw new Error(`${graph.name}: irreducible, but no loop with several entries`);
    insertDispatch(graph, flow, loop);
  }
}

interface Loop {
  /** 1 for nodes of the loop. */
  readonly members: Uint8Array;
  readonly entries: readonly number[];
}

function findMultiEntryLoop(flow: ControlFlow, subset: Uint8Array): Loop | undefined {
  for (const component of components(flow, subset)) {
    const members = new Uint8Array(subset.length);
    for (const node of component) members[node] = 1;
    const entries = component.filter((node) => hasPredecessor(flow, node, (from) => members[from] === 0));
    if (entries.length > 1) return { members, entries };
    // The loops inside are what remains strongly connected without the header.
    members[entries[0]!] = 0;
    const inner = findMultiEntryLoop(flow, members);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function hasPredecessor(flow: ControlFlow, node: number, holds: (from: number) => boolean): boolean {
  for (let i = flow.predecessorStart[node]!; i < flow.predecessorStart[node + 1]!; i++) {
    if (holds(flow.predecessors[i]!)) return true;
  }
  return false;
}

/** Strongly connected components with a cycle, of the graph induced by `subset` (Tarjan, without recursion). */
function components(flow: ControlFlow, subset: Uint8Array): number[][] {
  const found: number[][] = [];
  const index = new Int32Array(subset.length).fill(-1);
  const low = new Int32Array(subset.length);
  const onStack = new Uint8Array(subset.length);
  const next = flow.successorStart.slice();
  const stack: number[] = [];
  const path: number[] = [];
  let counter = 0;
  for (let root = 0; root < subset.length; root++) {
    if (subset[root] === 0 || index[root] !== -1) continue;
    path.push(root);
    while (path.length > 0) {
      const node = path.at(-1)!;
      if (index[node] === -1) {
        index[node] = counter;
        low[node] = counter++;
        stack.push(node);
        onStack[node] = 1;
      }
      if (next[node]! < flow.successorStart[node + 1]!) {
        const to = flow.successors[next[node]!++]!;
        if (subset[to] === 0) continue;
        if (index[to] === -1) path.push(to);
        else if (onStack[to] === 1) low[node] = Math.min(low[node]!, index[to]!);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[node]!);
      if (low[node] !== index[node]) continue;
      const component = stack.splice(stack.lastIndexOf(node));
      for (const member of component) onStack[member] = 0;
      if (component.length > 1 || hasPredecessor(flow, node, (from) => from === node)) found.push(component);
    }
  }
  return found;
}

function insertDispatch(graph: FunctionGraph, flow: ControlFlow, loop: Loop): void {
  const variable = graph.variables.push(I32) - 1;
  const dispatch = graph.addBlock();
  const entries = loop.entries.map((node) => flow.order[node]!);
  // One block per entry and side sets the variable: `[outside, inside]`.
  const setters = entries.map((_, index) => [0, 1].map(() => appendSetter(graph, variable, index, dispatch)));
  for (let node = 0; node < flow.order.length; node++) {
    const inside = loop.members[node]!;
    redirect(graph, flow.order[node]!, (block) => {
      const index = entries.indexOf(block);
      return index < 0 ? block : setters[index]![inside]!;
    });
  }
  graph.blockStart[dispatch] = graph.count;
  const chosen = graph.append(GET, I32, 0, -1, -1, -1, variable);
  if (entries.length === 2) graph.append(BRANCH, NONE, 0, chosen, entries[1]!, entries[0]!, 0);
  else graph.append(SWITCH, NONE, 0, chosen, graph.pool.push(...entries) - entries.length, entries.length, 0);
  graph.blockEnd[dispatch] = graph.count;
}

function appendSetter(graph: FunctionGraph, variable: number, value: number, to: number): number {
  const block = graph.addBlock();
  graph.blockStart[block] = graph.count;
  const constant = graph.append(CONSTANT, I32, 0, value, 0, 0, 0);
  graph.append(SET, NONE, 0, constant, -1, -1, variable);
  graph.append(JUMP, NONE, 0, -1, to, -1, 0);
  graph.blockEnd[block] = graph.count;
  return block;
}
