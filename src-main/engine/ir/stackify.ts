// Decides for each value whether it is computed where it is used (nested in its user's expression), kept in a
// local, or read again from its variable. Loads, stores, calls and variable accesses are never reordered
// against each other where that could be seen.

import type { ControlFlow } from './control-flow.ts';
import {
  ATOMIC,
  CALL,
  CALL_INDIRECT,
  COPY,
  FILL,
  type FunctionGraph,
  GET,
  LOAD,
  NUMERIC,
  SELECT,
  SET,
  STORE,
} from './graph.ts';
import { isNeeded } from './liveness.ts';
import { integers, zeroBytes } from './scratch.ts';

/** Not needed, or a constant or parameter. */
export const PLACE_NONE = 0;
/** Part of its user's expression. */
export const PLACE_NESTED = 1;
/** Evaluated at its own position into a local. */
export const PLACE_LOCAL = 2;
/** A `get` whose variable does not change until the last use: read from there. */
export const PLACE_VARIABLE = 3;
/** Has effects and a result nobody wants. */
export const PLACE_DROP = 4;

/** Deeper expressions go through a local: bounds recursion, and V8's operand stack. */
const MAX_DEPTH = 60;
const NEVER = 0x7fff_ffff;

export interface Placement {
  readonly place: Uint8Array;
  /** The statement (instruction id) at which an instruction's operands are evaluated. */
  readonly root: Int32Array;
  /** Last statement that uses the value, in its own block. */
  readonly lastUse: Int32Array;
  /** 1 if a value is used in other blocks too. */
  readonly escapes: Uint8Array;
  /** Block of each instruction. */
  readonly blockOf: Int32Array;
}

class Stackifier implements Placement {
  readonly place: Uint8Array;
  readonly root: Int32Array;
  readonly lastUse: Int32Array;
  readonly escapes: Uint8Array;
  readonly blockOf: Int32Array;
  private readonly graph: FunctionGraph;
  private readonly uses: Int32Array;
  /** For a get: the next set of its variable. For a memory access: the next write, and the next access. */
  private readonly nextWrite: Int32Array;
  private readonly nextAccess: Int32Array;
  private readonly nextSet: Int32Array;
  private readonly setStamp: Int32Array;

  constructor(graph: FunctionGraph, uses: Int32Array) {
    const { count } = graph;
    this.graph = graph;
    this.uses = uses;
    this.place = zeroBytes(count);
    this.root = integers(count);
    this.lastUse = integers(count);
    this.escapes = zeroBytes(count);
    this.blockOf = integers(count, -1);
    this.nextWrite = integers(count);
    this.nextAccess = integers(count);
    this.nextSet = integers(graph.variables.length);
    this.setStamp = integers(graph.variables.length, -1);
  }

  block(block: number): void {
    const { graph } = this;
    const start = graph.blockStart[block]!;
    this.findBarriers(block, start, graph.blockEnd[block]!);
    for (let id = graph.blockEnd[block]! - 1; id >= start; id--) {
      const kind = graph.kind[id]!;
      if (kind < NUMERIC || this.place[id] === PLACE_NESTED || !isNeeded(kind, this.uses[id]!)) continue;
      this.root[id] = id;
      if (graph.hasResult(id)) {
        if (this.uses[id] === 0) this.place[id] = PLACE_DROP;
        else if (kind === GET && this.escapes[id] === 0 && this.nextWrite[id]! >= this.lastUse[id]!) {
          this.place[id] = PLACE_VARIABLE;
          continue;
        } else this.place[id] = PLACE_LOCAL;
      }
      this.nestOperands(id, id, block, 0);
    }
  }

  private findBarriers(block: number, start: number, end: number): void {
    const { graph } = this;
    let write = NEVER;
    let access = NEVER;
    for (let id = end - 1; id >= start; id--) {
      this.blockOf[id] = block;
      switch (graph.kind[id]) {
        case GET:
          this.nextWrite[id] = this.setStamp[graph.d[id]!] === block ? this.nextSet[graph.d[id]!]! : NEVER;
          break;
        case SET:
          this.setStamp[graph.d[id]!] = block;
          this.nextSet[graph.d[id]!] = id;
          break;
        case LOAD:
          this.nextWrite[id] = write;
          this.nextAccess[id] = access;
          if (this.uses[id]! > 0) access = id;
          break;
        case STORE:
        case ATOMIC:
        case COPY:
        case FILL:
        case CALL:
        case CALL_INDIRECT:
          this.nextWrite[id] = write;
          this.nextAccess[id] = access;
          write = id;
          access = id;
          break;
        default:
      }
    }
  }

  /** Operands from the last to the first: what is nested later in the text is already moved. */
  private nestOperands(id: number, root: number, block: number, depth: number): void {
    const { graph } = this;
    for (let index = graph.operandCount(id) - 1; index >= 0; index--) {
      const operand = graph.operand(id, index);
      if (graph.kind[operand]! < NUMERIC) continue;
      if (this.blockOf[operand] !== block) {
        this.escapes[operand] = 1;
        continue;
      }
      if (root > this.lastUse[operand]!) this.lastUse[operand] = root;
      if (this.uses[operand] === 1 && depth < MAX_DEPTH && this.mayMove(operand, root)) {
        this.place[operand] = PLACE_NESTED;
        this.root[operand] = root;
        this.nestOperands(operand, root, block, depth + 1);
      }
    }
  }

  /** Whether `id` can be evaluated just before what is already nested in `root`. */
  private mayMove(id: number, root: number): boolean {
    switch (this.graph.kind[id]) {
      case NUMERIC:
      case SELECT:
        return true;
      case GET:
        return this.nextWrite[id]! >= root;
      case LOAD:
        return this.firstOutside(this.nextWrite, id, root) >= root;
      default:
        return this.firstOutside(this.nextAccess, id, root) >= root;
    }
  }

  private firstOutside(next: Int32Array, id: number, root: number): number {
    let at = next[id]!;
    while (at < root && this.place[at] === PLACE_NESTED && this.root[at] === root) at = next[at]!;
    return at;
  }
}

/** `uses` counts the users of each value among live, reachable instructions. */
export function stackify(graph: FunctionGraph, flow: ControlFlow, uses: Int32Array): Placement {
  const stackifier = new Stackifier(graph, uses);
  // Users in other blocks are found first: blocks against the dominance order.
  for (let node = flow.order.length - 1; node >= 0; node--) stackifier.block(flow.order[node]!);
  return stackifier;
}
