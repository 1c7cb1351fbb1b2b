// The language instruction semantics are written in. Interpreter, JIT and effect collector each supply an
// emitter; one semantics function serves them all (src-main/engine/README.md, "Life of an instruction").
//
// Rules, enforced by the emitter where it can:
//  1. Shape only: TypeScript may branch on an operand's kind and bits and on `shape`, never on a register
//     number or an immediate; there is no field to ask.
//  2. Staging: a `Value` exists when the guest runs. TypeScript `if` decides at instantiation,
//     `when`/`select` at run time.
//  3. Commit after the last fault: everything that can fault (read, readForUpdate, write to memory, load,
//     store, fault, helpers that may fault) comes before the first register, flag or state write. Breaking it
//     throws at instantiation and names the mnemonic. The write of an operand read by `readForUpdate` cannot
//     fault any more and may come after commits.
//  4. Helpers declare their effects (`helpers/declarations.ts`).

import type { ConditionCode, RegisterFile } from '../decode/instruction.ts';
import type { HelperName } from '../helpers/declarations.ts';
import type { CpuFieldName, GprName, SegmentName } from '../state/cpu-state.ts';

declare const staged: unique symbol;

export type IntegerBits = 1 | 8 | 16 | 32 | 64;

/**
 * A value of the running guest. Integers are unsigned bit patterns: 8- and 16-bit ones have zero upper bits.
 * `f32`, `f64` and `v128` are what the SSE semantics compute with.
 */
export interface Value {
  readonly [staged]: true;
  readonly type: 'i1' | 'i8' | 'i16' | 'i32' | 'i64' | 'f32' | 'f64' | 'v128';
  readonly bits: IntegerBits | 128;
}

/** A mutable run-time cell, for values that differ by path (`when`, `loop`). */
export interface Variable {
  readonly [staged]: true;
  readonly bits: IntegerBits | 128;
}

/** What semantics may know of an operand. */
export interface Operand {
  readonly kind: 'register' | 'memory' | 'immediate' | 'relative' | 'far';
  readonly bits: number;
  /** For `kind: 'register'`. */
  readonly file: RegisterFile | undefined;
}

/** What semantics may know of the instruction and of the mode it is decoded in. */
export interface Shape {
  readonly mnemonic: string;
  readonly codeBits: 16 | 32 | 64;
  readonly operandBits: 16 | 32 | 64;
  readonly addressBits: 16 | 32 | 64;
  /** Width of the stack pointer: SS.B, or 64. */
  readonly stackBits: 16 | 32 | 64;
  readonly condition: ConditionCode | undefined;
  readonly repeat: 'none' | 'rep' | 'repne';
  readonly lock: boolean;
  /** Protected mode proper: PE = 1 and VM = 0. */
  readonly protectedMode: boolean;
  readonly virtual8086: boolean;
  /** EFER.LMA, in 64-bit and in compatibility code. */
  readonly longMode: boolean;
}

/** A segment by name, or the instruction's own: its override, else the default of its memory operand. */
export type SegmentReference = SegmentName | 'instruction';

export type FlagName = 'cf' | 'pf' | 'af' | 'zf' | 'sf' | 'of';

/** Flags after an operation that none of the short forms describes. */
export interface FlagSettings {
  /** Gives ZF, SF and PF. Absent: they keep their values. */
  readonly result?: Value;
  readonly cf?: Value | 'keep' | 'clear';
  readonly of?: Value | 'keep' | 'clear';
  readonly af?: Value | 'keep' | 'clear';
  /** 1-bit: where it is 0 at run time, no flag changes. */
  readonly enabled?: Value;
}

/** Of floating-point numbers, in every lane: zero, or normal with an exponent between the two (SDM vol. 1, 4.2.2). */
export interface ExponentRange {
  readonly bits: 32 | 64;
  readonly least: number;
  readonly greatest: number;
}

/**
 * What translated code takes for granted to be short where the usual is the case. Where it is not, the interpreter
 * carries out the instruction, of which nothing may have been committed.
 */
