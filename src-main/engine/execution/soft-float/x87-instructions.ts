// What x87 instructions do in their common case: normal numbers and zeros, nothing pending, no stack fault. Written once for
// the routines that the interpreter calls and for regions; names and operands are those of `x86/helpers/float.table.ts`.
// Everything that leaves slowly comes before the first change.

import type { IrValue } from '../../ir/types.ts';
import type { FLOAT_HELPERS } from '../../x86/helpers/float.table.ts';
import {
  X87_ARITHMETIC,
  X87_COMPARE,
  X87_CONSTANT,
  X87_FUNCTION,
  X87_MEMORY,
} from '../../x86/helpers/x87-operations.ts';
import { type Converted, numberFromMemory, toDouble, toInteger, toSingle } from './conversions.ts';
import { addFloats, divideFloats, multiplyFloats, type Rounded } from './extended.ts';
import { EXPONENT_MASK, type FloatParts, SIGN, TOP_BIT, type X87File } from './x87-file.ts';

/** Condition codes of "equal" and "less". */
const [EQUAL, LESS] = [0x4000, 0x0100];
/** Bits of the control word that can be written; bit 6 is always set. */
const DEFINED_CONTROL = 0x1f3f;
const EXCEPTIONS = 0x3f;
/** ZF and CF, as FCOMI sets them. */
const [ZERO_FLAG, CARRY_FLAG] = [0x40, 0x01];

export class X87Instructions<Slot> {
  readonly #r: X87File<Slot>;

  constructor(file: X87File<Slot>) {
    this.#r = file;
  }

