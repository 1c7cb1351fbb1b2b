// Control-flow graph to structured control flow, without knowledge of the WebAssembly encoding: a flat plan of
// blocks, loops, ifs and branches for the lowering to write. Follows the dominator tree; needs no dispatch
// variable for reducible graphs.
// Reference: Ramsey, "Beyond Relooper: Recursive Translation of Unstructured Control Flow to Structured Control
// Flow", ICFP 2022. Differences: iterative; code that leaves a loop is placed behind it.

import { type ControlFlow, dominators, loops } from './control-flow.ts';
import { BRANCH, type FunctionGraph, JUMP, SWITCH } from './graph.ts';

// Plan steps, each followed by its operands.
export const PLAN_BLOCK = 0;
export const PLAN_LOOP = 1;
export const PLAN_END = 2;
/** node: its instructions, without the terminator */
export const PLAN_BODY = 3;
/** node, negate */
export const PLAN_IF = 4;
/** node, negate, depth */
export const PLAN_BRANCH_IF = 5;
/** depth */
export const PLAN_JUMP = 6;
/** node, then one depth per target (the count is the terminator's) */
export const PLAN_SWITCH = 7;
/** node: return, tail call or unreachable */
export const PLAN_LEAVE = 8;

const NO_LABEL = -1;

// Work items are node * 2 + kind; an END without label is END_OF_IF.
const TREE = 0;
const END = 1;
const END_OF_IF = -1;

class Planner {
  readonly plan: number[] = [];
  private readonly work: number[] = [];
  private depth = 0;
  private readonly graph: FunctionGraph;
  private readonly flow: ControlFlow;
  private readonly idom: Int32Array;
  /** Children of each node in the dominator tree that need a label, ascending; linked lists. */
  private readonly firstChild: Int32Array;
  private readonly nextChild: Int32Array;
  private readonly isLabel: Uint8Array;
  private readonly isHeader: Uint8Array;
  private readonly blockLevel: Int32Array;
  private readonly loopLevel: Int32Array;
  private readonly weight: Int32Array;

  constructor(graph: FunctionGraph, flow: ControlFlow, idom: Int32Array) {
    const nodes = flow.order.length;
    this.graph = graph;
    this.flow = flow;
    this.idom = idom;
    this.firstChild = new Int32Array(nodes).fill(-1);
    this.nextChild = new Int32Array(nodes).fill(-1);
    this.isLabel = new Uint8Array(nodes);
    this.isHeader = new Uint8Array(nodes);
    this.blockLevel = new Int32Array(nodes);
    this.loopLevel = new Int32Array(nodes);
    this.weight = new Int32Array(nodes);
    this.classify(nodes);
  }

  private classify(nodes: number): void {
    const { graph, flow, idom } = this;
    for (let node = nodes - 1; node >= 0; node--) {
      const block = flow.order[node]!;
      this.weight[node]! += graph.blockEnd[block]! - graph.blockStart[block]!;
      if (node > 0) this.weight[idom[node]!]! += this.weight[node]!;
      let forward = 0;
      for (let i = flow.predecessorStart[node]!; i < flow.predecessorStart[node + 1]!; i++) {
        const from = flow.predecessors[i]!;
        if (from >= node) this.isHeader[node] = 1;
        else if (graph.kind[graph.terminator(flow.order[from]!)] === SWITCH) forward = 2;
        else forward++;
      }
      if (node > 0 && forward > 1) {
        this.isLabel[node] = 1;
        this.nextChild[node] = this.firstChild[idom[node]!]!;
        this.firstChild[idom[node]!] = node;
      }
    }
  }

  run(): number[] {
    const { innermost, parent } = loops(this.flow);
    this.work.push(0 * 2 + TREE);
    while (this.work.length > 0) {
      const item = this.work.pop()!;
      if (item === END_OF_IF || (item & 1) === END) {
        this.plan.push(PLAN_END);
        this.depth--;
      } else {
        this.tree(item >> 1, innermost, parent);
      }
    }
    return this.plan;
  }