export interface Suppositions {
  /** That a field of the state has a value under a mask. */
  state(name: CpuFieldName, mask: number, value: number): void;
  /** That a 1-bit value is 1, or else the one that `otherwise` computes, for what is rarer but not unusual. */
  holds(condition: Value, otherwise?: () => Value): void;
  /** What was found out about a value, on every way to here. */
  rangeOf(number: Value): ExponentRange | undefined;
  setRange(number: Value, range: ExponentRange): void;
  /** Sets the flags by two scalar floats, neither of them a NaN: CF less, ZF equal, the others 0. */
  flagsOrder(left: Value, right: Value): void;
}

export interface Emitter {
  readonly shape: Shape;
  /** Undefined where nothing may be supposed. */
  readonly suppositions: Suppositions | undefined;

  // Constants and operands. `read` zero-extends nothing: the value has the operand's bits. A relative
  // operand reads as the target offset, a segment register as its selector (16 bits); a far operand is read
  // through `farSelector`/`farOffset`.
  constant(bits: IntegerBits, value: number | bigint): Value;
  read(operand: Operand): Value;
  /** Reads and checks that writing would not fault; the later `write` of the same operand cannot fault. */
  readForUpdate(operand: Operand): Value;
  /** A 32-bit register write clears the upper half, 8- and 16-bit ones leave the rest. */
  write(operand: Operand, value: Value): void;
  /**
   * Effective address (offset in the segment) of a memory operand, `addressBits` wide. With `popped`, as if RSP
   * were already greater by so many bytes: POP to memory.
   */
  address(operand: Operand, popped?: number): Value;
  /** Linear address of an offset, 64 bits: segment base added, cut to 32 bits outside 64-bit code. For INVLPG. */
  linearAddress(segment: SegmentReference, offset: Value): Value;
  farSelector(operand: Operand): Value;
  farOffset(operand: Operand): Value;
  /** Register number of an operand, 32 bits: for helpers only (segment, control, debug, x87 registers). */
  registerNumber(operand: Operand): Value;

  // Registers and state. `bits` below 64 reads or writes the low part with the rules of `write`.
  register(name: GprName, bits: 8 | 16 | 32 | 64): Value;
  setRegister(name: GprName, value: Value): void;
  /** AH, for LAHF, SAHF, DIV r/m8 and their like. */
  high8(name: 'rax' | 'rbx' | 'rcx' | 'rdx'): Value;
  setHigh8(name: 'rax' | 'rbx' | 'rcx' | 'rdx', value: Value): void;
  state(name: CpuFieldName, index?: number): Value;
  setState(name: CpuFieldName, value: Value, index?: number): void;

  // Guest memory by segment and offset (offset as wide as addressBits or stackBits). All of them may fault.
  load(segment: SegmentReference, offset: Value, bits: 8 | 16 | 32 | 64 | 128): Value;
  store(segment: SegmentReference, offset: Value, value: Value): void;
  /** Checks a later `store` of so many bytes at the same offset, which then cannot fault. */
  probeStore(segment: SegmentReference, offset: Value, bits: 8 | 16 | 32 | 64 | 128): void;

  // Integer arithmetic modulo 2^bits; both sides have the same bits, and so has the result.
  add(a: Value, b: Value): Value;
  sub(a: Value, b: Value): Value;
  mul(a: Value, b: Value): Value;
  and(a: Value, b: Value): Value;
  or(a: Value, b: Value): Value;
  xor(a: Value, b: Value): Value;
  not(a: Value): Value;
  neg(a: Value): Value;
  /** Shift counts are taken modulo 32 (values up to 32 bits wide) or 64: mask them as the manual says first;
   *  an 8- or 16-bit value shifts as its zero- (`shr`) or sign-extended (`sar`) 32-bit form and is cut again. */
  shl(a: Value, count: Value): Value;
  shr(a: Value, count: Value): Value;
  sar(a: Value, count: Value): Value;
  /** Rotates of 32- and 64-bit values. */
  rotl(a: Value, count: Value): Value;
  rotr(a: Value, count: Value): Value;
  /** Unsigned and signed division; the divisor must not be 0 and the quotient must fit (check first). */
  divU(a: Value, b: Value): Value;
  divS(a: Value, b: Value): Value;
  remU(a: Value, b: Value): Value;
  remS(a: Value, b: Value): Value;
  countLeadingZeros(a: Value): Value;
  countTrailingZeros(a: Value): Value;
  populationCount(a: Value): Value;

