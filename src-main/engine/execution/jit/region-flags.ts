// Flags inside a region: the last addition or subtraction itself, so that conditions fuse into one comparison and flags
// nobody reads are never computed. Between blocks they are kept twice, as words for who reads them there and as an
// operation for the exits: of either, only what is needed is left by the IR.

import type { FunctionBuilder, IrValue, IrVariable } from '../../ir/types.ts';
import type { FlagBinding } from '../emit/binding.ts';
import { extendResult, type FlagOperation, readCondition, wordsOfOrder } from '../emit/flag-arithmetic.ts';
import { integerName } from '../emit/value.ts';
import { auxOfOperation, CarriedFlags, type OperationKind, type StoreFlags } from './carried-flags.ts';

/** The last operation itself, or the two words as computed where they may turn out not to be needed. */
export type Pending =
  | { readonly kind: OperationKind; readonly operation: FlagOperation }
  | {
      readonly kind: 'words';
      readonly result: IrValue;
      readonly aux: IrValue;
      readonly since: number;
      /** How many sets of flags, each keeping something of the last, are computed again with these. */
      readonly depth: number;
      /** The floats that were compared, neither of them a NaN. */
      readonly order?: { readonly left: IrValue; readonly right: IrValue };
    };

const MAX_DEPTH = 3;

/** Conditions after a comparison of floats, and their opposites, by the upper bits of their code. */
const ORDER_CONDITIONS: Readonly<Record<number, readonly [string, string]>> = {
  1: ['lt', 'ge'],
  2: ['eq', 'ne'],
  3: ['le', 'gt'],
};

export class RegionFlags implements FlagBinding {
  readonly #resultVariable: IrVariable;
  readonly #auxVariable: IrVariable;
  readonly #carried: CarriedFlags;
  /** The region writes flags somewhere, so its exits must store them. */
  written = false;
  #isRead = false;
  #pending: Pending | undefined;
  readonly #f: FunctionBuilder;
  readonly #isHeld: (value: IrValue) => boolean;
  /** Where the current instruction begins, and the depth of the flags that it has read. */
  #since = 0;
  #depth = 0;

  /** `held`: what registers, of 64 bits where `isWide`, hold at any time, and so is at hand on every way. */
  constructor(f: FunctionBuilder, isWide: boolean, held: readonly (IrValue | undefined)[]) {
    this.#f = f;
    this.#isHeld = (value) => held.includes(value);
    this.#resultVariable = f.variable('i64');
    this.#auxVariable = f.variable('i32');
    this.#carried = new CarriedFlags(f, isWide, held);
  }

  // Entry and exit of the region.

  /** Whether what flags were when the region was entered may be asked for. */
  get isRead(): boolean {
    return this.#isRead;
  }

  emitEntry(result: IrValue, aux: IrValue): void {
    this.#f.set(this.#resultVariable, result);
    this.#f.set(this.#auxVariable, aux);
    this.#carried.emitEntry();
  }

  emitStores(store: StoreFlags): void {
    if (this.written) this.#carried.emitStores(store);
  }

  begin(): void {
    this.#since = this.#f.mark();
    this.#depth = 0;
  }

  result(): IrValue {
    const pending = this.#pending;
    return pending === undefined ? this.#read(this.#resultVariable) : this.#resultOf(pending);
  }

