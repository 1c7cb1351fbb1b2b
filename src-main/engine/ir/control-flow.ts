// The control-flow graph of a function as numbers: reachable blocks in reverse postorder (a "node" is an index
// into that order), edges, dominators, loops.
// Reference: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm" (2001).

import { BRANCH, CONSTANT, type FunctionGraph, JUMP, SWITCH } from './graph.ts';
import { integers, zeroBytes } from './scratch.ts';

export interface ControlFlow {
  /** Reachable blocks in reverse postorder; node 0 is the entry. */
  readonly order: Int32Array;
  /** Node of each block, -1 if unreachable. */
  readonly nodeOf: Int32Array;
  /** Successors of node n: `successors[successorStart[n] .. successorStart[n+1])`, as nodes. */
  readonly successorStart: Int32Array;
  readonly successors: Int32Array;
  readonly predecessorStart: Int32Array;
  readonly predecessors: Int32Array;
}

/** Blocks a block may go to, in the order of its terminator; appended to `into`. */
export function appendSuccessors(graph: FunctionGraph, block: number, into: number[]): void {
  const id = graph.terminator(block);
  switch (graph.kind[id]) {
    case JUMP:
      into.push(graph.b[id]!);
      break;
    case BRANCH:
      into.push(graph.b[id]!, graph.c[id]!);
      break;
    case SWITCH: {
      const start = graph.b[id]!;
      for (let i = 0; i < graph.c[id]!; i++) into.push(graph.pool[start + i]!);
      break;
    }
    default:
  }
}

export function analyseControlFlow(graph: FunctionGraph): ControlFlow {
  const blocks = graph.blockStart.length;
  const targets: number[] = [];
  const targetStart = integers(blocks + 1);
  for (let block = 0; block < blocks; block++) {
    targetStart[block] = targets.length;
    if (graph.blockEnd[block]! > 0) appendSuccessors(graph, block, targets);
  }
  targetStart[blocks] = targets.length;
  const order = reversePostorder(blocks, targetStart, targets);
  const nodeOf = integers(blocks, -1);
  const nodes = order.length;
  for (let node = 0; node < nodes; node++) nodeOf[order[node]!] = node;
  const successorStart = integers(nodes + 1);
  const successors = integers(targets.length);
  const predecessorStart = integers(nodes + 2);
  let edges = 0;
  for (let node = 0; node < nodes; node++) {
    const block = order[node]!;
    successorStart[node] = edges;
    for (let i = targetStart[block]!; i < targetStart[block + 1]!; i++) {
      const to = nodeOf[targets[i]!]!;
      successors[edges++] = to;
      predecessorStart[to + 2]!++;
    }
  }
  successorStart[nodes] = edges;
  for (let node = 1; node < nodes + 2; node++) predecessorStart[node]! += predecessorStart[node - 1]!;
  const predecessors = integers(edges);
  for (let node = 0; node < nodes; node++) {
    for (let i = successorStart[node]!; i < successorStart[node + 1]!; i++) {
      predecessors[predecessorStart[successors[i]! + 1]!++] = node;
    }
  }
  return {
    order,
    nodeOf,
    successorStart,
    successors: successors.subarray(0, edges),
    predecessorStart: predecessorStart.subarray(0, nodes + 1),
    predecessors,
  };
}

function reversePostorder(blocks: number, targetStart: Int32Array, targets: readonly number[]): Int32Array {
  const order = integers(blocks);
  let free = blocks;
  const next = integers(blocks);
  next.set(targetStart.subarray(0, blocks));
  const seen = zeroBytes(blocks);
  const stack = integers(blocks + 1);
  let depth = 1;
  seen[0] = 1;
  while (depth > 0) {
    const block = stack[depth - 1]!;
    const edge = next[block]!;
    if (edge === targetStart[block + 1]) {
      order[--free] = block;
      depth--;
      continue;
    }
    next[block] = edge + 1;
    const to = targets[edge]!;
    if (seen[to] === 0) {
      seen[to] = 1;
      stack[depth++] = to;
    }
  }
  return order.subarray(free);
}

/** Immediate dominator of each node; the entry's is itself. */
export function dominators(flow: ControlFlow): Int32Array {
  const nodes = flow.order.length;
  const idom = integers(nodes, -1);
  idom[0] = 0;
  let changed = true;
  while (changed) {
    changed = false;
    for (let node = 1; node < nodes; node++) {
      let best = -1;
      for (let i = flow.predecessorStart[node]!; i < flow.predecessorStart[node + 1]!; i++) {
        const from = flow.predecessors[i]!;
        if (idom[from] === -1) continue;
        best = best === -1 ? from : nearestCommon(idom, from, best);
      }
      if (idom[node] !== best) {
        idom[node] = best;
        changed = true;
      }
    }
  }
  return idom;
}

