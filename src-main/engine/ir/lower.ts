// Writes one function as a WebAssembly body: structured control flow from the plan, expressions nested where
// `stackify` allows, the rest in locals. Adds no meaning: every numeric instruction is written as it is.

import type { ByteWriter } from '../wasm/byte-writer.ts';
import { F32, I32, I64, OPCODES, PREFIX_FC, PREFIX_FD, PREFIX_FE, V128 } from '../wasm/opcodes.table.ts';
import { type ControlFlow, threadJumps } from './control-flow.ts';
import { inverseComparison } from './fold.ts';
import {
  ATOMIC,
  CALL,
  CALL_INDIRECT,
  CONSTANT,
  COPY,
  FILL,
  type FunctionGraph,
  type FunctionHandle,
  GET,
  LOAD,
  NUMERIC,
  PARAMETER,
  RETURN,
  RETURN_CALL,
  RETURN_CALL_INDIRECT,
  SELECT,
  SET,
  type Signature,
  STORE,
  UNREACHABLE,
} from './graph.ts';
import { analyseLiveness, isNeeded } from './liveness.ts';
import { allocateLocals, type Locals } from './locals.ts';
import { makeReducible } from './reducible.ts';
import { reusing } from './scratch.ts';
import { settleShadows } from './shadows.ts';
import {
  PLACE_DROP,
  PLACE_LOCAL,
  PLACE_NESTED,
  PLACE_VARIABLE,
  type Placement,
  stackify,
} from './stackify.ts';
import {
  PLAN_BLOCK,
  PLAN_BODY,
  PLAN_BRANCH_IF,
  PLAN_END,
  PLAN_IF,
  PLAN_JUMP,
  PLAN_LEAVE,
  PLAN_LOOP,
  PLAN_SWITCH,
  structure,
} from './structure.ts';
import { verifyBlocks } from './verify.ts';

const EMPTY_BLOCK_TYPE = 0x40;
const I32_EQZ = 0x45;

/** Where the lowering asks for indices of the module. */
export interface ModuleIndices {
  functionIndex(callee: FunctionHandle): number;
  typeIndex(signature: Signature): number;
}

export interface LoweredBody {
  /** Offset in the body and likelihood of each hinted branch, alternating. */
  readonly hints: readonly number[];
}

class BodyWriter {
  readonly hints: number[] = [];
  private readonly start: number;
  private readonly graph: FunctionGraph;
  private readonly flow: ControlFlow;
  private readonly placement: Placement;
  private readonly locals: Locals;
  private readonly uses: Int32Array;
  private readonly out: ByteWriter;
  private readonly indices: ModuleIndices;
  /** The last `local.set`: a `local.get` of the same local right behind it makes it a `local.tee`. */
  private setAt = 0;
  private setEnd = -1;
  private setIndex = 0;

  constructor(lowering: Lowering, out: ByteWriter, indices: ModuleIndices) {
    this.graph = lowering.graph;
    this.flow = lowering.flow;
    this.placement = lowering.placement;
    this.locals = lowering.locals;
    this.uses = lowering.uses;
    this.out = out;
    this.indices = indices;
    this.start = out.length;
  }

  declareLocals(): void {
    const { types } = this.locals;
    const runs: number[] = [];
    for (let i = 0; i < types.length; ) {
      let end = i + 1;
      while (end < types.length && types[end] === types[i]) end++;
      runs.push(end - i, 0x80 - types[i]!);
      i = end;
    }
    this.out.u32(runs.length / 2);
    for (let i = 0; i < runs.length; i += 2) {
      this.out.u32(runs[i]!);
      this.out.byte(runs[i + 1]!);
    }
  }

  plan(plan: readonly number[]): void {
    const { out } = this;
    for (let at = 0; at < plan.length; ) {
      switch (plan[at++]) {
        case PLAN_BLOCK:
          out.byte(0x02);
          out.byte(EMPTY_BLOCK_TYPE);
          break;
        case PLAN_LOOP:
          out.byte(0x03);
          out.byte(EMPTY_BLOCK_TYPE);
          break;
        case PLAN_END:
          out.byte(0x0b);
          break;
        case PLAN_BODY:
          this.body(plan[at++]!);
          break;
        case PLAN_IF:
          this.condition(plan[at++]!, plan[at++]!);
          out.byte(0x04);
          out.byte(EMPTY_BLOCK_TYPE);
          break;
        case PLAN_BRANCH_IF:
          this.condition(plan[at++]!, plan[at++]!);
          out.byte(0x0d);
          out.u32(plan[at++]!);
          break;
        case PLAN_JUMP:
          out.byte(0x0c);
          out.u32(plan[at++]!);
          break;
        case PLAN_SWITCH:
          at = this.switch(plan, at);
          break;
        default: // PLAN_LEAVE
          this.leave(plan[at++]!);
      }
    }
    // Every path has left; the validator does not see that behind an `end`.
    if (plan.at(-2) !== PLAN_LEAVE) out.byte(0x00);
    out.byte(0x0b);
  }

