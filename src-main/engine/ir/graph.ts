// Flat storage of one function: instructions in parallel arrays, blocks as contiguous id ranges. The builder
// fills it, analyses and lowering read it, the evaluator executes it. No meaning of operations lives here.

import { NONE, TYPE_NAMES } from '../wasm/opcodes.table.ts';
import type { IrBlock, IrFunctionRef, IrType, IrValue, IrVariable } from './types.ts';

// Kinds up to PURE_LAST have no effect and no place in the order; terminators are from TERMINATOR_FIRST.
export const PARAMETER = 0; // d: index
export const CONSTANT = 1; // a, b, c, d: bits, lowest word first
export const NUMERIC = 2; // op; operands a, b, c; d: lane, or index in `shuffles`
export const SELECT = 3; // a: if true, b: if false, c: condition
export const PURE_LAST = 3;
export const GET = 4; // d: variable
export const SET = 5; // a: value, d: variable
export const LOAD = 6; // op; a: address, d: offset
export const STORE = 7; // op; a: address, b: value, d: offset
export const ATOMIC = 8; // op; operands a, b, c; d: offset
export const COPY = 9; // a: to, b: from, c: bytes
export const FILL = 10; // a: to, b: byte, c: bytes
export const CALL = 11; // b, c: start and count in `pool`, d: index in `callees`
export const CALL_INDIRECT = 12; // a: table index, b, c: operands in `pool`, d: index in `signatures`
export const TERMINATOR_FIRST = 13;
export const JUMP = 13; // b: block
export const BRANCH = 14; // a: condition, b: block if true, c: if false, d: 1 likely, 2 unlikely, 0 unknown
export const SWITCH = 15; // a: index, b, c: start and count of blocks in `pool`, the default last
export const RETURN = 16; // a: value or -1
export const RETURN_CALL = 17; // as CALL
export const RETURN_CALL_INDIRECT = 18; // as CALL_INDIRECT
export const UNREACHABLE = 19;

export const KIND_NAMES = [
  'parameter',
  'constant',
  'numeric',
  'select',
  'get',
  'set',
  'load',
  'store',
  'atomic',
  'copy',
  'fill',
  'call',
  'call_indirect',
  'jump',
  'branch',
  'switch',
  'return',
  'return_call',
  'return_call_indirect',
  'unreachable',
] as const;

/** How many of `a`, `b`, `c` are operands, by kind; NUMERIC and ATOMIC depend on the opcode, calls on the pool. */
export const FIXED_OPERANDS = [0, 0, -1, 3, 0, 1, 1, 2, -1, 3, 3, -1, -1, 0, 1, 1, -1, -1, -1, 0] as const;

export interface Signature {
  readonly parameters: readonly IrType[];
  readonly results: readonly IrType[];
}

/** What stands behind the opaque types of the contract. */
export interface ValueHandle {
  readonly id: number;
  readonly type: IrType;
}
export interface VariableHandle {
  readonly index: number;
  readonly type: IrType;
}
export interface BlockHandle {
  readonly index: number;
}
export interface FunctionHandle extends Signature {
  /** In order of declaration, imports and definitions mixed. */
  readonly index: number;
  readonly name: string;
}

export const valueHandle = (value: IrValue): ValueHandle => value as unknown as ValueHandle;
export const variableHandle = (variable: IrVariable): VariableHandle => variable as unknown as VariableHandle;
export const blockHandle = (block: IrBlock): BlockHandle => block as unknown as BlockHandle;
export const functionHandle = (ref: IrFunctionRef): FunctionHandle => ref as unknown as FunctionHandle;

export const typeCode = (type: IrType): number => TYPE_NAMES.indexOf(type);

/** Of all arrays together. */
const INSTRUCTION_BYTES = 20;

export class FunctionGraph implements Signature {
  readonly name: string;
  readonly parameters: readonly IrType[];
  readonly results: readonly IrType[];
  /** Number of instructions. */
  count = 0;
  kind!: Uint8Array;
  type!: Uint8Array;
  op!: Uint16Array;
  a!: Int32Array;
  b!: Int32Array;
  c!: Int32Array;
  d!: Int32Array;
  /** Call operands and switch targets. */
  readonly pool: number[] = [];
  readonly shuffles: (readonly number[])[] = [];
  readonly callees: FunctionHandle[] = [];
  readonly signatures: Signature[] = [];
  /** Type codes. */
  readonly variables: number[] = [];
  /** By the number of a shadow: the variable that tells when it says something, and what that then holds. */
  readonly shadows = new Map<number, { readonly selector: number; readonly value: number }>();
  /** Blocks behind which shadows are settled. */
  readonly settled: number[] = [];
  /** First instruction and end of each block; the terminator is the last one. -1: not entered. */
  readonly blockStart: number[] = [];
  readonly blockEnd: number[] = [];

  /** There is room for `expected` instructions before anything has to grow. */
  constructor(name: string, parameters: readonly IrType[], results: readonly IrType[], expected = 32) {
    this.name = name;
    this.parameters = parameters;
    this.results = results;
    this.allocate(expected);
  }

  /** The arrays of a size share their memory: to make one takes longer than to fill it. */
  private allocate(size: number): void {
    const memory = new ArrayBuffer(size * INSTRUCTION_BYTES);
    this.a = new Int32Array(memory, 0, size);
    this.b = new Int32Array(memory, 4 * size, size);
    this.c = new Int32Array(memory, 8 * size, size);
    this.d = new Int32Array(memory, 12 * size, size);
    this.op = new Uint16Array(memory, 16 * size, size);
    this.kind = new Uint8Array(memory, 18 * size, size);
    this.type = new Uint8Array(memory, 19 * size, size);
  }

  append(kind: number, type: number, op: number, a: number, b: number, c: number, d: number): number {
    const id = this.count;
    if (id === this.kind.length) this.grow();
    this.count = id + 1;
    this.kind[id] = kind;
    this.type[id] = type;
    this.op[id] = op;
    this.a[id] = a;
    this.b[id] = b;
    this.c[id] = c;
    this.d[id] = d;
    return id;
  }

  private grow(): void {
    const { kind, type, op, a, b, c, d } = this;
    this.allocate(2 * kind.length);
    this.kind.set(kind);
    this.type.set(type);
    this.op.set(op);
    this.a.set(a);
    this.b.set(b);
    this.c.set(c);
    this.d.set(d);
  }

  addBlock(): number {
    this.blockStart.push(-1);
    this.blockEnd.push(-1);
    return this.blockStart.length - 1;
  }

  terminator(block: number): number {
    return this.blockEnd[block]! - 1;
  }

  operandCount(id: number): number {
    const kind = this.kind[id]!;
    const fixed = FIXED_OPERANDS[kind]!;
    if (fixed >= 0) return fixed;
    if (kind === NUMERIC || kind === ATOMIC) return this.c[id]! >= 0 ? 3 : this.b[id]! >= 0 ? 2 : 1;
    if (kind === RETURN) return this.a[id]! >= 0 ? 1 : 0;
    return kind === CALL || kind === RETURN_CALL ? this.c[id]! : this.c[id]! + 1;
  }

  /** Operands in the order in which WebAssembly evaluates them. */
  operand(id: number, index: number): number {
    const kind = this.kind[id]!;
    if (kind === CALL || kind === CALL_INDIRECT || kind >= RETURN_CALL) {
      return index < this.c[id]! ? this.pool[this.b[id]! + index]! : this.a[id]!;
    }
    return index === 0 ? this.a[id]! : index === 1 ? this.b[id]! : this.c[id]!;
  }

  hasResult(id: number): boolean {
    return this.type[id] !== NONE;
  }
}
