// XMM registers in a region: variables, and what they hold on the straight way since control last forked or joined.
// Where the code computes with scalar doubles, low and high halves are variables of their own. No helper looks at them.

import type { FunctionBuilder, IrValue, IrVariable } from '../../ir/types.ts';
import { loadHost, storeHost } from '../interpreter/guest-memory.ts';
import type { Region } from './region.ts';

const REGISTERS = 16;
const HALF = 8;

const INSERTS: Readonly<Record<number, string>> = { 8: 'i8x16', 16: 'i16x8', 32: 'i32x4', 64: 'i64x2' };

/** Moves and what clears a register are no sign of either. */
const NEUTRAL = /^(MOV|P?XOR)/;

/** Whether most of what a region computes in XMM registers is scalar doubles. */
export function isMostlyDoubles(region: Region): boolean {
  let doubles = 0;
  for (const { instructions } of region.blocks.values()) {
    for (const { instruction } of instructions) {
      const { mnemonic, unit } = instruction.row;
      if (unit === undefined) continue;
      if (mnemonic.endsWith('SD')) doubles++;
      else if (!NEUTRAL.test(mnemonic)) doubles--;
    }
  }
  return doubles > 0;
}

interface Halves {
  readonly low: IrVariable;
  readonly high: IrVariable;
}

export class RegionVectors {
  readonly #f: FunctionBuilder;
  readonly #addressOf: (index: number) => IrValue;
  readonly isSplit: boolean;
  readonly #wholes: (IrVariable | undefined)[] = new Array(REGISTERS).fill(undefined);
  readonly #halves: (Halves | undefined)[] = new Array(REGISTERS).fill(undefined);
  readonly #written = new Set<number>();
  readonly #held: (IrValue | undefined)[] = new Array(REGISTERS).fill(undefined);
  /** Low and high doubles where registers are split. */
  readonly #heldLow: (IrValue | undefined)[] = new Array(REGISTERS).fill(undefined);
  readonly #heldHigh: (IrValue | undefined)[] = new Array(REGISTERS).fill(undefined);
  /** The lowest float of 32 or 64 bits of vectors, so that what is known of it is found again. */
  readonly #lowest = { 32: new Map<IrValue, IrValue>(), 64: new Map<IrValue, IrValue>() };

  constructor(f: FunctionBuilder, options: { addressOf: (index: number) => IrValue; isSplit: boolean }) {
    this.#f = f;
    this.#addressOf = options.addressOf;
    this.isSplit = options.isSplit;
  }

  forget(): void {
    this.#held.fill(undefined);
    this.#heldLow.fill(undefined);
    this.#heldHigh.fill(undefined);
    if (this.#lowest[32].size > 0) this.#lowest[32].clear();
    if (this.#lowest[64].size > 0) this.#lowest[64].clear();
  }

  emitEntry(): void {
    const f = this.#f;
    this.#wholes.forEach((variable, index) => {
      if (variable !== undefined) f.set(variable, loadHost(f, 128, this.#addressOf(index)));
    });
    this.#halves.forEach((halves, index) => {
      if (halves === undefined) return;
      f.set(halves.low, f.load('f64.load', this.#addressOf(index), 0));
      f.set(halves.high, f.load('f64.load', this.#addressOf(index), HALF));
    });
  }

  emitStores(): void {
    const f = this.#f;
    for (const index of this.#written) {
      const halves = this.#halves[index];
      const address = this.#addressOf(index);
      if (halves === undefined) storeHost(f, 128, address, f.get(this.#wholes[index] as IrVariable));
      else {
        f.store('f64.store', address, 0, f.get(halves.low));
        f.store('f64.store', address, HALF, f.get(halves.high));
      }
    }
  }

  read(index: number, bits: number): IrValue {
    const f = this.#f;
    if (bits === 128) return this.#whole(index);
    if (bits === 64) return f.op('i64.reinterpret_f64', this.low(index));
    const low = f.op('i32.reinterpret_f32', this.#lowestOf(this.#whole(index), 32));
    return bits === 32 ? low : f.op('i32.and', low, f.constant('i32', 2 ** bits - 1));
  }

  /** The low half as a double. */
  low(index: number): IrValue {
    return this.isSplit ? this.#half(index, 'low') : this.#lowestOf(this.#whole(index), 64);
  }

  /** The low half of a split register, on a way that others need not take: nothing is kept of it. */
  lowOnThisWay(index: number): IrValue {
    return this.#heldLow[index] ?? this.#f.get(this.#halvesOf(index).low);
  }

  /** A narrow value leaves the rest of the register as it is. */
  write(index: number, bits: number, value: IrValue): void {
    const f = this.#f;
    if (bits === 64 && this.isSplit) {
      this.#setHalf(index, 'low', f.op('f64.reinterpret_i64', value));
      this.#held[index] = undefined;
    } else if (bits === 128) this.#setWhole(index, value);
    else this.#setWhole(index, f.op(`${INSERTS[bits]}.replace_lane`, 0, this.#whole(index), value));
  }

  #halvesOf(index: number): Halves {
    this.#halves[index] ??= { low: this.#f.variable('f64'), high: this.#f.variable('f64') };
    return this.#halves[index];
  }
  #half(index: number, half: keyof Halves): IrValue {
    const held = half === 'low' ? this.#heldLow : this.#heldHigh;
    const value = held[index] ?? this.#f.get(this.#halvesOf(index)[half]);
    held[index] = value;
    return value;
  }
  #setHalf(index: number, half: keyof Halves, value: IrValue): void {
    const held = half === 'low' ? this.#heldLow : this.#heldHigh;
    this.#written.add(index);
    held[index] = value;
    this.#f.set(this.#halvesOf(index)[half], value);
  }

  #whole(index: number): IrValue {
    const held = this.#held[index] ?? this.#read(index);
    this.#held[index] = held;
    return held;
  }
  #read(index: number): IrValue {
    const f = this.#f;
    if (this.isSplit)
      return f.op('f64x2.replace_lane', 1, f.op('f64x2.splat', this.#half(index, 'low')), this.#half(index, 'high'));
    this.#wholes[index] ??= f.variable('v128');
    return f.get(this.#wholes[index]);
  }
  #setWhole(index: number, value: IrValue): void {
    const f = this.#f;
    if (this.isSplit) {
      this.#setHalf(index, 'low', this.#lowestOf(value, 64));
      this.#setHalf(index, 'high', f.op('f64x2.extract_lane', 1, value));
    } else {
      this.#wholes[index] ??= f.variable('v128');
      this.#written.add(index);
      f.set(this.#wholes[index], value);
    }
    this.#held[index] = value;
  }

  #lowestOf(vector: IrValue, bits: 32 | 64): IrValue {
    const known = this.#lowest[bits].get(vector);
    if (known !== undefined) return known;
    const low = this.#f.op(bits === 32 ? 'f32x4.extract_lane' : 'f64x2.extract_lane', 0, vector);
    this.#lowest[bits].set(vector, low);
    return low;
  }
}
