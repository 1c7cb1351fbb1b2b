// Writing one WebAssembly function over the CPU block by hand, on the IR builder: constants, structured
// conditions, fields and x87 registers. Not here: any arithmetic of floats.

import type { FunctionBuilder, IrFunctionRef, IrValue, IrVariable } from '../../ir/types.ts';
import { CPU_FIELDS } from '../../x86/state/cpu-state.ts';
import type { MemoryLayout } from '../layout.ts';

const REGISTER_SHIFT = Math.log2(CPU_FIELDS.fprSignificand.stride);
const { fprSignificand, fprExponent, scratch } = CPU_FIELDS;

type StatusField = 'fcw' | 'fsw' | 'ftop' | 'ftag';

export class Routine {
  readonly f: FunctionBuilder;
  readonly #block: number;

  constructor(f: FunctionBuilder, layout: MemoryLayout) {
    this.f = f;
    this.#block = layout.cpuBlock;
  }

  i32(value: number): IrValue {
    return this.f.constant('i32', value);
  }
  i64(value: number | bigint): IrValue {
    return this.f.constant('i64', value);
  }
  op(name: string, ...operands: (IrValue | number)[]): IrValue {
    return this.f.op(name, ...operands);
  }
  /** 32-bit operation with a constant on the right. */
  with32(name: string, a: IrValue, constant: number): IrValue {
    return this.f.op(`i32.${name}`, a, this.i32(constant));
  }
  with64(name: string, a: IrValue, constant: number | bigint): IrValue {
    return this.f.op(`i64.${name}`, a, this.i64(constant));
  }

  variable(initial: IrValue): IrVariable {
    const variable = this.f.variable(initial.type);
    this.f.set(variable, initial);
    return variable;
  }
  get(variable: IrVariable): IrValue {
    return this.f.get(variable);
  }
  set(variable: IrVariable, value: IrValue): void {
    this.f.set(variable, value);
  }

  when(condition: IrValue, then: () => void, otherwise?: () => void): void {
    const { f } = this;
    const yes = f.block();
    const no = f.block();
    const after = otherwise === undefined ? no : f.block();
    f.branch(condition, yes, no);
    f.enter(yes);
    then();
    if (f.open) f.jump(after);
    if (otherwise !== undefined) {
      f.enter(no);
      otherwise();
      if (f.open) f.jump(after);
    }
    f.enter(after);
  }
  /** Repeats while the body's value is not 0. */
  loop(body: () => IrValue): void {
    const { f } = this;
    const head = f.block();
    const after = f.block();
    f.jump(head);
    f.enter(head);
    f.branch(body(), head, after);
    f.enter(after);
  }
  /** Leaves with a value where a condition holds. */
  leaveWhen(condition: IrValue, value: IrValue): void {
    this.when(condition, () => this.f.return(value));
  }
  call(callee: IrFunctionRef, ...operands: IrValue[]): IrValue {
    return this.f.call(callee, ...operands) ?? this.i32(0);
  }

  state(name: StatusField): IrValue {
    return this.f.load('i32.load', this.i32(0), this.#block + CPU_FIELDS[name].offset);
  }
  setState(name: StatusField, value: IrValue): void {
    this.f.store('i32.store', this.i32(0), this.#block + CPU_FIELDS[name].offset, value);
  }
  scratch(n: number): IrValue {
    return this.f.load('i64.load', this.i32(0), this.#block + scratch.offset + 8 * n);
  }
  setScratch(n: number, value: IrValue): void {
    this.f.store('i64.store', this.i32(0), this.#block + scratch.offset + 8 * n, value);
  }

  /** Number of the physical register that is ST(i). */
  physical(i: IrValue): IrValue {
    return this.with32('and', this.op('i32.add', this.state('ftop'), i), 7);
  }
  #register(r: IrValue): IrValue {
    return this.with32('shl', r, REGISTER_SHIFT);
  }
  significand(r: IrValue): IrValue {
    return this.f.load('i64.load', this.#register(r), this.#block + fprSignificand.offset);
  }
  exponent(r: IrValue): IrValue {
    return this.f.load('i32.load', this.#register(r), this.#block + fprExponent.offset);
  }
  /** Also marks it as not empty. */
  setRegister(r: IrValue, significand: IrValue, exponent: IrValue): void {
    const { f } = this;
    f.store('i64.store', this.#register(r), this.#block + fprSignificand.offset, significand);
    f.store('i32.store', this.#register(r), this.#block + fprExponent.offset, exponent);
    this.setState('ftag', this.op('i32.or', this.state('ftag'), this.#bit(r)));
  }
  #bit(r: IrValue): IrValue {
    return this.op('i32.shl', this.i32(1), r);
  }
  /** 1 when register `r` holds something. */
  isFull(r: IrValue): IrValue {
    return this.with32('and', this.op('i32.shr_u', this.state('ftag'), r), 1);
  }
  pop(): void {
    const top = this.state('ftop');
    const kept = this.with32('xor', this.#bit(top), -1);
    this.setState('ftag', this.op('i32.and', this.state('ftag'), kept));
    this.setState('ftop', this.with32('and', this.with32('add', top, 1), 7));
  }
  /** Gives the number of the register that becomes ST(0). */
  push(): IrValue {
    const top = this.with32('and', this.with32('add', this.state('ftop'), 7), 7);
    this.setState('ftop', top);
    return top;
  }
}
