// Flags on their way from one block of a region to where it is left: the last operation as a word that says what it
// was, and its operands, which are left as they are (`emit/left-flags.ts`).

import type { FunctionBuilder, IrBlock, IrValue, IrVariable } from '../../ir/types.ts';
import { auxOfAdd, auxOfSub, type FlagOperation } from '../emit/flag-arithmetic.ts';
import { CONSTANT_AT, FIRST_SHADOWS, IS_CONSTANT, IS_SUM, OF_ADDEND, OPERANDS, PLACE_BITS, SHIFT_AT, UNCHANGED, WORDS } from '../emit/left-flags.ts';

export type OperationKind = 'add' | 'sub' | 'logic';

const CONSTANT_BITS = 32 - CONSTANT_AT;

export function auxOfOperation(f: FunctionBuilder, kind: OperationKind, operation: FlagOperation): IrValue {
  if (kind === 'logic') return f.constant('i32', 0);
  return kind === 'add' ? auxOfAdd(f, operation) : auxOfSub(f, operation);
}

/** Of the CPU block. */
export interface StoreFlags {
  word(word: IrValue): void;
  /** 0: left operand, 1: right one. */
  operand(at: number, value: IrValue): void;
  words(result: IrValue, aux: IrValue): void;
}

/** Left operand or result, and right operand; whole registers where there are such, of which the lowest bits count. */
type Operands = readonly [IrVariable, IrVariable];

export class CarriedFlags {
  readonly #f: FunctionBuilder;
  readonly #word: IrVariable;
  /** By the words of operations whose operands are shadows, in the order of their places. */
  readonly #shadows = new Map<number, Operands>();
  #usesOperands = false;
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
    // A logic operation is its result less nothing.
    const isLogic = kind === 'logic';
    const ofLeft = isLogic ? undefined : this.#holder(left, bits);
    const byResult = isLogic || (ofLeft === undefined && ofResult !== undefined);
    const constant = isLogic ? 0 : this.#shortConstant(right, bits);
    const ofRight = constant === undefined ? this.#holder(right, bits) : undefined;
    const ofFirst = byResult ? ofResult : ofLeft;
    const isHeld = ofFirst !== undefined && (constant ?? ofRight) !== undefined;
    const ofAddend = kind === 'add' ? 0 : OF_ADDEND;
    const isSum = (kind === 'add') === byResult ? IS_SUM : 0;
    const shift = (64 - bits) << SHIFT_AT;
    const rest = constant === undefined ? 0 : IS_CONSTANT | (constant << CONSTANT_AT);
    // With eight registers of the guest there was no gain that could be measured.
    const isShadow = this.#isWide && isHandedOn && isHeld;
    const { word, operands } = this.#placed(isSum | ofAddend | shift | rest, isShadow);
    this.#usesOperands = true;
    f.set(this.#word, f.constant('i32', word));
    f.set(operands[0], ofFirst ?? this.#whole(byResult ? result : left));
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
  emitStores(store: StoreFlags): void {
    const f = this.#f;
    const [changed, after] = [f.block(), f.block()];
    f.branch(f.get(this.#word), changed, after);
    f.enter(changed);
    this.#takeShadows();
    // All of them, whichever the word tells of.
    store.word(f.get(this.#word));
    if (this.#usesOperands) this.#operands.forEach((operand, at) => store.operand(at, f.get(operand)));
    if (this.#usesWords) store.words(f.get(this.#result), f.get(this.#aux));
    f.jump(after);
    f.enter(after);
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
}