  private body(node: number): void {
    const { graph, placement, out } = this;
    const block = this.flow.order[node]!;
    const end = graph.terminator(block);
    for (let id = graph.blockStart[block]!; id < end; id++) {
      const kind = graph.kind[id]!;
      const place = placement.place[id]!;
      if (kind < NUMERIC || place === PLACE_NESTED || place === PLACE_VARIABLE) continue;
      if (!isNeeded(kind, this.uses[id]!)) continue;
      this.instruction(id);
      if (place === PLACE_LOCAL) this.localSet(this.locals.ofValue[id]!);
      else if (place === PLACE_DROP) out.byte(0x1a);
    }
  }

  private localSet(index: number): void {
    this.setAt = this.out.length;
    this.setIndex = index;
    this.out.byte(0x21);
    this.out.u32(index);
    this.setEnd = this.out.length;
  }

  private localGet(index: number): void {
    if (this.setEnd === this.out.length && this.setIndex === index) {
      this.out.bytes[this.setAt] = 0x22; // local.tee
      this.setEnd = -1;
      return;
    }
    this.out.byte(0x20);
    this.out.u32(index);
  }

  private value(id: number): void {
    const { graph } = this;
    const kind = graph.kind[id]!;
    if (kind === CONSTANT) this.constant(id);
    else if (kind === PARAMETER) this.localGet(graph.d[id]!);
    else {
      const place = this.placement.place[id];
      if (place === PLACE_NESTED) this.instruction(id);
      else if (place === PLACE_VARIABLE) this.localGet(this.locals.ofVariable[graph.d[id]!]!);
      else this.localGet(this.locals.ofValue[id]!);
    }
  }

  private constant(id: number): void {
    const { graph, out } = this;
    const type = graph.type[id];
    if (type === I32) {
      out.byte(0x41);
      out.s32(graph.a[id]!);
    } else if (type === I64) {
      out.byte(0x42);
      out.s64(graph.a[id]!, graph.b[id]!);
    } else if (type === V128) {
      out.byte(0xfd);
      out.byte(0x0c);
      for (const word of [graph.a, graph.b, graph.c, graph.d]) out.fixed32(word[id]!);
    } else {
      out.byte(type === F32 ? 0x43 : 0x44);
      out.fixed32(graph.a[id]!);
      if (type !== F32) out.fixed32(graph.b[id]!);
    }
  }

  private operands(id: number): void {
    const count = this.graph.operandCount(id);
    for (let index = 0; index < count; index++) this.value(this.graph.operand(id, index));
  }

  private instruction(id: number): void {
    const { graph, out } = this;
    const kind = graph.kind[id]!;
    if (kind === GET) {
      this.localGet(this.locals.ofVariable[graph.d[id]!]!);
      return;
    }
    this.operands(id);
    switch (kind) {
      case NUMERIC:
        this.opcode(graph.op[id]!);
        this.immediate(id);
        break;
      case SELECT:
        this.select(graph.type[id]!);
        break;
      case SET:
        this.localSet(this.locals.ofVariable[graph.d[id]!]!);
        break;
      case LOAD:
      case STORE:
      case ATOMIC:
        this.opcode(graph.op[id]!);
        // Natural alignment is a hint for plain accesses and required for atomic ones; guest addresses may be
        // anything, so plain ones promise nothing.
        out.u32(kind === ATOMIC ? 31 - Math.clz32(OPCODES[graph.op[id]!]!.size) : 0);
        out.u32(graph.d[id]!);
        break;
      case COPY:
        this.opcode(PREFIX_FC + 10);
        out.byte(0);
        out.byte(0);
        break;
      case FILL:
        this.opcode(PREFIX_FC + 11);
        out.byte(0);
        break;
      default:
        this.call(id, kind);
    }
  }