  // Comparisons give 1-bit values.
  equal(a: Value, b: Value): Value;
  notEqual(a: Value, b: Value): Value;
  isZero(a: Value): Value;
  lessU(a: Value, b: Value): Value;
  lessS(a: Value, b: Value): Value;

  // Width changes.
  zeroExtend(a: Value, bits: IntegerBits): Value;
  signExtend(a: Value, bits: IntegerBits): Value;
  truncate(a: Value, bits: IntegerBits): Value;
  /** Bit `n` (0 = lowest) of a value, 1 bit wide. */
  bit(a: Value, n: number): Value;
  select(condition: Value, ifTrue: Value, ifFalse: Value): Value;

  /**
   * A WebAssembly numeric or SIMD instruction by its text name, for floats and vectors: `op('f64x2.add', a, b)`.
   * Immediates (lanes, shuffle bytes) come first as numbers: `op('i32x4.extract_lane', 2, v)`.
   */
  op(name: string, ...operands: (Value | number)[]): Value;
  vectorConstant(bytes: readonly number[]): Value;

  // Flags.
  flagsAdd(left: Value, right: Value, result: Value): void;
  flagsSub(left: Value, right: Value, result: Value): void;
  /** With a 1-bit carry or borrow that entered. */
  flagsAdc(left: Value, right: Value, carry: Value, result: Value): void;
  flagsSbb(left: Value, right: Value, borrow: Value, result: Value): void;
  /** CF = OF = AF = 0. */
  flagsLogic(result: Value): void;
  /** As ADD 1 and SUB 1, but CF keeps its value. */
  flagsInc(left: Value, result: Value): void;
  flagsDec(left: Value, result: Value): void;
  flags(settings: FlagSettings): void;
  flag(name: FlagName): Value;
  condition(code: ConditionCode): Value;
  /** EFLAGS assembled, 32 bits; and the bits under `mask` taken from `value`. */
  eflags(): Value;
  setEflags(value: Value, mask: number): void;

  // Run-time control inside the instruction.
  variable(initial: Value): Variable;
  get(variable: Variable): Value;
  set(variable: Variable, value: Value): void;
  when(condition: Value, then: () => void, otherwise?: () => void): void;
  /** Repeats while the body's value is 1. For loops without guest-visible effect between passes. */
  loop(body: () => Value): void;
  /**
   * REP: each pass is an instruction of its own, with its own faults and commits. After a pass whose value is
   * 1 the next follows, or the emitter leaves with rip still at this instruction (interrupt, budget).
   */
  iterate(body: () => Value): void;

  // Leaving.
  /** Raises an exception; nothing has been committed. Code after it on the same path is unreachable. */
  fault(vector: number, errorCode?: number | Value): void;
  faultWhen(condition: Value, vector: number, errorCode?: number | Value): void;
  /** Offset of the next instruction in CS: 64 bits in 64-bit code, else 32. And of this one. */
  nextInstruction(): Value;
  thisInstruction(): Value;
  /** Near jump to an offset in CS (cut to operandBits) or a relative operand; ends the instruction. */
  jump(target: Value | Operand): void;
  jumpWhen(condition: Value, target: Operand): void;
  /** #GP(0) if a near jump there would leave CS's limit (or be non-canonical): to be called before pushes. */
  checkJump(target: Value | Operand): void;
  /** rip moves on and the run loop looks at the state again (after a change of mode or interrupt flag). */
  endBlock(reason: 'lookup' | 'halt' | 'shadow'): void;

  /**
   * Calls a helper. 32-bit arguments are passed, 64-bit ones travel through `scratch[n]` (n = position).
   * A value result is 32 bits, or comes from `scratch[0]` for helpers declared with a 64-bit result; helpers
   * that may fault leave the instruction when they did. A helper declared `endsBlock` ends the instruction.
   */
  helper(name: HelperName, ...operands: Value[]): Value;
}

/** Meaning of a mnemonic. Fewer parameters than four are fine. */
export type Semantics = (e: Emitter, a: Operand, b: Operand, c: Operand, d: Operand) => void;
