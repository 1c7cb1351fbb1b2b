// General registers of a region: variables that are loaded where it is entered and stored where it is left, as wide as
// registers are in its mode, and what they are known to hold in between.

import type { FunctionBuilder, IrValue, IrVariable } from '../../ir/types.ts';
import { integerName } from '../emit/value.ts';

const REGISTERS = 16;

type RegisterBits = 8 | 16 | 32 | 64;

export class RegionRegisters {
  /** What registers hold, on the straight way since control last forked or joined. */
  readonly held: (IrValue | undefined)[] = new Array(REGISTERS).fill(undefined);
  readonly #f: FunctionBuilder;
  readonly #isWide: boolean;
  readonly #addressOf: (index: number) => IrValue;
  readonly #variables: (IrVariable | undefined)[] = new Array(REGISTERS).fill(undefined);
  readonly #written = new Set<number>();

  /** `isWide`: of 64 bits. */
  constructor(f: FunctionBuilder, isWide: boolean, addressOf: (index: number) => IrValue) {
    this.#f = f;
    this.#isWide = isWide;
    this.#addressOf = addressOf;
  }

  /** Control forks or joins: nothing is known any more but the variables. */
  forget(): void {
    this.held.fill(undefined);
  }

  recall(known: readonly (IrValue | undefined)[]): void {
    for (let index = 0; index < REGISTERS; index++) this.held[index] = known[index];
  }

  emitEntry(): void {
    this.#variables.forEach((variable, index) => {
      if (variable === undefined) return;
      this.#f.set(variable, this.#f.load(this.#isWide ? 'i64.load' : 'i32.load', this.#addressOf(index), 0));
    });
  }

  emitStores(): void {
    const f = this.#f;
    for (const index of this.#written) {
      const value = f.get(this.#variable(index));
      f.store('i64.store', this.#addressOf(index), 0, this.#isWide ? value : f.op('i64.extend_i32_u', value));
    }
  }

  read(index: number, bits: RegisterBits): IrValue {
    const whole = this.#whole(index);
    // In narrower code the upper half is zero, and only helpers' operands are this wide.
    if (bits === 64) return this.#isWide ? whole : this.#f.op('i64.extend_i32_u', whole);
    const low = this.#low(whole);
    return bits === 32 ? low : this.#f.op('i32.and', low, this.#f.constant('i32', 2 ** bits - 1));
  }
  write(index: number, bits: RegisterBits, value: IrValue): void {
    const f = this.#f;
    if (bits === 64) this.#setWhole(index, this.#isWide ? value : f.op('i32.wrap_i64', value));
    else if (bits === 32) this.#setWhole(index, this.#isWide ? f.op('i64.extend_i32_u', value) : value);
    else this.#insert(index, value, 2 ** bits - 1, 0);
  }
  readHigh8(index: number): IrValue {
    const f = this.#f;
    const shifted = f.op('i32.shr_u', this.#low(this.#whole(index)), f.constant('i32', 8));
    return f.op('i32.and', shifted, f.constant('i32', 0xff));
  }
  writeHigh8(index: number, value: IrValue): void {
    this.#insert(index, value, 0xff, 8);
  }

  #insert(index: number, value: IrValue, mask: number, shift: number): void {
    const f = this.#f;
    const type = this.#isWide ? 'i64' : 'i32';
    const kept = f.op(integerName(type, 'and'), this.#whole(index), f.constant(type, ~(mask << shift)));
    const wideValue = this.#isWide ? f.op('i64.extend_i32_u', value) : value;
    const placed = shift === 0 ? wideValue : f.op(integerName(type, 'shl'), wideValue, f.constant(type, shift));
    this.#setWhole(index, f.op(integerName(type, 'or'), kept, placed));
  }

  #variable(index: number): IrVariable {
    const known = this.#variables[index];
    if (known !== undefined) return known;
    const fresh = this.#f.variable(this.#isWide ? 'i64' : 'i32');
    this.#variables[index] = fresh;
    return fresh;
  }
  /** The whole register as the region keeps it. */
  #whole(index: number): IrValue {
    let held = this.held[index];
    if (held === undefined) {
      held = this.#f.get(this.#variable(index));
      this.held[index] = held;
    }
    return held;
  }
  #setWhole(index: number, value: IrValue): void {
    this.#written.add(index);
    this.held[index] = value;
    this.#f.set(this.#variable(index), value);
  }
  #low(value: IrValue): IrValue {
    return this.#isWide ? this.#f.op('i32.wrap_i64', value) : value;
  }
}
