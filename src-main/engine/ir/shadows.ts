// Shadows: variables that often hold what other variables hold too, and say something only while a selector holds a certain
// number, such as the operands of a loop's comparison. Where they are settled, and it can be told what else has such a
// value, it is taken from there: the shadow then need not be kept on the way.
// Reference: Alpern, Wegman, Zadeck, "Detecting Equality of Variables in Programs" (1988); values are numbered at joins.

import { NONE } from '../wasm/opcodes.table.ts';
import type { ControlFlow } from './control-flow.ts';
import { CONSTANT, type FunctionGraph, GET, JUMP, SET } from './graph.ts';
import type { ReducibleFlow } from './reducible.ts';

/** Says nothing on any way here, so that it may be taken for anything. */
const UNSET = -1;
/** Beyond so many rounds nothing is changed. */
const MAX_ROUNDS = 12;

class Numbering {
  private readonly graph: FunctionGraph;
  private readonly flow: ControlFlow;
  private readonly idom: Int32Array;
  private readonly variables: number;
  /** Numbers of values are their ids; from here on they are those of what came together at a node. */
  private readonly joined: number;
  /** By variable at the exit of each node. */
  private readonly exits: Int32Array;
  /** When each node was last passed, counted in passes from 1, and when what it leaves last changed. */
  private readonly passedAt: Int32Array;
  private readonly changedAt: Int32Array;
  private time = 0;
  /** By variable, where the present pass has come to. */
  private readonly state: Int32Array;
  /** What a `get` gave. */
  private readonly got: Int32Array;
  private readonly selectors: Set<number>;
  /** By the block that is gone on to: one that sets all shadows to 0 before. */
  private readonly clearing = new Map<number, number>();

  constructor(graph: FunctionGraph, { flow, idom }: ReducibleFlow) {
    this.graph = graph;
    this.flow = flow;
    this.idom = idom;
    this.variables = graph.variables.length;
    this.joined = graph.count;
    this.exits = new Int32Array(flow.order.length * this.variables).fill(UNSET);
    this.passedAt = new Int32Array(flow.order.length);
    this.changedAt = new Int32Array(flow.order.length);
    this.state = new Int32Array(this.variables);
    this.got = new Int32Array(graph.count).fill(UNSET);
    this.selectors = new Set([...graph.shadows.values()].map(({ selector }) => selector));
  }

