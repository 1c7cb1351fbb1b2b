// Gives WebAssembly locals to variables and to the values that need one. Lifetimes are intervals in the order of
// emission; locals are reused as soon as an interval ends, since functions with hundreds of branches would
// otherwise carry thousands of locals through every one of them.
// Reference: Poletto, Sarkar, "Linear Scan Register Allocation" (1999), without spilling.

import type { ControlFlow } from './control-flow.ts';
import { type FunctionGraph, GET, NUMERIC, SET } from './graph.ts';
import { isNeeded, type Liveness } from './liveness.ts';
import { integers } from './scratch.ts';
import { PLACE_LOCAL, PLACE_VARIABLE, type Placement } from './stackify.ts';
import {
  PLAN_BLOCK,
  PLAN_BODY,
  PLAN_BRANCH_IF,
  PLAN_END,
  PLAN_IF,
  PLAN_JUMP,
  PLAN_LEAVE,
  PLAN_LOOP,
} from './structure.ts';

export interface Locals {
  /** Local index of each value with `PLACE_LOCAL`. */
  readonly ofValue: Int32Array;
  readonly ofVariable: Int32Array;
  /** Type codes of the locals behind the parameters, in order. */
  readonly types: readonly number[];
}

const UNUSED = 0x7fff_ffff;

class Allocator {
  private readonly graph: FunctionGraph;
  private readonly flow: ControlFlow;
  private readonly placement: Placement;
  private readonly base: Int32Array;
  private end = 0;
  /** Interval of each variable, then of each value (`variables.length + id`). */
  private readonly from: Int32Array;
  private readonly to: Int32Array;
  private readonly variables: number;
  private readonly stamp: Int32Array;
  private readonly pending: number[] = [];

  constructor(graph: FunctionGraph, flow: ControlFlow, placement: Placement) {
    this.graph = graph;
    this.flow = flow;
    this.placement = placement;
    this.variables = graph.variables.length;
    this.base = integers(flow.order.length);
    this.from = integers(this.variables + graph.count, UNUSED);
    this.to = integers(this.variables + graph.count, -1);
    this.stamp = integers(flow.order.length, -1);
  }

  run(plan: readonly number[], liveness: Liveness): Locals {
    this.number(plan);
    this.variableBorders(liveness);
    for (let node = 0; node < this.flow.order.length; node++) this.scanBlock(node, liveness.uses);
    return this.assign();
  }

  private number(plan: readonly number[]): void {
    const { graph, flow } = this;
    forEachBody(plan, graph, flow, (node) => {
      const block = flow.order[node]!;
      // One position more than instructions: what is alive at the border ends behind the terminator.
      this.base[node] = this.end;
      this.end += graph.blockEnd[block]! - graph.blockStart[block]! + 1;
    });
  }

  private position(node: number, id: number): number {
    return this.base[node]! + id - this.graph.blockStart[this.flow.order[node]!]!;
  }

  private nodeEnd(node: number): number {
    return this.position(node, this.graph.blockEnd[this.flow.order[node]!]!);
  }

  private extend(cell: number, from: number, to: number): void {
    if (from < this.from[cell]!) this.from[cell] = from;
    if (to > this.to[cell]!) this.to[cell] = to;
  }

  private variableBorders({ words, liveIn, liveOut }: Liveness): void {
    for (let node = 0; node < this.flow.order.length; node++) {
      const start = this.base[node]!;
      const end = this.nodeEnd(node);
      for (let word = 0; word < words; word++) {
        const first = word * 32;
        for (let bits = liveIn[node * words + word]!; bits !== 0; bits &= bits - 1) {
          this.extend(first + 31 - Math.clz32(bits & -bits), start, start);
        }
        for (let bits = liveOut[node * words + word]!; bits !== 0; bits &= bits - 1) {
          this.extend(first + 31 - Math.clz32(bits & -bits), end, end);
        }
      }
    }
  }

