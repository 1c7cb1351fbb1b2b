// The x87 registers in the CPU block, found by TOP at each access: for the routines that the interpreter calls.

import type { FunctionBuilder, IrValue } from '../../ir/types.ts';
import { CPU_FIELDS } from '../../x86/state/cpu-state.ts';
import type { MemoryLayout } from '../layout.ts';
import {
  C1,
  CONDITIONS,
  CONTROL_COMMON,
  CONTROL_MASK,
  ERROR_SUMMARY,
  type FloatParts,
  PRECISION_64,
  PRECISION_FLAG,
  ROUNDING,
  type Rounding,
  X87File,
} from './x87-file.ts';

const { fprSignificand, fprExponent } = CPU_FIELDS;
const REGISTER_SHIFT = Math.log2(fprSignificand.stride);

/** Slots are numbers of physical registers. */
export class MemoryFile extends X87File<IrValue> {
  readonly #slow: () => void;

  constructor(f: FunctionBuilder, layout: MemoryLayout, slow: () => void) {
    super(f, layout);
    this.#slow = slow;
  }

  slowly(condition: IrValue): void {
    this.when(condition, this.#slow);
  }

  slot(i: IrValue): IrValue {
    return this.with32('and', this.op('i32.add', this.state('ftop'), i), 7);
  }
  #address(slot: IrValue): IrValue {
    return this.with32('shl', slot, REGISTER_SHIFT);
  }
  #bit(slot: IrValue): IrValue {
    return this.op('i32.shl', this.i32(1), slot);
  }
  read(slot: IrValue): FloatParts {
    const address = this.#address(slot);
    return {
      significand: this.f.load('i64.load', address, this.block + fprSignificand.offset),
      word: this.f.load('i32.load', address, this.block + fprExponent.offset),
      isNormalOrZero: false,
    };
  }
  write(slot: IrValue, { significand, word }: FloatParts): void {
    const address = this.#address(slot);
    this.f.store('i64.store', address, this.block + fprSignificand.offset, significand);
    this.f.store('i32.store', address, this.block + fprExponent.offset, word);
    this.setState('ftag', this.op('i32.or', this.state('ftag'), this.#bit(slot)));
  }
  pop(): void {
    const top = this.state('ftop');
    const kept = this.with32('xor', this.#bit(top), -1);
    this.setState('ftag', this.op('i32.and', this.state('ftag'), kept));
    this.setState('ftop', this.with32('and', this.with32('add', top, 1), 7));
  }
  push(): IrValue {
    const top = this.slot(this.i32(7));
    this.setState('ftop', top);
    return top;
  }

  #isFull(slot: IrValue): IrValue {
    return this.with32('and', this.op('i32.shr_u', this.state('ftag'), slot), 1);
  }
  #pending(): IrValue {
    return this.with32('and', this.status(), ERROR_SUMMARY);
  }
  requireFull(...slots: IrValue[]): void {
    const empty = slots.map((slot) => this.op('i32.eqz', this.#isFull(slot)));
    this.slowly(empty.reduce((a, b) => this.op('i32.or', a, b), this.#pending()));
  }
  requireEmpty(slot: IrValue): void {
    this.slowly(this.op('i32.or', this.#pending(), this.#isFull(slot)));
  }
  requireControl(isNearest: boolean): void {
    const mask = isNearest ? CONTROL_MASK : PRECISION_FLAG;
    this.slowly(this.with32('ne', this.with32('and', this.state('fcw'), mask), mask & CONTROL_COMMON));
  }
  requireNormal(number: FloatParts): void {
    if (!number.isNormalOrZero) this.checkNormalOrZero(number);
  }

  rounding(): IrValue {
    return this.with32('and', this.state('fcw'), ROUNDING);
  }
  isExtended(): IrValue {
    return this.with32('and', this.state('fcw'), PRECISION_64);
  }

  setControl(fcw: IrValue): void {
    this.setState('fcw', fcw);
  }

  status(): IrValue {
    return this.state('fsw');
  }
  #status(removed: number): IrValue {
    return this.with32('and', this.status(), ~removed);
  }
  clearC1(): void {
    this.setState('fsw', this.#status(C1));
  }
  report({ lost, up }: Rounding): void {
    const inexact = this.with32('shl', this.with64('ne', lost, 0), Math.log2(PRECISION_FLAG));
    const flags = this.op('i32.or', inexact, this.with32('shl', up, Math.log2(C1)));
    this.setState('fsw', this.op('i32.or', this.#status(C1), flags));
  }
  setConditions(codes: IrValue): void {
    this.setState('fsw', this.op('i32.or', this.#status(C1 | CONDITIONS), codes));
  }
}