  #top(): Slot {
    return this.#r.slot(this.#r.i32(0));
  }

  #push(number: FloatParts): void {
    const r = this.#r;
    r.requireEmpty(r.slot(r.i32(7)));
    r.clearC1();
    r.write(r.push(), number);
  }

  load(kind: IrValue, bits: IrValue): void {
    this.#push(numberFromMemory(this.#r, kind, bits));
  }
  load80(significand: IrValue, word: IrValue): void {
    this.#push({ significand, word: this.#r.with32('and', word, 0xffff), isNormalOrZero: false });
  }
  loadRegister(i: IrValue): void {
    const r = this.#r;
    const source = r.slot(i);
    r.requireFull(source);
    this.#push(r.read(source));
  }
  /** FLD1 and FLDZ. */
  constant(index: IrValue): void {
    const r = this.#r;
    const isOne = r.with32('eq', index, X87_CONSTANT.FLD1);
    r.slowly(r.op('i32.eqz', r.op('i32.or', isOne, r.with32('eq', index, X87_CONSTANT.FLDZ))));
    const significand = r.f.select(isOne, r.i64(TOP_BIT), r.i64(0));
    this.#push({ significand, word: r.f.select(isOne, r.i32(0x3fff), r.i32(0)), isNormalOrZero: true });
  }

  storeRegister(i: IrValue, pops: IrValue): void {
    const r = this.#r;
    const top = this.#top();
    r.requireFull(top);
    r.clearC1();
    r.write(r.slot(i), r.read(top));
    r.when(pops, () => r.pop());
  }
  exchange(i: IrValue): void {
    const r = this.#r;
    const [top, other] = [this.#top(), r.slot(i)];
    r.requireFull(top, other);
    r.clearC1();
    const [first, second] = [r.read(top), r.read(other)];
    r.write(top, second);
    r.write(other, first);
  }
  conditionalMove(i: IrValue, condition: IrValue): void {
    const r = this.#r;
    const [top, other] = [this.#top(), r.slot(i)];
    r.requireFull(top, other);
    r.clearC1();
    const [kept, moved] = [r.read(top), r.read(other)];
    r.write(top, {
      significand: r.f.select(condition, moved.significand, kept.significand),
      word: r.f.select(condition, moved.word, kept.word),
      isNormalOrZero: kept.isNormalOrZero && moved.isNormalOrZero,
    });
  }

  /** What FST and its like store, but for 80 bits; nothing is changed. */
  stored(kind: IrValue, truncate: IrValue): Converted {
    const r = this.#r;
    const top = this.#top();
    r.requireFull(top);
    const number = r.read(top);
    r.requireNormal(number, top);
    const isInteger = r.with32('ge_u', kind, X87_MEMORY.i16);
    const result = { bits: r.variable(r.i64(0)), lost: r.variable(r.i64(0)), up: r.variable(r.i32(0)) };
    const take = ({ bits, lost, up }: Converted) => {
      r.set(result.bits, bits);
      r.set(result.lost, lost);
      r.set(result.up, up);
    };
    r.when(
      isInteger,
      () => {
        r.requireControl(false);
        take(toInteger(r, kind, truncate, number));
      },
      () => {
        r.requireControl(true);
        const isDouble = r.with32('eq', kind, X87_MEMORY.f64);
        r.when(isDouble, () => take(toDouble(r, number)), () => take(toSingle(r, number)));
      },
    );
    return { bits: r.get(result.bits), lost: r.get(result.lost), up: r.get(result.up) };
  }
  /** FSTP m80. */
  storedExtended(): FloatParts {
    const top = this.#top();
    this.#r.requireFull(top);
    return this.#r.read(top);
  }

  arithmeticMemory(operation: IrValue, kind: IrValue, bits: IrValue): void {
    const r = this.#r;
    const top = this.#top();
    r.requireFull(top);
    r.requireControl(true);
    this.#operate(operation, top, numberFromMemory(r, kind, bits), r.i32(0));
  }
  arithmetic(operation: IrValue, to: IrValue, from: IrValue, pops: IrValue): void {
    const r = this.#r;
    const [target, source] = [r.slot(to), r.slot(from)];
    r.requireFull(target, source);
    r.requireControl(true);
    const number = r.read(source);
    r.requireNormal(number, source);
    this.#operate(operation, target, number, pops);
  }
  #operate(operation: IrValue, target: Slot, number: FloatParts, pops: IrValue): void {
    const r = this.#r;
    const own = r.read(target);
    r.requireNormal(own, target);
    const deliver = (rounded: Rounded) => {
      r.report(rounded);
      r.write(target, rounded);
      r.when(pops, () => r.pop());
    };
    const is = (which: number) => r.with32('eq', operation, which);
    const negatedIf = (parts: FloatParts, condition: IrValue): FloatParts => ({
      ...parts,
      word: r.op('i32.xor', parts.word, r.with32('shl', condition, Math.log2(SIGN))),
    });
    const sum = () =>
      addFloats(
        r,
        negatedIf(own, is(X87_ARITHMETIC.subtractReverse)),
        negatedIf(number, is(X87_ARITHMETIC.subtract)),
      );
    r.when(
      is(X87_ARITHMETIC.multiply),
      () => deliver(multiplyFloats(r, own, number)),
      () =>
        r.when(
          is(X87_ARITHMETIC.divide),
          () => deliver(divideFloats(r, own, number)),
          () =>
            r.when(
              is(X87_ARITHMETIC.divideReverse),
              () => deliver(divideFloats(r, number, own)),
              () => deliver(sum()),
            ),
        ),
    );
  }

  compareMemory(flavour: IrValue, kind: IrValue, bits: IrValue): void {
    const top = this.#top();
    this.#r.requireFull(top);
    this.#compare(flavour, top, numberFromMemory(this.#r, kind, bits));
  }
  compare(flavour: IrValue, i: IrValue): void {
    this.#compare(flavour, this.#top(), this.#other(i));
  }
  /** FCOMI and its like: ZF, PF and CF in place. */
  compareFlags(flavour: IrValue, i: IrValue): IrValue {
    const r = this.#r;
    const flags = this.#byOrder(this.#top(), this.#other(i), ZERO_FLAG, CARRY_FLAG);
    r.clearC1();
    r.when(r.with32('and', flavour, X87_COMPARE.pop), () => r.pop());
    return flags;
  }
  /** A register to compare ST(0) with. */
  #other(i: IrValue): FloatParts {
    const r = this.#r;
    const slot = r.slot(i);
    r.requireFull(this.#top(), slot);
    const number = r.read(slot);
    r.requireNormal(number, slot);
    return number;
  }
  #compare(flavour: IrValue, top: Slot, number: FloatParts): void {
    const r = this.#r;
    r.setConditions(this.#byOrder(top, number, EQUAL, LESS));
    r.when(r.with32('and', flavour, X87_COMPARE.pop | X87_COMPARE.popTwice), () => r.pop());
    r.when(r.with32('and', flavour, X87_COMPARE.popTwice), () => r.pop());
  }
  /** A bit that is set where ST(0) is equal to a number, and one where it is less. */
  #byOrder(top: Slot, number: FloatParts, equal: number, less: number): IrValue {
    const r = this.#r;
    const own = r.read(top);
    r.requireNormal(own, top);
    // Zeros are equal whatever their signs.
    const isNotZero = r.op('i32.wrap_i64', r.with64('shr_s', own.significand, 63));
    const signs = r.op('i32.xor', own.word, number.word);
    const words = r.op('i64.extend_i32_u', r.op('i32.and', signs, isNotZero));
    const significands = r.op('i64.xor', own.significand, number.significand);
    const isEqual = r.op('i64.eqz', r.op('i64.or', significands, words));
    // Of two with different signs the negative one is less; of two negative ones that with the greater magnitude.
    const differ = r.with32('shr_u', signs, Math.log2(SIGN));
    const isSmaller = r.op('i32.and', r.isSmaller(own, number), r.with32('xor', differ, 1));
    const isLess = r.op('i32.xor', isSmaller, r.with32('shr_u', own.word, Math.log2(SIGN)));
    const onlyLess = r.op('i32.and', isLess, r.with32('xor', isEqual, 1));
    return r.op('i32.or', r.with32('shl', isEqual, Math.log2(equal)), r.with32('shl', onlyLess, Math.log2(less)));
  }

  /** FCHS, FABS and FTST. */
  simpleFunction(index: IrValue): void {
    const r = this.#r;
    const is = (which: number) => r.with32('eq', index, which);
    const [isAbsolute, isTest] = [is(X87_FUNCTION.FABS), is(X87_FUNCTION.FTST)];
    const top = this.#top();
    r.slowly(r.op('i32.eqz', r.op('i32.or', r.op('i32.or', isAbsolute, isTest), is(X87_FUNCTION.FCHS))));
    r.requireFull(top);
    const zero = { significand: r.i64(0), word: r.i32(0), isNormalOrZero: true };
    r.when(
      isTest,
      () => this.#compare(r.i32(0), top, zero),
      () => {
        r.clearC1();
        const number = r.read(top);
        const { word } = number;
        const positive = r.with32('and', word, EXPONENT_MASK);
        r.write(top, { ...number, word: r.f.select(isAbsolute, positive, r.with32('xor', word, SIGN)) });
      },
    );
  }

  wait(): void {
    this.#r.requireFull();
  }
  /** FLDCW that unmasks nothing that is flagged. */
  loadControl(value: IrValue): void {
    const r = this.#r;
    const control = r.with32('or', r.with32('and', value, DEFINED_CONTROL), 0x40);
    r.requireFull();
    const flagged = r.with32('and', r.status(), EXCEPTIONS);
    r.slowly(r.op('i32.and', r.with32('xor', control, -1), flagged));
    r.setControl(control);
  }
}

