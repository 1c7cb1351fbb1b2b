// What differs between the ways of running an instruction: where operands, registers and flags live, how
// guest memory is reached, and what happens when an instruction ends. The interpreter binds to decoded records
// and the CPU block, the JIT to constants and IR variables; `IrEmitter` does everything else once.

import type { HelperDeclaration, HelperName } from '../../x86/helpers/declarations.ts';
import type { ExponentRange, Operand, SegmentReference, Shape } from '../../x86/semantics/emitter.ts';
import type { CpuFieldName } from '../../x86/state/cpu-state.ts';
import type { IrValue } from '../../ir/types.ts';
import type { FlagOperation } from './flag-arithmetic.ts';

/** An operand as bindings know it: `slot` is its place in the instruction's operand list. */
export interface BoundOperand extends Operand {
  readonly slot: number;
}

/** How an access in a segment becomes a linear address. */
export type SegmentForm =
  /** Offset is the linear address. */
  | 'flat'
  /** 64-bit code, FS or GS: add the base. */
  | 'base'
  /** Check the limit, then add the base modulo 2^32. */
  | 'checked';

export interface GuestAccess {
  /** i64 in 64-bit code, else i32. */
  readonly linear: IrValue;
  readonly bits: number;
  /** Through SS: a non-canonical address is #SS. `operand`: if the instruction's own segment is SS. */
  readonly stack: boolean | 'operand';
}

/** The old value and the means to store the new one, which cannot fault. */
export interface GuestUpdate {
  readonly value: IrValue;
  store(value: IrValue): void;
}

export interface FlagBinding {
  /** i64: sign-extended result. */
  result(): IrValue;
  /** i32: CF, AF, OF in place, see `CPU_FIELDS.flagAux`. */
  aux(): IrValue;
  set(result: IrValue, aux: IrValue): void;
  /** A binding that knows the last operation may keep its operands instead (true), for fused conditions. */
  setAdd?(operation: FlagOperation): boolean;
  setSub?(operation: FlagOperation): boolean;
  setLogic?(bits: number, result: IrValue): boolean;
  condition?(code: number): IrValue | undefined;
  /** Control is about to fork or join: what was only kept must be where every path finds it. */
  split?(): void;
}

/** `Suppositions` of semantics. */
export interface BoundSuppositions {
  readonly ranges: Map<IrValue, ExponentRange>;
  state(name: CpuFieldName, mask: number, value: number): void;
  holds(condition: IrValue, otherwise?: () => IrValue): void;
  flagsOrder(left: IrValue, right: IrValue): void;
}

/** Values narrower than 32 bits are i32 with zero upper bits. */
export interface Binding {
  readonly shape: Shape;
  /** A 128-bit memory operand of this instruction must be aligned. */
  readonly aligned: boolean;
  readonly flags: FlagBinding;
  readonly suppositions?: BoundSuppositions | undefined;
  /** Control forks or joins in the midst of an instruction: what was known of registers need not hold behind. */
  forget?(): void;

  readRegister(operand: BoundOperand): IrValue;
  writeRegister(operand: BoundOperand, value: IrValue): void;
  registerNumber(operand: BoundOperand): IrValue;
  immediate(operand: BoundOperand): IrValue;
  /** Offset in CS, not cut to operandBits yet; i64 in 64-bit code, else i32. */
  relativeTarget(operand: BoundOperand): IrValue;
  farSelector(operand: BoundOperand): IrValue;
  farOffset(operand: BoundOperand): IrValue;
  /** Offset in the segment, cut to addressBits; RSP as a base counts as `popped` bytes greater. */
  effectiveAddress(operand: BoundOperand, popped: number): IrValue;

  readGpr(index: number, bits: 8 | 16 | 32 | 64): IrValue;
  writeGpr(index: number, bits: 8 | 16 | 32 | 64, value: IrValue): void;
  readHigh8(index: number): IrValue;
  writeHigh8(index: number, value: IrValue): void;
  readState(name: CpuFieldName, index: number): IrValue;
  writeState(name: CpuFieldName, index: number, value: IrValue): void;

  segmentForm(segment: SegmentReference): SegmentForm;
  segmentBase(segment: SegmentReference): IrValue;
  /** Number of bytes from offset 0 that may be accessed, i64. */
  segmentTop(segment: SegmentReference, write: boolean): IrValue;
  segmentNumber(segment: SegmentReference): IrValue;
  /** Slow limit check: segment, offset (i32), bytes | 0x100 for writes; leaves the instruction on a fault. */
  checkSegment(segment: IrValue, offset: IrValue, descriptor: number): void;

  load(access: GuestAccess): IrValue;
  store(access: GuestAccess, value: IrValue): void;
  update(access: GuestAccess): GuestUpdate;

  /** Error code -1: none. The current block is left. */
  fault(vector: number, errorCode: IrValue): void;
  thisInstruction(): IrValue;
  nextInstruction(): IrValue;
  /** Ends the instruction at an offset in CS already cut and checked. */
  jump(target: IrValue): void;
  jumpRelative(operand: BoundOperand): void;
  jumpRelativeWhen(condition: IrValue, operand: BoundOperand): void;
  endBlock(reason: 'lookup' | 'halt' | 'shadow'): void;
  /** REP: passes while the body gives 1; between two it may leave with rip at this instruction. */
  iterate(body: () => IrValue): void;

  /** Code in place of a helper's call, of all its arguments: the result, or any value where it has none. */
  inlineHelper?(name: HelperName, operands: readonly IrValue[]): IrValue | undefined;
  /** 64-bit arguments are already in scratch, `operands` are the others. Gives the raw result of the call. */
  callHelper(name: string, declaration: HelperDeclaration, operands: readonly IrValue[]): IrValue | undefined;
}
