// Flags on their way from one block of a region to where it is left: the last operation as a word that says what it
// was, and its operands. The two words of the CPU block are computed from them in one place, behind all exits, by the same code
// whatever the operation was: an addition is a sum and two addends, a subtraction the same with the sum on its left, and what
// is narrower than a register stands in the upper bits of one.

import type { FunctionBuilder, IrBlock, IrValue, IrVariable } from '../../ir/types.ts';
import { auxOfAdd, auxOfSub, extendResult, type FlagOperation } from '../emit/flag-arithmetic.ts';
import { integerName } from '../emit/value.ts';

export type OperationKind = 'add' | 'sub' | 'logic';

// Of the word, from the lowest bits. Where the operands are, or whether there are any:
const PLACE_BITS = 5;
/** The words of the CPU block are what they were when the region was entered. */
const UNCHANGED = 0;
const WORDS = 1;
const OPERANDS = 2;
/** And further ones. */
const FIRST_SHADOWS = 3;
/** The operand that is carried is the sum; else an addend. */
const IS_SUM = 1 << 5;
/** The result, of which flags tell, is the addend that the right operand was taken from or added to; else the sum. */
const OF_ADDEND = 1 << 6;
/** How far operands are from the upper end of a register. */
const SHIFT_AT = 7;
const SHIFT_BITS = 6;
/** The right operand is the rest of the word. */
const IS_CONSTANT = 1 << 13;
const CONSTANT_AT = 14;
const CONSTANT_BITS = 32 - CONSTANT_AT;

export function auxOfOperation(f: FunctionBuilder, kind: OperationKind, operation: FlagOperation): IrValue {
  if (kind === 'logic') return f.constant('i32', 0);
  return kind === 'add' ? auxOfAdd(f, operation) : auxOfSub(f, operation);
}

/** Left operand or result, and right operand; whole registers where there are such, of which the lowest bits count. */
type Operands = readonly [IrVariable, IrVariable];

export class CarriedFlags {
  readonly #f: FunctionBuilder;
  readonly #word: IrVariable;
  /** Words of operations that are in use; those whose operands are shadows, in the order of their places. */
  readonly #used = new Set<number>();
  readonly #shadows = new Map<number, Operands>();
  #usesWords = false;
  readonly #result: IrVariable;
  readonly #aux: IrVariable;
  readonly #operands: Operands;
  readonly #isWide: boolean;
  readonly #held: readonly (IrValue | undefined)[];

  /** `held`: what registers, of 64 bits where `isWide`, hold at any time. */
  constructor(f: FunctionBuilder, isWide: boolean, held: readonly (IrValue | undefined)[]) {
    this.#f = f;
    this.#isWide = isWide;
    this.#held = held;
    this.#word = f.variable('i32');
    this.#result = f.variable('i64');
    this.#aux = f.variable('i32');
    this.#operands = [f.variable(this.#type), f.variable(this.#type)];
  }