  aux(): IrValue {
    const pending = this.#pending;
    return pending === undefined ? this.#read(this.#auxVariable) : this.#auxOf(pending);
  }
  #read(variable: IrVariable): IrValue {
    this.#isRead = true;
    return this.#f.get(variable);
  }

  #resultOf(pending: Pending): IrValue {
    if (pending.kind === 'words') return this.#again(pending, pending.result);
    return extendResult(this.#f, pending.operation.bits, pending.operation.result);
  }

  #again({ depth, since }: Extract<Pending, { kind: 'words' }>, word: IrValue): IrValue {
    this.#depth = Math.max(this.#depth, depth);
    return depth > MAX_DEPTH ? word : this.#f.rebuild(word, since, this.#isHeld);
  }

  #auxOf(pending: Pending): IrValue {
    if (pending.kind === 'words') return this.#again(pending, pending.aux);
    return auxOfOperation(this.#f, pending.kind, pending.operation);
  }

  set(result: IrValue, aux: IrValue): void {
    this.written = true;
    this.#pending = { kind: 'words', result, aux, since: this.#since, depth: this.#depth + 1 };
  }

  setAdd(operation: FlagOperation): boolean {
    return this.#keep({ kind: 'add', operation });
  }
  setSub(operation: FlagOperation): boolean {
    return this.#keep({ kind: 'sub', operation });
  }
  setLogic(bits: number, result: IrValue): boolean {
    return this.#keep({ kind: 'logic', operation: { bits, left: result, right: result, result } });
  }
  #keep(pending: Pending): boolean {
    this.written = true;
    this.#pending = pending;
    return true;
  }

  /** Two floats of which neither is a NaN. */
  setOrder(left: IrValue, right: IrValue): void {
    const words = wordsOfOrder(this.#f, left, right);
    this.set(words.result, words.aux);
    if (this.#pending?.kind === 'words') this.#pending = { ...this.#pending, order: { left, right } };
  }

  split(): void {
    this.materialize();
    this.#pending = undefined;
  }

  /** Puts the pending flags into the variables on this path; what is pending stays so on the others. */
  materialize(): void {
    if (this.#pending !== undefined) this.#carry(this.#pending, true);
  }

  /** The same where this path leaves the region, and nobody reads them before. */
  leave(): void {
    if (this.#pending !== undefined) this.#carry(this.#pending, false);
    this.#carried.settle();
  }

  #carry(pending: Pending, areRead: boolean): void {
    const { kind } = pending;
    if (kind !== 'words') this.#carried.setOperation(kind, pending.operation, areRead);
    if (kind !== 'words' && !areRead) return;
    // Before either changes: flags in words may keep something of the old ones.
    const [result, aux] = [this.#resultOf(pending), this.#auxOf(pending)];
    if (kind === 'words') this.#carried.setWords(result, aux);
    if (!areRead) return;
    this.#f.set(this.#resultVariable, result);
    this.#f.set(this.#auxVariable, aux);
  }

  /** The flags are what the variables say: at the beginning of a block. */
  forget(): void {
    this.#pending = undefined;
  }

  /** What is kept, for a block that control comes to from here only. */
  known(): Pending | undefined {
    return this.#pending;
  }
  recall(known: Pending | undefined): void {
    this.#pending = known;
  }

  condition(code: number): IrValue | undefined {
    const pending = this.#pending;
    if (pending === undefined) return undefined;
    if (pending.kind === 'words') return pending.order && this.#orderCondition(code, pending.order);
    const { bits, left, right, result } = pending.operation;
    const f = this.#f;
    const type = bits === 64 ? 'i64' : 'i32';
    const negated = (code & 1) === 1;
    const not = (value: IrValue) => (negated ? f.op('i32.eqz', value) : value);
    switch (code >> 1) {
      case 2:
        if (pending.kind === 'sub') return f.op(integerName(type, negated ? 'ne' : 'eq'), left, right);
        return not(f.op(integerName(type, 'eqz'), result));
      case 4:
        return not(f.op('i32.and', this.#topBit(bits, result), f.constant('i32', 1)));
      default:
        break;
    }
    if (pending.kind === 'logic') return not(this.#logicCondition(code >> 1, pending.operation));
    if (pending.kind !== 'sub') return undefined;
    const compare = (name: string, a: IrValue, b: IrValue) => f.op(integerName(type, name), a, b);
    switch (code >> 1) {
      case 1:
        return compare(negated ? 'ge_u' : 'lt_u', left, right);
      case 3:
        return compare(negated ? 'gt_u' : 'le_u', left, right);
      case 6:
        return compare(negated ? 'ge_s' : 'lt_s', this.#signed(bits, left), this.#signed(bits, right));
      case 7:
        return compare(negated ? 'gt_s' : 'le_s', this.#signed(bits, left), this.#signed(bits, right));
      default:
        return undefined;
    }
  }

  #orderCondition(code: number, { left, right }: { left: IrValue; right: IrValue }): IrValue | undefined {
    const pair = ORDER_CONDITIONS[code >> 1];
    return pair && this.#f.op(`${left.type}.${pair[code & 1]}`, left, right);
  }

  /** CF = OF = 0: what is left of each condition. */
  #logicCondition(pair: number, operation: FlagOperation): IrValue {
    const f = this.#f;
    const { bits, result } = operation;
    const type = bits === 64 ? 'i64' : 'i32';
    const zero = () => f.op(integerName(type, 'eqz'), result);
    const sign = () => f.op('i32.and', this.#topBit(bits, result), f.constant('i32', 1));
    if (pair === 0 || pair === 1) return f.constant('i32', 0);
    if (pair === 3) return zero();
    if (pair === 6) return sign();
    if (pair === 7) return f.op('i32.or', zero(), sign());
    return readCondition(f, this, pair * 2);
  }

  #topBit(bits: number, value: IrValue): IrValue {
    const f = this.#f;
    if (bits === 64) return f.op('i32.wrap_i64', f.op('i64.shr_u', value, f.constant('i64', 63)));
    return f.op('i32.shr_u', value, f.constant('i32', bits - 1));
  }
  #signed(bits: number, value: IrValue): IrValue {
    if (bits >= 32) return value;
    return this.#f.op(bits === 8 ? 'i32.extend8_s' : 'i32.extend16_s', value);
  }
}