  /** Whether the numbers have come to rest: all that were taken for equal are. */
  solve(): boolean {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      let changed = false;
      for (let node = 0; node < this.flow.order.length; node++) {
        if (this.isDue(node)) changed = this.pass(node) || changed;
      }
      if (!changed) return true;
    }
    return false;
  }

  /** Whether any way to a node has changed since it was passed. */
  private isDue(node: number): boolean {
    const { flow, changedAt } = this;
    const passed = this.passedAt[node]!;
    if (passed === 0) return true;
    for (let i = flow.predecessorStart[node]!; i < flow.predecessorStart[node + 1]!; i++) {
      if (changedAt[flow.predecessors[i]!]! >= passed) return true;
    }
    return false;
  }

  private pass(node: number): boolean {
    const now = ++this.time;
    let changed = this.passedAt[node] === 0;
    this.enter(node);
    this.steps(node);
    this.passedAt[node] = now;
    const at = node * this.variables;
    for (let variable = 0; variable < this.variables; variable++) {
      if (this.exits[at + variable] === this.state[variable]) continue;
      this.exits[at + variable] = this.state[variable]!;
      changed = true;
    }
    if (changed) this.changedAt[node] = now;
    return changed;
  }

  private steps(node: number): void {
    const { graph, state, got } = this;
    const block = this.flow.order[node]!;
    for (let id = graph.blockStart[block]!; id < graph.blockEnd[block]!; id++) {
      const variable = graph.d[id]!;
      if (graph.kind[id] === GET) got[id] = state[variable]!;
      else if (graph.kind[id] === SET) {
        const value = graph.a[id]!;
        state[variable] = got[value] === UNSET ? value : got[value]!;
        if (this.selectors.has(variable)) this.select(variable, value);
      }
    }
  }

  private select(selector: number, value: number): void {
    const { graph, state } = this;
    const chosen = graph.kind[value] === CONSTANT ? graph.a[value] : undefined;
    for (const [shadow, of] of graph.shadows) {
      if (of.selector === selector && chosen !== undefined && of.value !== chosen) state[shadow] = UNSET;
    }
  }

  /** Where the rows of `exits` begin that belong to ways to a node, as far as they have been passed. */
  private ways(node: number): number[] {
    const { flow, passedAt, variables } = this;
    const ways: number[] = [];
    for (let i = flow.predecessorStart[node]!; i < flow.predecessorStart[node + 1]!; i++) {
      const from = flow.predecessors[i]!;
      if (passedAt[from] !== 0) ways.push(from * variables);
    }
    return ways;
  }

  /** Most of what numbering takes: all variables for each way here. */
  private enter(node: number): void {
    const { state, exits, variables } = this;
    const ways = this.ways(node);
    const [first, ...others] = ways;
    if (first === undefined) {
      state.fill(UNSET);
      return;
    }
    const joined = this.joined + node * variables;
    for (let variable = 0; variable < variables; variable++) state[variable] = exits[first + variable]!;
    for (const at of others) {
      for (let variable = 0; variable < variables; variable++) {
        if (state[variable] !== exits[at + variable]) state[variable] = joined + variable;
      }
    }
    if (others.length > 0) for (const shadow of this.graph.shadows.keys()) this.join(shadow, ways);
  }

  /** A shadow that every way has left equal to another variable, or saying nothing, is equal to it. */
  private join(shadow: number, before: readonly number[]): void {
    const { graph, exits, state, variables } = this;
    const ways = before.filter((at) => exits[at + shadow] !== UNSET);
    const [first] = ways;
    if (first === undefined) {
      state[shadow] = UNSET;
      return;
    }
    for (let other = 0; other < variables; other++) {
      if (exits[first + other] !== exits[first + shadow] || graph.shadows.has(other)) continue;
      if (!ways.every((at) => exits[at + shadow] === exits[at + other])) continue;
      state[shadow] = state[other]!;
      return;
    }
  }

  /** Takes settled shadows from elsewhere, in a block of their own; whether there was any to take. */
  settle(): boolean {
    const { graph, flow } = this;
    const settled = new Set(graph.settled);
    /** The gets that gave each number. */
    const sources = new Map<number, number[]>();
    let found = false;
    for (let node = 0; node < flow.order.length; node++) {
      this.enter(node);
      this.steps(node);
      const block = flow.order[node]!;
      for (let id = graph.blockStart[block]!; id < graph.blockEnd[block]!; id++) {
        if (graph.kind[id] !== GET || graph.shadows.has(graph.d[id]!)) continue;
        const same = sources.get(this.got[id]!);
        if (same === undefined) sources.set(this.got[id]!, [id]);
        else same.push(id);
      }
      if (settled.has(block)) found = this.settleBehind(node, sources) || found;
    }
    return found;
  }

  private settleBehind(node: number, sources: ReadonlyMap<number, readonly number[]>): boolean {
    const { graph, flow, state } = this;
    const jump = graph.terminator(flow.order[node]!);
    if (graph.kind[jump] !== JUMP) return false;
    const target = graph.b[jump]!;
    const shadows = [...graph.shadows.keys()];
    // Where none says anything, all are set to anything: else they would be kept for nothing.
    if (shadows.every((shadow) => state[shadow] === UNSET)) {
      const known = this.clearing.get(target);
      const clearing = known ?? this.append(target, () => shadows.map((shadow) => [shadow, this.zero(shadow)]));
      this.clearing.set(target, clearing);
      graph.b[jump] = clearing;
      return true;
    }
    // Before the jump is looked up: the graph's arrays may be others once something is appended.
    const taking = this.append(target, () =>
      shadows.map((shadow) => [shadow, state[shadow] === UNSET ? this.zero(shadow) : this.source(shadow, node, sources)]),
    );
    graph.b[jump] = taking;
    return true;
  }

  /** A block that sets shadows to values, where there are any, and goes on to another. */
  private append(target: number, values: () => readonly (readonly [shadow: number, value: number])[]): number {
    const { graph } = this;
    const block = graph.addBlock();
    graph.blockStart[block] = graph.count;
    for (const [shadow, value] of values()) if (value >= 0) graph.append(SET, NONE, 0, value, -1, -1, shadow);
    graph.append(JUMP, NONE, 0, -1, target, -1, 0);
    graph.blockEnd[block] = graph.count;
    return block;
  }

  private zero(shadow: number): number {
    return this.graph.append(CONSTANT, this.graph.variables[shadow]!, 0, 0, 0, 0, 0);
  }

  /** Another value that is the shadow's at the end of a node, or -1. */
  private source(shadow: number, node: number, sources: ReadonlyMap<number, readonly number[]>): number {
    const { graph, state } = this;
    const number = state[shadow]!;
    const other = state.findIndex((held, variable) => held === number && !graph.shadows.has(variable));
    if (other >= 0) return graph.append(GET, graph.variables[shadow]!, 0, -1, -1, -1, other);
    if (number < this.joined) return number;
    return sources.get(number)?.find((get) => this.reaches(get, node)) ?? -1;
  }

  /** Whether a value has been computed on every way to the end of a node. */
  private reaches(value: number, node: number): boolean {
    const { graph, flow, idom } = this;
    for (let at = node; ; at = idom[at]!) {
      const block = flow.order[at]!;
      if (value >= graph.blockStart[block]! && value < graph.blockEnd[block]!) return true;
      if (at === 0) return false;
    }
  }
}

/** Whether blocks have been added. */
export function settleShadows(graph: FunctionGraph, reducible: ReducibleFlow): boolean {
  if (graph.settled.length === 0 || graph.shadows.size === 0) return false;
  const numbering = new Numbering(graph, reducible);
  return numbering.solve() && numbering.settle();
}
