// Flags inside a region: two IR variables, and before them the last addition or subtraction itself, so that
// conditions fuse into one comparison and flags nobody reads are never computed.

import type { FunctionBuilder, IrValue, IrVariable } from '../../ir/types.ts';
import type { FlagBinding } from '../emit/binding.ts';
import {
  auxOfAdd,
  auxOfSub,
  extendResult,
  type FlagOperation,
  readCondition,
} from '../emit/flag-arithmetic.ts';

interface Pending {
  readonly kind: 'add' | 'sub' | 'logic';
  readonly operation: FlagOperation;
}

export class RegionFlags implements FlagBinding {
  readonly resultVariable: IrVariable;
  readonly auxVariable: IrVariable;
  /** The region writes flags somewhere, so its exits must store them. */
  written = false;
  #pending: Pending | undefined;
  readonly #f: FunctionBuilder;

  constructor(f: FunctionBuilder) {
    this.#f = f;
    this.resultVariable = f.variable('i64');
    this.auxVariable = f.variable('i32');
  }

  result(): IrValue {
    const pending = this.#pending;
    if (pending === undefined) return this.#f.get(this.resultVariable);
    return extendResult(this.#f, pending.operation.bits, pending.operation.result);
  }

  aux(): IrValue {
    const pending = this.#pending;
    return pending === undefined ? this.#f.get(this.auxVariable) : this.#auxOf(pending);
  }

  #auxOf({ kind, operation }: Pending): IrValue {
    if (kind === 'logic') return this.#f.constant('i32', 0);
    return kind === 'add' ? auxOfAdd(this.#f, operation) : auxOfSub(this.#f, operation);
  }

  set(result: IrValue, aux: IrValue): void {
    this.written = true;
    this.#pending = undefined;
    this.#f.set(this.resultVariable, result);
    this.#f.set(this.auxVariable, aux);
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

  split(): void {
    this.materialize();
    this.#pending = undefined;
  }

  /** Puts the pending flags into the variables on this path; what is pending stays so on the others. */
  materialize(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#f.set(this.resultVariable, extendResult(this.#f, pending.operation.bits, pending.operation.result));
    this.#f.set(this.auxVariable, this.#auxOf(pending));
  }

  /** The flags are what the variables say: at the beginning of a block. */
  forget(): void {
    this.#pending = undefined;
  }

  condition(code: number): IrValue | undefined {
    const pending = this.#pending;
    if (pending === undefined) return undefined;
    const { bits, left, right, result } = pending.operation;
    const f = this.#f;
    const type = bits === 64 ? 'i64' : 'i32';
    const negated = (code & 1) === 1;
    const not = (value: IrValue) => (negated ? f.op('i32.eqz', value) : value);
    switch (code >> 1) {
      case 2:
        if (pending.kind === 'sub') return f.op(`${type}.${negated ? 'ne' : 'eq'}`, left, right);
        return not(f.op(`${type}.eqz`, result));
      case 4:
        return not(f.op('i32.and', this.#topBit(bits, result), f.constant('i32', 1)));
      default:
        break;
    }
    if (pending.kind === 'logic') return not(this.#logicCondition(code >> 1, pending.operation));
    if (pending.kind !== 'sub') return undefined;
    const compare = (name: string, a: IrValue, b: IrValue) => f.op(`${type}.${name}`, a, b);
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

  /** CF = OF = 0: what is left of each condition. */
  #logicCondition(pair: number, operation: FlagOperation): IrValue {
    const f = this.#f;
    const { bits, result } = operation;
    const type = bits === 64 ? 'i64' : 'i32';
    const zero = () => f.op(`${type}.eqz`, result);
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
