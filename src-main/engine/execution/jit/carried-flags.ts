// Flags on their way from one block of a region to where it is left: the last operation as a number that says what it
// was, and its operands. The two words of the CPU block are computed from them in one place, behind all exits.

import type { FunctionBuilder, IrValue, IrVariable } from '../../ir/types.ts';
import { auxOfAdd, auxOfSub, extendResult, type FlagOperation } from '../emit/flag-arithmetic.ts';
import { integerName } from '../emit/value.ts';

export type OperationKind = 'add' | 'sub' | 'logic';

interface Form {
  readonly kind: OperationKind;
  readonly bits: number;
  /** Whether the result travels instead of the left operand; it is all that there is of a logic operation. */
  readonly byResult: boolean;
  /** Undefined where it travels in a variable. */
  readonly right: number | bigint | undefined;
  /** Whether the operands are handed to blocks, and in registers: they may be there still where a way out is taken. */
  readonly isShadow: boolean;
}

/** A form, and the variables that its operands travel in. */
interface PlacedForm extends Form {
  readonly operands: readonly [IrVariable, IrVariable];
}

/** The words of the CPU block are what they were when the region was entered. */
const UNCHANGED = 0;
const WORDS = 1;
const FIRST_FORM = 2;

export function auxOfOperation(f: FunctionBuilder, kind: OperationKind, operation: FlagOperation): IrValue {
  if (kind === 'logic') return f.constant('i32', 0);
  return kind === 'add' ? auxOfAdd(f, operation) : auxOfSub(f, operation);
}

export class CarriedFlags {
  readonly #f: FunctionBuilder;
  /** `UNCHANGED`, `WORDS`, or from `FIRST_FORM` on the place of a form in the list. */
  readonly #form: IrVariable;
  readonly #forms: PlacedForm[] = [];
  readonly #result: IrVariable;
  readonly #aux: IrVariable;
  /** Left operand or result, and right operand; whole registers where there are such, of which the lowest bits count. */
  readonly #operands: readonly [IrVariable, IrVariable];
  readonly #isWide: boolean;
  readonly #held: readonly (IrValue | undefined)[];

  /** `held`: what registers, of 64 bits where `isWide`, hold at any time. */
  constructor(f: FunctionBuilder, isWide: boolean, held: readonly (IrValue | undefined)[]) {
    this.#f = f;
    this.#isWide = isWide;
    this.#held = held;
    this.#form = f.variable('i32');
    this.#result = f.variable('i64');
    this.#aux = f.variable('i32');
    const type = isWide ? 'i64' : 'i32';
    this.#operands = [f.variable(type), f.variable(type)];
  }

  emitEntry(): void {
    this.#f.set(this.#form, this.#f.constant('i32', UNCHANGED));
  }

  setWords(result: IrValue, aux: IrValue): void {
    const f = this.#f;
    f.set(this.#form, f.constant('i32', WORDS));
    f.set(this.#result, result);
    f.set(this.#aux, aux);
  }

  setOperation(kind: OperationKind, { bits, left, right, result }: FlagOperation, isHandedOn: boolean): void {
    const f = this.#f;
    const ofResult = this.#holder(result, bits);
    const ofLeft = kind === 'logic' ? undefined : this.#holder(left, bits);
    const byResult = kind === 'logic' || (ofLeft === undefined && ofResult !== undefined);
    const constant = kind === 'logic' ? 0 : f.constantOf(right);
    const ofRight = constant === undefined ? this.#holder(right, bits) : undefined;
    const isHeld = (byResult ? ofResult : ofLeft) !== undefined && (constant ?? ofRight) !== undefined;
    // With eight registers of the guest there was no gain that could be measured.
    const isShadow = this.#isWide && isHandedOn && isHeld;
    const number = this.#number({ kind, bits, byResult, right: constant, isShadow });
    const [first, second] = (this.#forms[number - FIRST_FORM] as PlacedForm).operands;
    f.set(this.#form, f.constant('i32', number));
    f.set(first, byResult ? (ofResult ?? this.#whole(result)) : (ofLeft ?? this.#whole(left)));
    if (constant === undefined) f.set(second, ofRight ?? this.#whole(right));
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

  #number(form: Form): number {
    const known = this.#forms.findIndex(
      ({ kind, bits, byResult, right, isShadow }) =>
        kind === form.kind &&
        bits === form.bits &&
        byResult === form.byResult &&
        right === form.right &&
        isShadow === form.isShadow,
    );
    if (known >= 0) return FIRST_FORM + known;
    const number = FIRST_FORM + this.#forms.length;
    this.#forms.push({ ...form, operands: form.isShadow ? this.#shadows(number) : this.#operands });
    return number;
  }

  #shadows(form: number): readonly [IrVariable, IrVariable] {
    const shadow = () => this.#f.shadow(this.#isWide ? 'i64' : 'i32', this.#form, form);
    return [shadow(), shadow()];
  }

  /** Where the region is left, when everything else is emitted. */
  emitStores(store: (result: IrValue, aux: IrValue) => void): void {
    const f = this.#f;
    const after = f.block();
    const words = f.block();
    const operations = this.#forms.map(() => f.block());
    f.switch(f.get(this.#form), [after, words, ...operations], after);
    f.enter(words);
    store(f.get(this.#result), f.get(this.#aux));
    f.jump(after);
    operations.forEach((block, at) => {
      f.enter(block);
      const { kind, operation } = this.#operationOf(this.#forms[at] as PlacedForm);
      store(extendResult(f, operation.bits, operation.result), auxOfOperation(f, kind, operation));
      f.jump(after);
    });
    f.enter(after);
  }

  #operationOf({ kind, bits, byResult, right, operands }: PlacedForm): { kind: OperationKind; operation: FlagOperation } {
    const f = this.#f;
    const type = bits === 64 ? 'i64' : 'i32';
    const carried = this.#operand(operands[0], bits);
    if (kind === 'logic') return { kind, operation: { bits, left: carried, right: carried, result: carried } };
    const other = right === undefined ? this.#operand(operands[1], bits) : f.constant(type, right);
    const inverse = kind === 'add' ? 'sub' : 'add';
    const computed = this.#cut(f.op(integerName(type, byResult ? inverse : kind), carried, other), bits);
    const [left, result] = byResult ? [computed, carried] : [carried, computed];
    return { kind, operation: { bits, left, right: other, result } };
  }

  #operand(variable: IrVariable, bits: number): IrValue {
    const whole = this.#f.get(variable);
    return bits === 64 ? whole : this.#cut(this.#isWide ? this.#f.op('i32.wrap_i64', whole) : whole, bits);
  }
  #cut(value: IrValue, bits: number): IrValue {
    return bits < 32 ? this.#f.op('i32.and', value, this.#f.constant('i32', 2 ** bits - 1)) : value;
  }
}
