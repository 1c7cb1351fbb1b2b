// Flags on their way from one block of a region to where it is left: the last operation as a number that says what it
// was, and its operands. The two words of the CPU block are computed from them in one place, behind all exits.

import type { FunctionBuilder, IrValue, IrVariable } from '../../ir/types.ts';
import { auxOfAdd, auxOfSub, extendResult, type FlagOperation } from '../emit/flag-arithmetic.ts';

export type OperationKind = 'add' | 'sub' | 'logic';

/** The result of a logic operation travels as its left operand. */
interface Form {
  readonly kind: OperationKind;
  readonly bits: number;
  /** Undefined where it travels in a variable. */
  readonly right: number | bigint | undefined;
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
  readonly #forms: Form[] = [];
  readonly #result: IrVariable;
  readonly #aux: IrVariable;
  readonly #narrow: readonly [IrVariable, IrVariable];
  readonly #wide: readonly [IrVariable, IrVariable];

  constructor(f: FunctionBuilder) {
    this.#f = f;
    this.#form = f.variable('i32');
    this.#result = f.variable('i64');
    this.#aux = f.variable('i32');
    this.#narrow = [f.variable('i32'), f.variable('i32')];
    this.#wide = [f.variable('i64'), f.variable('i64')];
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

  setOperation(kind: OperationKind, { bits, left, right, result }: FlagOperation): void {
    const f = this.#f;
    const [leftVariable, rightVariable] = bits === 64 ? this.#wide : this.#narrow;
    const isLogic = kind === 'logic';
    const constant = isLogic ? 0 : f.constantOf(right);
    f.set(this.#form, f.constant('i32', this.#number({ kind, bits, right: constant })));
    f.set(leftVariable, isLogic ? result : left);
    if (constant === undefined) f.set(rightVariable, right);
  }

  #number(form: Form): number {
    const at = this.#forms.findIndex(
      ({ kind, bits, right }) => kind === form.kind && bits === form.bits && right === form.right,
    );
    return FIRST_FORM + (at < 0 ? this.#forms.push(form) - 1 : at);
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
      const { kind, operation } = this.#operationOf(this.#forms[at] as Form);
      store(extendResult(f, operation.bits, operation.result), auxOfOperation(f, kind, operation));
      f.jump(after);
    });
    f.enter(after);
  }

  #operationOf({ kind, bits, right }: Form): { kind: OperationKind; operation: FlagOperation } {
    const f = this.#f;
    const type = bits === 64 ? 'i64' : 'i32';
    const [leftVariable, rightVariable] = bits === 64 ? this.#wide : this.#narrow;
    const left = f.get(leftVariable);
    if (kind === 'logic') return { kind, operation: { bits, left, right: left, result: left } };
    const other = right === undefined ? f.get(rightVariable) : f.constant(type, right);
    const result = f.op(`${type}.${kind}`, left, other);
    const cut = bits < 32 ? f.op('i32.and', result, f.constant('i32', 2 ** bits - 1)) : result;
    return { kind, operation: { bits, left, right: other, result: cut } };
  }
}
