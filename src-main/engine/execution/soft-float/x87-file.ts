// The x87 registers and status word as instructions see them, wherever they are kept: in the CPU block
// (memory-file.ts) or in the variables of a region (jit/region-x87.ts). Not here: what instructions do with them.
// Reference: Intel SDM vol. 1, 8.1.2-8.1.7.

import type { IrValue } from '../../ir/types.ts';
import { Routine } from '../routine.ts';

export const EXPONENT_MASK = 0x7fff;
export const SIGN = 0x8000;
export const BIAS = 16383;
export const TOP_BIT = -0x8000_0000_0000_0000n;

export const C1 = 0x200;
/** C0, C2 and C3. */
export const CONDITIONS = 0x4500;
export const ERROR_SUMMARY = 0x80;
export const PRECISION_FLAG = 0x20;

/** Control word bit 8: with bit 9 set, the significand has 64 bits rather than 53. */
export const PRECISION_64 = 0x100;
export const ROUNDING = 0xc00;
/** PM, RC and the upper bit of PC: inexact results masked, nearest rounding, 53 or 64 bits. */
export const CONTROL_MASK = 0xe20;
export const CONTROL_COMMON = 0x220;

/** A number in double-extended format. */
export interface FloatParts {
  readonly significand: IrValue;
  /** Sign and exponent. */
  readonly word: IrValue;
  /** Neither denormal, infinite, NaN nor unsupported, as is known while code is generated. */
  readonly isNormalOrZero: boolean;
}

/** What a rounding lost: not 0 where it was inexact (i64); and 1 where it went away from zero (i32). */
export interface Rounding {
  readonly lost: IrValue;
  readonly up: IrValue;
}

/** `Slot`: a register in the file's own way. */
export abstract class X87File<Slot> extends Routine {
  /** Leaves the instruction, of which nothing has been committed, to the helper where a condition holds. */
  abstract slowly(condition: IrValue): void;

  abstract slot(i: IrValue): Slot;
  abstract read(slot: Slot): FloatParts;
  /** Also marks it as not empty. */
  abstract write(slot: Slot, number: FloatParts): void;
  abstract pop(): void;
  /** Gives the register that becomes ST(0). */
  abstract push(): Slot;

  /** Goes on fast with no error pending and these registers in use. */
  abstract requireFull(...slots: Slot[]): void;
  /** The same, with these empty. */
  abstract requireEmpty(slot: Slot): void;
  /** Goes on fast where an inexact result is masked; with `isNearest`, also where the precision is 53 or 64 bits and rounding to nearest. */
  abstract requireControl(isNearest: boolean): void;
  /** Goes on fast where numbers are normal or zero; `slot`: where one was read from. */
  abstract requireNormal(number: FloatParts, slot?: Slot): void;

  /** RC in its place. */
  abstract rounding(): IrValue;
  /** Not 0 where significands have 64 bits. */
  abstract isExtended(): IrValue;

  abstract setControl(fcw: IrValue): void;

  /** The status word without TOP. */
  abstract status(): IrValue;
  abstract clearC1(): void;
  /** PE and C1. */
  abstract report(rounding: Rounding): void;
  /** C0, C2, C3; C1 is cleared. */
  abstract setConditions(codes: IrValue): void;

  /** Goes on fast where a number is neither denormal, infinite, NaN nor unsupported. */
  protected checkNormalOrZero({ significand, word }: FloatParts): void {
    const exponent = this.with32('and', word, EXPONENT_MASK);
    this.seldom(
      [
        () => this.with32('ge_u', this.with32('sub', exponent, 1), EXPONENT_MASK - 1),
        () => this.with64('ge_s', significand, 0),
      ],
      () => this.slowly(this.with64('ne', this.op('i64.or', significand, this.op('i64.extend_i32_u', exponent)), 0)),
    );
  }

  /** 1 where the first number's magnitude is less. */
  isSmaller(a: FloatParts, b: FloatParts): IrValue {
    const [aExponent, bExponent] = [a, b].map(({ word }) => this.with32('and', word, EXPONENT_MASK)) as [IrValue, IrValue];
    const borrow = this.op('i64.lt_u', a.significand, b.significand);
    return this.with32('shr_u', this.op('i32.sub', this.op('i32.sub', aExponent, bExponent), borrow), 31);
  }
}