  get #type(): 'i32' | 'i64' {
    return this.#isWide ? 'i64' : 'i32';
  }

  emitEntry(): void {
    this.#f.set(this.#word, this.#f.constant('i32', UNCHANGED));
  }

  setWords(result: IrValue, aux: IrValue): void {
    const f = this.#f;
    this.#usesWords = true;
    f.set(this.#word, f.constant('i32', WORDS));
    f.set(this.#result, result);
    f.set(this.#aux, aux);
  }

  setOperation(kind: OperationKind, { bits, left, right, result }: FlagOperation, isHandedOn: boolean): void {
    const f = this.#f;
    const ofResult = this.#holder(result, bits);
    const ofLeft = kind === 'logic' ? undefined : this.#holder(left, bits);
    // A logic operation is its result less nothing.
    const byResult = kind !== 'logic' && ofLeft === undefined && ofResult !== undefined;
    const constant = kind === 'logic' ? 0 : this.#shortConstant(right, bits);
    const ofRight = constant === undefined ? this.#holder(right, bits) : undefined;
    const ofFirst = byResult || kind === 'logic' ? ofResult : ofLeft;
    const isHeld = ofFirst !== undefined && (constant ?? ofRight) !== undefined;
    const ofAddend = kind === 'add' ? 0 : OF_ADDEND;
    const isSum = (kind === 'add') === byResult ? IS_SUM : 0;
    const shift = ((this.#isWide ? 64 : 32) - bits) << SHIFT_AT;
    const rest = constant === undefined ? 0 : IS_CONSTANT | (constant << CONSTANT_AT);
    // With eight registers of the guest there was no gain that could be measured.
    const isShadow = this.#isWide && isHandedOn && isHeld;
    const { word, operands } = this.#placed(isSum | ofAddend | shift | rest, isShadow);
    this.#used.add(word);
    f.set(this.#word, f.constant('i32', word));
    f.set(operands[0], ofFirst ?? this.#whole(byResult || kind === 'logic' ? result : left));
    if (constant === undefined) f.set(operands[1], ofRight ?? this.#whole(right));
  }

  /** Undefined where a value is none that fits into the word. */
  #shortConstant(value: IrValue, bits: number): number | undefined {
    const constant = this.#f.constantOf(value);
    if (constant === undefined) return undefined;
    const signed = BigInt.asIntN(bits, BigInt(constant));
    return BigInt.asIntN(CONSTANT_BITS, signed) === signed ? Number(signed) : undefined;
  }

  /** What a register holds whose lowest bits are a value. */
  #holder(value: IrValue, bits: number): IrValue | undefined {
    const source = this.#f.sourceOf(value, bits);
    for (const held of this.#held) if (held !== undefined && this.#f.sourceOf(held, bits) === source) return held;
    return undefined;
  }
  #whole(value: IrValue): IrValue {
    return this.#isWide && value.type === 'i32' ? this.#f.op('i64.extend_i32_u', value) : value;
  }

  /** On a way out on which flags have not changed: what is carried may be found in registers still. */
  settle(): void {
    this.#f.settle();
  }

  /**
   * `isShadow`: whether the operands are handed to blocks, and in registers: they may be there still where a way out is taken.
   */
  #placed(operation: number, isShadow: boolean): { readonly word: number; readonly operands: Operands } {
    const general = { word: operation | OPERANDS, operands: this.#operands };
    if (!isShadow) return general;
    for (const [word, operands] of this.#shadows) if (word >> PLACE_BITS === operation >> PLACE_BITS) return { word, operands };
    const place = FIRST_SHADOWS + this.#shadows.size;
    if (place >= 2 ** PLACE_BITS) return general;
    const word = operation | place;
    const shadow = () => this.#f.shadow(this.#type, this.#word, word);
    const operands: Operands = [shadow(), shadow()];
    this.#shadows.set(word, operands);
    return { word, operands };
  }

  /** Where the region is left, when everything else is emitted. */
  emitStores(store: (result: IrValue, aux: IrValue) => void): void {
    const f = this.#f;
    const [changed, after] = [f.block(), f.block()];
    f.branch(f.get(this.#word), changed, after);
    f.enter(changed);
    if (this.#usesWords) this.#emitWords(store, after);
    if (this.#used.size > 0) {
      this.#takeShadows();
      const { result, aux } = this.#computed();
      store(result, aux);
    }
    f.jump(after);
    f.enter(after);
  }

  #emitWords(store: (result: IrValue, aux: IrValue) => void, after: IrBlock): void {
    const f = this.#f;
    const [words, operation] = [f.block(), f.block()];
    f.branch(f.op('i32.eq', f.get(this.#word), f.constant('i32', WORDS)), words, operation);
    f.enter(words);
    store(f.get(this.#result), f.get(this.#aux));
    f.jump(after);
    f.enter(operation);
  }

  #takeShadows(): void {
    if (this.#shadows.size === 0) return;
    const f = this.#f;
    const [elsewhere, taken] = [f.block(), f.block()];
    const blocks = [...this.#shadows].map(() => f.block());
    const shadow = f.op('i32.sub', f.op('i32.and', f.get(this.#word), f.constant('i32', 2 ** PLACE_BITS - 1)), f.constant('i32', FIRST_SHADOWS));
    // Mostly there is none, and a switch is a jump that the host has to guess.
    f.branch(f.op('i32.lt_s', shadow, f.constant('i32', 0)), taken, elsewhere);
    f.enter(elsewhere);
    f.switch(shadow, blocks, taken);
    [...this.#shadows].forEach(([word, operands], at) => {
      f.enter(blocks[at] as IrBlock);
      f.set(this.#operands[0], f.get(operands[0]));
      if ((word & IS_CONSTANT) === 0) f.set(this.#operands[1], f.get(operands[1]));
      f.jump(taken);
    });
    f.enter(taken);
  }

  /** The two words of the operation that the word says, which is one of those in use: what all of them share is known. */
  #computed(): { readonly result: IrValue; readonly aux: IrValue } {
    const f = this.#f;
    const bits = this.#isWide ? 64 : 32;
    const op = (name: string, left: IrValue, right: IrValue) => f.op(integerName(this.#type, name), left, right);
    const shift = this.#shift();
    const upper = (value: IrValue) => op('shl', value, shift);
    const carried = upper(f.get(this.#operands[0]));
    const right = upper(this.#right());
    const isSum = this.#bit(IS_SUM);
    const other = this.#chosen(isSum, () => op('sub', carried, right), () => op('add', carried, right));
    const addend = this.#chosen(isSum, () => other, () => carried);
    const sum = this.#chosen(isSum, () => carried, () => other);
    const result = op('shr_s', this.#chosen(this.#bit(OF_ADDEND), () => addend, () => sum), shift);
    return { result: extendResult(f, bits, result), aux: auxOfAdd(f, { bits, left: addend, right, result: sum }, shift) };
  }

  /** A bit of the word, or what it is in all words. */
  #bit(bit: number): IrValue | boolean {
    const [first = 0, ...others] = this.#used;
    if (others.every((word) => (word & bit) === (first & bit))) return (first & bit) !== 0;
    return this.#f.op('i32.and', this.#f.get(this.#word), this.#f.constant('i32', bit));
  }

  #chosen(condition: IrValue | boolean, yes: () => IrValue, no: () => IrValue): IrValue {
    if (typeof condition === 'boolean') return condition ? yes() : no();
    return this.#f.select(condition, yes(), no());
  }

  #shift(): IrValue {
    const f = this.#f;
    const shiftOf = (word: number) => (word >> SHIFT_AT) & (2 ** SHIFT_BITS - 1);
    const [first = 0, ...others] = [...this.#used].map(shiftOf);
    if (others.every((shift) => shift === first)) return f.constant(this.#type, first);
    const shift = f.op('i32.shr_u', f.get(this.#word), f.constant('i32', SHIFT_AT));
    // As many bits of it count as say how far.
    return this.#whole(shift);
  }

  #right(): IrValue {
    const f = this.#f;
    const isConstant = this.#bit(IS_CONSTANT);
    const constant = () => {
      const [first = 0, ...others] = [...this.#used].map((word) => word >> CONSTANT_AT);
      if (others.every((one) => one === first)) return f.constant(this.#type, first);
      const signed = f.op('i32.shr_s', f.get(this.#word), f.constant('i32', CONSTANT_AT));
      return this.#isWide ? f.op('i64.extend_i32_s', signed) : signed;
    };
    return this.#chosen(isConstant, constant, () => f.get(this.#operands[1]));
  }
}