export type Inline = (...operands: IrValue[]) => void;

/** Code in place of those helpers that give no result, with the same operands. */
export const inlineEffects = <Slot>(x87: X87Instructions<Slot>) => ({
  x87Load: (kind: IrValue, bits: IrValue) => x87.load(kind, bits),
  x87Load80: (significand: IrValue, word: IrValue) => x87.load80(significand, word),
  x87LoadRegister: (i: IrValue) => x87.loadRegister(i),
  x87Constant: (index: IrValue) => x87.constant(index),
  x87StoreRegister: (i: IrValue, pops: IrValue) => x87.storeRegister(i, pops),
  x87Exchange: (i: IrValue) => x87.exchange(i),
  x87ConditionalMove: (i: IrValue, condition: IrValue) => x87.conditionalMove(i, condition),
  x87ArithmeticMemory: (operation: IrValue, kind: IrValue, bits: IrValue) => x87.arithmeticMemory(operation, kind, bits),
  x87Arithmetic: (operation: IrValue, to: IrValue, from: IrValue, pops: IrValue) => x87.arithmetic(operation, to, from, pops),
  x87CompareMemory: (flavour: IrValue, kind: IrValue, bits: IrValue) => x87.compareMemory(flavour, kind, bits),
  x87Compare: (flavour: IrValue, i: IrValue) => x87.compare(flavour, i),
  x87Function: (index: IrValue) => x87.simpleFunction(index),
  x87LoadControl: (value: IrValue) => x87.loadControl(value),
  x87Wait: () => x87.wait(),
}) satisfies Partial<Record<keyof typeof FLOAT_HELPERS, Inline>>;