function nearestCommon(idom: Int32Array, left: number, right: number): number {
  let a = left;
  let b = right;
  while (a !== b) {
    while (a > b) a = idom[a]!;
    while (b > a) b = idom[b]!;
  }
  return a;
}

export function dominates(idom: Int32Array, above: number, below: number): boolean {
  let node = below;
  while (node > above) node = idom[node]!;
  return node === above;
}

/** True if every retreating edge goes to a dominator of its source. */
export function isReducible(flow: ControlFlow, idom: Int32Array): boolean {
  for (let node = 0; node < flow.order.length; node++) {
    for (let i = flow.successorStart[node]!; i < flow.successorStart[node + 1]!; i++) {
      const to = flow.successors[i]!;
      if (to <= node && !dominates(idom, to, node)) return false;
    }
  }
  return true;
}

export interface Loops {
  /** Header of the innermost loop around each node (of a header: its own loop's, itself), -1 outside of loops. */
  readonly innermost: Int32Array;
  /** For headers: header of the loop around theirs, -1 if there is none. */
  readonly parent: Int32Array;
}

/** Reducible graphs only. */
export function findLoops(flow: ControlFlow): Loops {
  const nodes = flow.order.length;
  const innermost = integers(nodes, -1);
  const parent = integers(nodes, -1);
  const pending: number[] = [];
  for (let header = nodes - 1; header >= 0; header--) {
    for (let i = flow.predecessorStart[header]!; i < flow.predecessorStart[header + 1]!; i++) {
      if (flow.predecessors[i]! >= header) pending.push(flow.predecessors[i]!);
    }
    if (pending.length === 0) continue;
    innermost[header] = header;
    while (pending.length > 0) {
      let node = pending.pop()!;
      // A node already in an inner loop stands for the outermost loop found so far around it.
      if (innermost[node] !== -1) {
        node = outermost(parent, innermost[node]!);
        if (node === header) continue;
        parent[node] = header;
      } else {
        innermost[node] = header;
      }
      for (let i = flow.predecessorStart[node]!; i < flow.predecessorStart[node + 1]!; i++) {
        if (flow.predecessors[i]! >= header) pending.push(flow.predecessors[i]!);
      }
    }
  }
  return { innermost, parent };
}

function outermost(parent: Int32Array, header: number): number {
  let node = header;
  while (parent[node] !== -1) node = parent[node]!;
  return node;
}

/** Lets edges skip blocks that do nothing but jump on, by a jump that is not to be kept. */
export function threadJumps(graph: FunctionGraph): void {
  const forward = integers(graph.blockStart.length, -1);
  for (let block = 1; block < forward.length; block++) {
    if (graph.blockStart[block]! >= 0 && isEmptyJump(graph, block)) {
      forward[block] = graph.b[graph.terminator(block)]!;
    }
  }
  const target = (block: number): number => {
    let at = block;
    // A ring of empty blocks is an endless loop: it is left as it is.
    for (let steps = 0; forward[at] !== -1 && forward[at] !== block && steps < 100; steps++)
      at = forward[at]!;
    return at;
  };
  for (let block = 0; block < forward.length; block++) {
    if (graph.blockStart[block]! < 0) continue;
    redirect(graph, block, target);
  }
}

/** Changes the targets of a block's terminator. */
export function redirect(graph: FunctionGraph, block: number, target: (block: number) => number): void {
  const id = graph.terminator(block);
  const kind = graph.kind[id];
  if (kind === JUMP || kind === BRANCH) graph.b[id] = target(graph.b[id]!);
  if (kind === BRANCH) graph.c[id] = target(graph.c[id]!);
  if (kind === SWITCH) {
    const start = graph.b[id]!;
    for (let i = 0; i < graph.c[id]!; i++) graph.pool[start + i] = target(graph.pool[start + i]!);
  }
}

function isEmptyJump(graph: FunctionGraph, block: number): boolean {
  const end = graph.terminator(block);
  if (graph.kind[end] !== JUMP || graph.d[end] !== 0) return false;
  for (let id = graph.blockStart[block]!; id < end; id++) if (graph.kind[id]! > CONSTANT) return false;
  return true;
}
