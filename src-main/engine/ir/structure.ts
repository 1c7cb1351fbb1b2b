// Control-flow graph to structured control flow, without knowledge of the WebAssembly encoding: a flat plan of
// blocks, loops, ifs and branches for the lowering to write. Follows the dominator tree; needs no dispatch
// variable for reducible graphs.
// Reference: Ramsey, "Beyond Relooper: Recursive Translation of Unstructured Control Flow to Structured Control
// Flow", ICFP 2022. Differences: iterative; code outside of a loop is placed behind it, never inside.

import { type ControlFlow, dominators, findLoops, type Loops } from './control-flow.ts';
import { BRANCH, type FunctionGraph, JUMP, SWITCH } from './graph.ts';
import { integers, zeroBytes } from './scratch.ts';

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

// Work items are node * 2 + kind; ends of loops and ifs are END_UNLABELLED.
const TREE = 0;
const END = 1;
const END_UNLABELLED = -1;

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
  private readonly loops: Loops;
  private readonly blockLevel: Int32Array;
  private readonly loopLevel: Int32Array;
  private readonly weight: Int32Array;

  constructor(graph: FunctionGraph, flow: ControlFlow, idom: Int32Array) {
    const nodes = flow.order.length;
    this.graph = graph;
    this.flow = flow;
    this.idom = idom;
    this.firstChild = integers(nodes, -1);
    this.nextChild = integers(nodes, -1);
    this.isLabel = zeroBytes(nodes);
    this.loops = findLoops(flow);
    this.blockLevel = integers(nodes);
    this.loopLevel = integers(nodes);
    this.weight = integers(nodes);
    this.classify(nodes);
  }

  private classify(nodes: number): void {
    const { graph, flow, idom } = this;
    for (let node = nodes - 1; node >= 0; node--) {
      const block = flow.order[node]!;
      this.weight[node]! += graph.blockEnd[block]! - graph.blockStart[block]!;
      if (node === 0) continue;
      this.weight[idom[node]!]! += this.weight[node]!;
      const above = idom[node]!;
      const place = this.placeOf(node);
      const leavesLoop =
        this.loops.innermost[above] !== -1 && !this.isInLoop(node, this.loops.innermost[above]!);
      if (!leavesLoop && !this.needsLabel(node)) continue;
      this.isLabel[node] = 1;
      this.nextChild[node] = this.firstChild[place]!;
      this.firstChild[place] = node;
    }
  }

  private needsLabel(node: number): boolean {
    const { graph, flow } = this;
    let forward = 0;
    for (let i = flow.predecessorStart[node]!; i < flow.predecessorStart[node + 1]!; i++) {
      const from = flow.predecessors[i]!;
      if (from >= node) continue;
      if (graph.kind[graph.terminator(flow.order[from]!)] === SWITCH) return true;
      forward++;
    }
    return forward > 1;
  }

  /** The node behind whose code this one is placed: its dominator, or the header of the outermost loop left. */
  private placeOf(node: number): number {
    const { innermost, parent } = this.loops;
    let place = this.idom[node]!;
    for (let header = innermost[place]!; header !== -1; header = parent[header]!) {
      if (this.isInLoop(node, header)) break;
      place = header;
    }
    return place;
  }

  private isInLoop(node: number, header: number): boolean {
    const { innermost, parent } = this.loops;
    let at = innermost[node]!;
    while (at > header) at = parent[at]!;
    return at === header;
  }

  run(): number[] {
    this.work.push(0 * 2 + TREE);
    while (this.work.length > 0) {
      const item = this.work.pop()!;
      if (item === END_UNLABELLED || (item & 1) === END) {
        this.plan.push(PLAN_END);
        this.depth--;
      } else {
        this.tree(item >> 1);
      }
    }
    return this.plan;
  }

  private tree(node: number): void {
    const inside: number[] = [];
    const outside: number[] = [];
    const header = this.loops.innermost[node] === node;
    for (let child = this.firstChild[node]!; child !== -1; child = this.nextChild[child]!) {
      if (header && !this.isInLoop(child, node)) outside.push(child);
      else inside.push(child);
    }
    this.openBlocks(outside);
    if (header) {
      this.loopLevel[node] = this.depth++;
      this.plan.push(PLAN_LOOP);
      this.work.push(END_UNLABELLED);
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
      this.work.push(following * 2 + TREE, END_UNLABELLED, nested * 2 + TREE);
    }
  }

  private go(node: number, to: number): void {
    const depth = this.depthOf(node, to);
    if (depth === NO_LABEL) this.work.push(to * 2 + TREE);
    else if (!this.fallsTo(to) || to <= node) this.plan.push(PLAN_JUMP, depth);
  }

  /** True if the code of `node` follows here: only ends of loops come before the end of its block. */
  private fallsTo(node: number): boolean {
    let at = this.work.length - 1;
    while (at >= 0 && this.work[at] === END_UNLABELLED) at--;
    return this.work[at] === node * 2 + END;
  }

  private depthOf(from: number, to: number): number {
    if (to <= from) return this.depth - 1 - this.loopLevel[to]!;
    return this.isLabel[to] === 1 ? this.depth - 1 - this.blockLevel[to]! : NO_LABEL;
  }
}

/** The graph must be reducible. */
export function structure(graph: FunctionGraph, flow: ControlFlow, idom = dominators(flow)): number[] {
  return new Planner(graph, flow, idom).run();
}