  private call(id: number, kind: number): void {
    const { graph, out, indices } = this;
    if (kind === CALL || kind === RETURN_CALL) {
      out.byte(kind === CALL ? 0x10 : 0x12);
      out.u32(indices.functionIndex(graph.callees[graph.d[id]!]!));
    } else {
      out.byte(kind === CALL_INDIRECT ? 0x11 : 0x13);
      out.u32(indices.typeIndex(graph.signatures[graph.d[id]!]!));
      out.byte(0);
    }
  }

  private select(type: number): void {
    if (type === V128) {
      this.out.byte(0x1c);
      this.out.byte(1);
      this.out.byte(0x80 - V128);
    } else this.out.byte(0x1b);
  }

  private opcode(op: number): void {
    if (op < PREFIX_FC) this.out.byte(op);
    else {
      this.out.byte(op >= PREFIX_FE ? 0xfe : op >= PREFIX_FD ? 0xfd : 0xfc);
      this.out.u32(op & 0xff);
    }
  }

  private immediate(id: number): void {
    const { graph, out } = this;
    const { immediate } = OPCODES[graph.op[id]!]!;
    if (immediate === 'lane') out.byte(graph.d[id]!);
    else if (immediate === 'shuffle') for (const lane of graph.shuffles[graph.d[id]!]!) out.byte(lane);
  }

  private condition(node: number, negate: number): void {
    const { graph } = this;
    const id = graph.terminator(this.flow.order[node]!);
    if (negate === 1) this.negated(graph.a[id]!);
    else this.value(graph.a[id]!);
    const hint = graph.d[id]!;
    if (hint !== 0) this.hints.push(this.out.length - this.start, (hint === 1 ? 1 : 0) ^ negate);
  }

  /** The opposite of a condition; an integer comparison of its own is written as its inverse. */
  private negated(id: number): void {
    const { graph } = this;
    const op = graph.op[id]!;
    const nested = graph.kind[id] === NUMERIC && this.placement.place[id] === PLACE_NESTED;
    const inverse = nested ? inverseComparison(op) : -1;
    if (inverse >= 0) {
      this.operands(id);
      this.out.byte(inverse);
    } else if (nested && op === I32_EQZ) {
      this.operands(id);
    } else {
      this.value(id);
      this.out.byte(I32_EQZ);
    }
  }

  private switch(plan: readonly number[], from: number): number {
    const { graph, out } = this;
    const id = graph.terminator(this.flow.order[plan[from]!]!);
    const count = graph.c[id]!;
    this.value(graph.a[id]!);
    out.byte(0x0e);
    out.u32(count - 1);
    for (let i = 1; i <= count; i++) out.u32(plan[from + i]!);
    return from + 1 + count;
  }

  private leave(node: number): void {
    const id = this.graph.terminator(this.flow.order[node]!);
    const kind = this.graph.kind[id]!;
    if (kind === UNREACHABLE) this.out.byte(0x00);
    else if (kind === RETURN) {
      this.operands(id);
      this.out.byte(0x0f);
    } else if (kind === RETURN_CALL || kind === RETURN_CALL_INDIRECT) {
      this.operands(id);
      this.call(id, kind);
    }
  }
}

/** The analyses of one function, for the writer and for tests. */
export interface Lowering {
  readonly graph: FunctionGraph;
  readonly flow: ControlFlow;
  readonly plan: readonly number[];
  readonly placement: Placement;
  readonly locals: Locals;
  readonly uses: Int32Array;
}

export function prepareLowering(graph: FunctionGraph): Lowering {
  verifyBlocks(graph);
  threadJumps(graph);
  let reducible = makeReducible(graph);
  if (settleShadows(graph, reducible)) reducible = makeReducible(graph);
  const { flow, idom } = reducible;
  const liveness = analyseLiveness(graph, flow);
  const plan = structure(graph, flow, idom);
  const placement = stackify(graph, flow, liveness.uses);
  const locals = allocateLocals(graph, flow, plan, placement, liveness);
  return { graph, flow, plan, placement, locals, uses: liveness.uses };
}

/** Appends local declarations, code and final `end` to `out`; returns the branch hints. */
export function lowerFunction(graph: FunctionGraph, out: ByteWriter, indices: ModuleIndices): LoweredBody {
  return reusing(() => {
    const lowering = prepareLowering(graph);
    const writer = new BodyWriter(lowering, out, indices);
    writer.declareLocals();
    writer.plan(lowering.plan);
    return { hints: writer.hints };
  });
}
