// Writing WebAssembly over the CPU block by hand, on the IR builder: constants, structured conditions, fields. Not here:
// where x87 registers are (soft-float/x87-file.ts), any arithmetic of floats.

import type { FunctionBuilder, IrValue, IrVariable } from '../ir/types.ts';
import { CPU_FIELDS, type CpuFieldName } from '../x86/state/cpu-state.ts';
import type { MemoryLayout } from './layout.ts';

const { scratch } = CPU_FIELDS;

export class Routine {
  readonly f: FunctionBuilder;
  protected readonly block: number;

  constructor(f: FunctionBuilder, layout: MemoryLayout) {
    this.f = f;
    this.block = layout.cpuBlock;
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

  /** What a constant decides leaves no code. */
  when(condition: IrValue, then: () => void, otherwise?: () => void): void {
    const { f } = this;
    const known = f.constantOf(condition);
    if (known !== undefined) {
      (known === 0 ? otherwise : then)?.();
      return;
    }
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
  /** Where one of the conditions holds, which is rare: a way aside, back to where the others go on. */
  seldom(conditions: readonly (() => IrValue)[], then: () => void): void {
    const { f } = this;
    const [aside, after] = [f.block(), f.block()];
    for (const [i, condition] of conditions.entries()) {
      const next = i === conditions.length - 1 ? after : f.block();
      f.branch(condition(), aside, next, false);
      if (next !== after) f.enter(next);
    }
    f.enter(aside);
    then();
    if (f.open) f.jump(after);
    f.enter(after);
  }

  state(name: CpuFieldName): IrValue {
    return this.element(name, this.i32(0));
  }
  setState(name: CpuFieldName, value: IrValue): void {
    this.setElement(name, this.i32(0), value);
  }
  /** One of a field's elements, by a number that is known only at run time. */
  element(name: CpuFieldName, index: IrValue): IrValue {
    const { bits, offset } = CPU_FIELDS[name];
    return this.f.load(bits === 64 ? 'i64.load' : 'i32.load', this.#place(name, index), this.block + offset);
  }
  setElement(name: CpuFieldName, index: IrValue, value: IrValue): void {
    const { bits, offset } = CPU_FIELDS[name];
    this.f.store(bits === 64 ? 'i64.store' : 'i32.store', this.#place(name, index), this.block + offset, value);
  }
  #place(name: CpuFieldName, index: IrValue): IrValue {
    return this.with32('mul', index, CPU_FIELDS[name].stride);
  }
  scratch(n: number): IrValue {
    return this.f.load('i64.load', this.i32(0), this.block + scratch.offset + 8 * n);
  }
  setScratch(n: number, value: IrValue): void {
    this.f.store('i64.store', this.i32(0), this.block + scratch.offset + 8 * n, value);
  }
}