  private scanBlock(node: number, uses: Int32Array): void {
    const { graph, placement } = this;
    const block = this.flow.order[node]!;
    for (let id = graph.blockStart[block]!; id < graph.blockEnd[block]!; id++) {
      const kind = graph.kind[id]!;
      if (kind < NUMERIC || !isNeeded(kind, uses[id]!)) continue;
      const place = placement.place[id]!;
      if (kind === SET) {
        const at = this.position(node, id);
        this.extend(graph.d[id]!, at, at + 1);
      } else if (kind === GET) {
        const last = place === PLACE_VARIABLE ? placement.lastUse[id]! : placement.root[id]!;
        this.extend(graph.d[id]!, this.position(node, id), this.position(node, last));
      }
      if (place === PLACE_LOCAL) {
        const at = this.position(node, id);
        this.extend(this.variables + id, at, Math.max(at + 1, this.position(node, placement.lastUse[id]!)));
      }
      for (let index = graph.operandCount(id) - 1; index >= 0; index--)
        this.usedIn(node, id, graph.operand(id, index));
    }
  }

  /** A use of a value of another block: it is alive on every way from there to here. */
  private usedIn(node: number, id: number, operand: number): void {
    const { placement, flow } = this;
    if (placement.place[operand] !== PLACE_LOCAL || placement.escapes[operand] === 0) return;
    const home = flow.nodeOf[placement.blockOf[operand]!]!;
    if (home === node) return;
    const cell = this.variables + operand;
    this.extend(cell, this.base[node]!, this.position(node, placement.root[id]!));
    const { pending, stamp } = this;
    // The stamp keeps what earlier uses of the same value have marked, if no other value came between.
    this.arrive(node, home, operand, cell);
    while (pending.length > 0) this.arrive(pending.pop()!, home, operand, cell);
    stamp[home] = -1;
  }

  private arrive(node: number, home: number, operand: number, cell: number): void {
    const { flow, stamp, pending } = this;
    for (let i = flow.predecessorStart[node]!; i < flow.predecessorStart[node + 1]!; i++) {
      const before = flow.predecessors[i]!;
      if (stamp[before] === operand) continue;
      stamp[before] = operand;
      this.extend(cell, before === home ? this.nodeEnd(before) : this.base[before]!, this.nodeEnd(before));
      if (before !== home) pending.push(before);
    }
  }

  private assign(): Locals {
    const { graph } = this;
    const cells = this.from.length;
    const startHead = integers(this.end + 2, -1);
    const endHead = integers(this.end + 2, -1);
    const startNext = integers(cells);
    const endNext = integers(cells);
    for (let cell = cells - 1; cell >= 0; cell--) {
      const from = this.from[cell]!;
      if (from === UNUSED) continue;
      const to = Math.min(Math.max(this.to[cell]!, from + 1), this.end + 1);
      startNext[cell] = startHead[from]!;
      startHead[from] = cell;
      endNext[cell] = endHead[to]!;
      endHead[to] = cell;
    }
    const local = integers(cells, -1);
    const free: number[][] = [[], [], [], [], [], []];
    const types: number[] = [];
    const first = graph.parameters.length;
    for (let at = 0; at <= this.end; at++) {
      for (let cell = endHead[at]!; cell !== -1; cell = endNext[cell]!)
        free[this.typeOf(cell)]!.push(local[cell]!);
      for (let cell = startHead[at]!; cell !== -1; cell = startNext[cell]!) {
        const type = this.typeOf(cell);
        local[cell] = free[type]!.pop() ?? first + types.push(type) - 1;
      }
    }
    return { ofValue: local.subarray(this.variables), ofVariable: local.subarray(0, this.variables), types };
  }

  private typeOf(cell: number): number {
    return cell < this.variables ? this.graph.variables[cell]! : this.graph.type[cell - this.variables]!;
  }
}

/** Calls back for each body of a plan in order. */
export function forEachBody(
  plan: readonly number[],
  graph: FunctionGraph,
  flow: ControlFlow,
  visit: (node: number) => void,
): void {
  for (let at = 0; at < plan.length; ) {
    const step = plan[at]!;
    if (step === PLAN_BODY) visit(plan[at + 1]!);
    if (step === PLAN_BLOCK || step === PLAN_LOOP || step === PLAN_END) at += 1;
    else if (step === PLAN_BODY || step === PLAN_JUMP || step === PLAN_LEAVE) at += 2;
    else if (step === PLAN_IF) at += 3;
    else if (step === PLAN_BRANCH_IF) at += 4;
    else at += 2 + graph.c[graph.terminator(flow.order[plan[at + 1]!]!)]!;
  }
}

export function allocateLocals(
  graph: FunctionGraph,
  flow: ControlFlow,
  plan: readonly number[],
  placement: Placement,
  liveness: Liveness,
): Locals {
  return new Allocator(graph, flow, placement).run(plan, liveness);
}