  private tree(node: number, innermost: Int32Array, parent: Int32Array): void {
    const inside: number[] = [];
    const outside: number[] = [];
    const header = this.isHeader[node] === 1;
    for (let child = this.firstChild[node]!; child !== -1; child = this.nextChild[child]!) {
      if (header && !isInLoop(child, node, innermost, parent)) outside.push(child);
      else inside.push(child);
    }
    this.openBlocks(outside);
    if (header) {
      this.loopLevel[node] = this.depth++;
      this.plan.push(PLAN_LOOP);
      this.work.push(END_OF_IF);
    }
    this.openBlocks(inside);
    this.plan.push(PLAN_BODY, node);
    this.terminator(node);
  }

  /** Opens the labels of nodes that are placed, in ascending order, behind what follows. */
  private openBlocks(nodes: readonly number[]): void {
    for (let i = nodes.length - 1; i >= 0; i--) {
      const node = nodes[i]!;
      this.blockLevel[node] = this.depth++;
      this.plan.push(PLAN_BLOCK);
      this.work.push(node * 2 + TREE, node * 2 + END);
    }
  }

  private terminator(node: number): void {
    const { graph, flow } = this;
    const id = graph.terminator(flow.order[node]!);
    const kind = graph.kind[id];
    if (kind === JUMP) this.go(node, flow.nodeOf[graph.b[id]!]!);
    else if (kind === BRANCH) this.branch(node, flow.nodeOf[graph.b[id]!]!, flow.nodeOf[graph.c[id]!]!);
    else if (kind === SWITCH) {
      this.plan.push(PLAN_SWITCH, node);
      for (let i = 0; i < graph.c[id]!; i++) {
        this.plan.push(this.depthOf(node, flow.nodeOf[graph.pool[graph.b[id]! + i]!]!));
      }
    } else this.plan.push(PLAN_LEAVE, node);
  }

  private branch(node: number, ifTrue: number, ifFalse: number): void {
    const trueDepth = this.depthOf(node, ifTrue);
    const falseDepth = this.depthOf(node, ifFalse);
    if (trueDepth !== NO_LABEL && !(falseDepth !== NO_LABEL && this.fallsTo(ifTrue))) {
      this.plan.push(PLAN_BRANCH_IF, node, 0, trueDepth);
      this.go(node, ifFalse);
    } else if (falseDepth !== NO_LABEL) {
      this.plan.push(PLAN_BRANCH_IF, node, 1, falseDepth);
      this.go(node, ifTrue);
    } else {
      // The smaller arm nests, so nesting stays logarithmic however long the function is.
      const negate = this.weight[ifTrue]! > this.weight[ifFalse]! ? 1 : 0;
      const nested = negate === 1 ? ifFalse : ifTrue;
      const following = negate === 1 ? ifTrue : ifFalse;
      this.plan.push(PLAN_IF, node, negate);
      this.depth++;
      this.work.push(following * 2 + TREE, END_OF_IF, nested * 2 + TREE);
    }
  }

  private go(node: number, to: number): void {
    const depth = this.depthOf(node, to);
    if (depth === NO_LABEL) this.work.push(to * 2 + TREE);
    else if (!this.fallsTo(to) || to <= node) this.plan.push(PLAN_JUMP, depth);
  }

  /** True if the next thing to come is the end of the block whose label is `node`, so its code follows. */
  private fallsTo(node: number): boolean {
    return this.work.at(-1) === node * 2 + END;
  }

  private depthOf(from: number, to: number): number {
    if (to <= from) return this.depth - 1 - this.loopLevel[to]!;
    return this.isLabel[to] === 1 ? this.depth - 1 - this.blockLevel[to]! : NO_LABEL;
  }
}

function isInLoop(node: number, header: number, innermost: Int32Array, parent: Int32Array): boolean {
  let at = innermost[node]!;
  while (at > header) at = parent[at]!;
  return at === header;
}

/** The graph must be reducible. */
export function structure(graph: FunctionGraph, flow: ControlFlow, idom = dominators(flow)): number[] {
  return new Planner(graph, flow, idom).run();
}
