// The x87 registers of a region: variables by their distance from the TOP with which the region is entered, so that
// which one an instruction means is known while code is generated, whatever TOP is. A block has one distance between its TOP
// and the entry's; whoever comes with another leaves the region. Not here: what instructions do (soft-float).
// Reference: Intel SDM vol. 1, 8.1.2, 8.1.8.

import type { FunctionBuilder, IrValue, IrVariable } from '../../ir/types.ts';
import type { Instruction } from '../../x86/decode/instruction.ts';
import type { HelperName } from '../../x86/helpers/declarations.ts';
import { X87_MEMORY } from '../../x86/helpers/x87-operations.ts';
import { CPU_FIELDS, type CpuFieldName, SEGMENT_INDEX } from '../../x86/state/cpu-state.ts';
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
} from '../soft-float/x87-file.ts';
import { type Inline, inlineEffects, X87Instructions } from '../soft-float/x87-instructions.ts';
import type { Region } from './region.ts';

const { fprSignificand, fprExponent } = CPU_FIELDS;
const REGISTER_SHIFT = Math.log2(fprSignificand.stride);
/** What a region is compiled for: its entry leaves where the control word has other values here. */
const ASSUMED_CONTROL = CONTROL_MASK | PRECISION_64;

/** Instructions that work on the variables; the interpreter carries out the others. */
const IN_REGIONS =
  /^(FI?(ADD|SUBR?|MUL|DIVR?)P?|FLD|FILD|FSTP?|FISTP?|FISTTP|FXCH|FCMOVcc|FU?COMI?P?P?|FICOMP?|FTST|FCHS|FABS|FLD1|FLDZ|FNSTSW|FNSTCW|FLDCW|WAIT)$/;
/** No instruction has been noted: no offset. */
const NOTHING = 0x7fff_ffff;

/** Whether a region has x87 instructions for variables, and no MMX ones, which use the same registers. */
export function usesX87Variables({ blocks }: Region): boolean {
  let uses = false;
  for (const { instructions } of blocks.values())
    for (const { instruction } of instructions) {
      const { mnemonic, unit } = instruction.row;
      if (unit === 'mmx' || instruction.operands.some((o) => o.kind === 'register' && o.file === 'mmx')) return false;
      uses ||= unit === 'x87' && IN_REGIONS.test(mnemonic) && mnemonic !== 'FNSTCW';
    }
  return uses;
}

/** Whether the region has to leave x87 registers in memory before an instruction. */
export const needsX87InMemory = ({ row }: Instruction): boolean =>
  row.unit === 'x87' && !IN_REGIONS.test(row.mnemonic);

/** Whether regions can be compiled for a control word. */
export const isUsualControl = (fcw: number): boolean => (fcw & CONTROL_MASK) === CONTROL_COMMON;

interface Register {
  readonly significand: IrVariable;
  readonly word: IrVariable;
}

/** What `x87Store` has found, for `x87StoreEnd`. */
interface Stored extends Rounding {
  /** What the interpreter finds in `scratch[1]`: bits 64 to 79, and that there is something to store. */
  readonly upper: IrValue;
}

export class RegionX87 extends X87File<number> {
  readonly #options: { readonly region: Region; readonly fcw: number; readonly wide: boolean; slow(): void };
  readonly #assumed: number;
  readonly #registers: (Register | undefined)[] = new Array(8).fill(undefined);
  readonly #topAtEntry: IrVariable;
  /** Bit k: the register k above the entry's TOP is in use. */
  readonly #tags: IrVariable;
  /** How far TOP has moved, where the region is left. */
  readonly #moved: IrVariable;
  /** Not 0 once a result was inexact; C1; the other condition codes. */
  readonly #lost: IrVariable;
  readonly #up: IrVariable;
  readonly #conditions: IrVariable;
  /** How far from the region's start the last instruction stands that FIP is to tell of; and FDP. */
  readonly #noted: IrVariable;
  readonly #operand: IrVariable;
  readonly #instructions = new X87Instructions(this);
  readonly #effects: Readonly<Partial<Record<HelperName, Inline>>> = inlineEffects(this.#instructions);
  /** How far TOP has moved at the beginning of blocks. */
  readonly #deltas = new Map<number, number>();
  /** Registers that any block writes. */
  #written = 0;

  // The block so far.
  #delta = 0;
  #held: ({ significand: IrValue; word: IrValue } | undefined)[] = [];
  /** Masks of registers known to be in use, empty, normal or zero. */
  #full = 0;
  #empty = 0;
  #normal = 0;
  /** As the variable has them that holds the tags. */
  #wasFull = 0;
  #wasEmpty = 0;
  /** What has become of them since. */
  #filled = 0;
  #freed = 0;
  #isControlKnown = true;
  #notedHere: number | undefined;
  #stored: Stored | undefined;

  constructor(
    f: FunctionBuilder,
    layout: MemoryLayout,
    options: { readonly region: Region; readonly fcw: number; readonly wide: boolean; slow(): void },
  ) {
    super(f, layout);
    this.#options = options;
    this.#assumed = options.fcw & ASSUMED_CONTROL;
    this.#topAtEntry = f.variable('i32');
    this.#tags = f.variable('i32');
    this.#moved = f.variable('i32');
    this.#lost = f.variable('i64');
    this.#up = f.variable('i32');
    this.#conditions = f.variable('i32');
    this.#noted = f.variable('i32');
    this.#operand = f.variable('i64');
    this.#deltas.set(options.region.entry, 0);
  }

  /** Code in place of a helper's call: its result, or 0. */
  call(name: HelperName, operands: readonly IrValue[]): IrValue | undefined {
    const [first, second] = operands as [IrValue, IrValue];
    if (name === 'x87Store') return this.#store(first, second);
    if (name === 'x87CompareFlags') return this.#instructions.compareFlags(first, second);
    const effect = name === 'x87StoreEnd' ? (pops: IrValue) => this.#storeEnd(pops) : this.#effects[name];
    if (effect === undefined) return undefined;
    effect(...(operands as [IrValue]));
    return this.i32(0);
  }

  #store(kind: IrValue, truncate: IrValue): IrValue {
    const x87 = this.#instructions;
    const isStored = 1n << 32n;
    if (this.f.constantOf(kind) !== X87_MEMORY.f80) {
      const { bits, lost, up } = x87.stored(kind, truncate);
      this.#stored = { lost, up, upper: this.i64(isStored) };
      return bits;
    }
    const { significand, word } = x87.storedExtended();
    const upper = this.with64('or', this.op('i64.extend_i32_u', word), isStored);
    this.#stored = { lost: this.i64(0), up: this.i32(0), upper };
    return significand;
  }
  #storeEnd(pops: IrValue): void {
    this.report(this.#stored as Stored);
    this.#stored = undefined;
    this.when(pops, () => this.pop());
  }

  // Fields of the CPU block that are kept here.

  readState(name: CpuFieldName, index: number): IrValue | undefined {
    if (name === 'fsw') return this.status();
    if (name === 'ftop') return this.#topAfter(this.i32(this.#delta));
    return name === 'scratch' && index === 1 ? this.#stored?.upper : undefined;
  }
  /** True where a field of the CPU block is written when the region is left. */
  writeState(name: CpuFieldName, value: IrValue, offset: number): boolean {
    if (name === 'fip') this.#notedHere = offset;
    else if (name === 'fdp') this.f.set(this.#operand, value);
    else return name === 'fcs';
    return true;
  }

  // The ways through the region.

  enterBlock(offset: number): void {
    this.#delta = this.#deltas.get(offset) ?? 0;
    this.#deltas.set(offset, this.#delta);
    this.#held = [];
    this.#full = this.#empty = this.#normal = 0;
    this.#wasFull = this.#wasEmpty = this.#filled = this.#freed = 0;
    this.#isControlKnown = true;
    this.#notedHere = undefined;
  }
  /** Whether some way to a block is known, and with it what its TOP is. */
  isReached(offset: number): boolean {
    return this.#deltas.has(offset);
  }
  /** Whether TOP is here what it is where a block begins. */
  mayGoTo(offset: number): boolean {
    const delta = this.#deltas.get(offset);
    if (delta === undefined) this.#deltas.set(offset, this.#delta);
    return delta === undefined || delta === this.#delta;
  }
  /** Blocks begin with the control word that the region is compiled for. */
  confirmControl(leave: () => void): void {
    if (!this.#isControlKnown) this.#unless(this.#isAssumedControl(), leave);
  }
  /** Puts what is known of the block into variables. */
  materialize(): void {
    const { f } = this;
    const filled = this.#filled & ~this.#wasFull;
    const freed = this.#freed & ~this.#wasEmpty;
    if ((filled | freed) !== 0)
      f.set(this.#tags, this.with32('and', this.with32('or', f.get(this.#tags), filled), ~freed));
    if (this.#notedHere !== undefined) f.set(this.#noted, this.i32(this.#notedHere - this.#options.region.entry));
  }
  leave(): void {
    this.materialize();
    this.f.set(this.#moved, this.i32(this.#delta));
  }

  #topAfter(moved: IrValue): IrValue {
    return this.with32('and', this.op('i32.add', this.f.get(this.#topAtEntry), moved), 7);
  }
  /** Address of a register less that of the first one's fields. */
  #place(k: number): IrValue {
    return this.with32('shl', this.#topAfter(this.i32(k)), REGISTER_SHIFT);
  }
  #address(name: CpuFieldName, index = 0): IrValue {
    const { offset, stride } = CPU_FIELDS[name];
    return this.i32(this.block + offset + index * stride);
  }

  /** Loads what the region uses; to be emitted when everything else is. */
  emitEntry(): void {
    const { f } = this;
    const top = this.state('ftop');
    f.set(this.#topAtEntry, top);
    this.#registers.forEach((register, k) => {
      if (register === undefined) return;
      const place = this.#place(k);
      f.set(register.significand, f.load('i64.load', place, this.block + fprSignificand.offset));
      f.set(register.word, f.load('i32.load', place, this.block + fprExponent.offset));
    });
    const tags = this.state('ftag');
    const twice = this.op('i32.or', tags, this.with32('shl', tags, 8));
    f.set(this.#tags, this.with32('and', this.op('i32.shr_u', twice, top), 0xff));
    const status = this.state('fsw');
    f.set(this.#up, this.with32('and', this.with32('shr_u', status, Math.log2(C1)), 1));
    f.set(this.#conditions, this.with32('and', status, CONDITIONS));
    f.set(this.#lost, this.i64(0));
    f.set(this.#noted, this.i32(NOTHING));
    f.set(this.#operand, f.load('i64.load', this.#address('fdp'), 0));
    f.set(this.#moved, this.i32(0));
  }
  /** Leaves where the control word is another, or an error waits. */
  checkEntry(leave: () => void): void {
    this.enterBlock(this.#options.region.entry);
    const pending = this.with32('and', this.state('fsw'), ERROR_SUMMARY);
    this.#unless(this.op('i32.gt_u', this.#isAssumedControl(), pending), leave);
  }
  #isAssumedControl(): IrValue {
    return this.with32('eq', this.with32('and', this.state('fcw'), ASSUMED_CONTROL), this.#assumed);
  }

  /** Stores what the region may have changed. */
  emitStores(): void {
    const { f } = this;
    this.#registers.forEach((register, k) => {
      if (register === undefined || (this.#written & (1 << k)) === 0) return;
      const place = this.#place(k);
      f.store('i64.store', place, this.block + fprSignificand.offset, f.get(register.significand));
      f.store('i32.store', place, this.block + fprExponent.offset, f.get(register.word));
    });
    const tags = this.op('i32.shl', f.get(this.#tags), f.get(this.#topAtEntry));
    this.setState('ftag', this.with32('and', this.op('i32.or', tags, this.with32('shr_u', tags, 8)), 0xff));
    this.setState('fsw', this.status());
    this.setState('ftop', this.#topAfter(f.get(this.#moved)));
    f.store('i64.store', this.#address('fdp'), 0, f.get(this.#operand));
    const noted = f.get(this.#noted);
    this.when(this.with32('ne', noted, NOTHING), () => {
      const start = f.load('i64.load', this.#address('regionStart'), 0);
      const place = this.op('i64.add', start, this.op('i64.extend_i32_s', noted));
      const inCode = this.#options.wide ? place : this.with64('and', place, 0xffff_ffffn);
      f.store('i64.store', this.#address('fip'), 0, inCode);
      const selector = f.load('i32.load', this.#address('segmentSelector', SEGMENT_INDEX.cs), 0);
      f.store('i32.store', this.#address('fcs'), 0, selector);
    });
  }

  // X87File.

  #unless(condition: IrValue, leave: () => void): void {
    const { f } = this;
    const [fine, other] = [f.block(), f.block()];
    f.branch(condition, fine, other, true);
    f.enter(other);
    leave();
    f.enter(fine);
  }
  slowly(condition: IrValue): void {
    if (this.f.constantOf(condition) !== 0) this.#unless(this.op('i32.eqz', condition), this.#options.slow);
  }

  slot(i: IrValue): number {
    return (this.#delta + Number(this.f.constantOf(i))) & 7;
  }
  #register(k: number): Register {
    const known = this.#registers[k];
    if (known !== undefined) return known;
    const fresh = { significand: this.f.variable('i64'), word: this.f.variable('i32') };
    this.#registers[k] = fresh;
    return fresh;
  }
  read(k: number): FloatParts {
    let held = this.#held[k];
    if (held === undefined) {
      const { significand, word } = this.#register(k);
      held = { significand: this.f.get(significand), word: this.f.get(word) };
      this.#held[k] = held;
    }
    return { ...held, isNormalOrZero: (this.#normal & (1 << k)) !== 0 };
  }
  write(k: number, { significand, word, isNormalOrZero }: FloatParts): void {
    const bit = 1 << k;
    const register = this.#register(k);
    this.f.set(register.significand, significand);
    this.f.set(register.word, word);
    this.#held[k] = { significand, word };
    this.#normal = isNormalOrZero ? this.#normal | bit : this.#normal & ~bit;
    this.#written |= bit;
    this.#full |= bit;
    this.#empty &= ~bit;
    this.#filled |= bit;
    this.#freed &= ~bit;
  }
  push(): number {
    this.#delta--;
    return this.#delta & 7;
  }
  pop(): void {
    const bit = 1 << (this.#delta & 7);
    this.#full &= ~bit;
    this.#empty |= bit;
    this.#freed |= bit;
    this.#filled &= ~bit;
    this.#delta++;
  }

  requireFull(...slots: number[]): void {
    const needed = slots.reduce((mask, k) => mask | (1 << k), 0);
    const unknown = needed & ~this.#full & ~this.#empty;
    if ((needed & this.#empty) !== 0) this.slowly(this.i32(1));
    if (unknown === 0) return;
    this.slowly(this.with32('ne', this.with32('and', this.f.get(this.#tags), unknown), unknown));
    this.#wasFull |= unknown;
    this.#full |= unknown;
  }
  requireEmpty(k: number): void {
    const bit = 1 << k;
    if ((this.#full & bit) !== 0) this.slowly(this.i32(1));
    if (((this.#full | this.#empty) & bit) !== 0) return;
    this.slowly(this.with32('and', this.f.get(this.#tags), bit));
    this.#wasEmpty |= bit;
    this.#empty |= bit;
  }
  requireControl(isNearest: boolean): void {
    if (this.#isControlKnown) return;
    if (isNearest) this.slowly(this.op('i32.eqz', this.#isAssumedControl()));
    else this.slowly(this.op('i32.eqz', this.with32('and', this.state('fcw'), PRECISION_FLAG)));
    this.#isControlKnown = isNearest;
  }
  requireNormal(number: FloatParts, k?: number): void {
    if (number.isNormalOrZero) return;
    this.checkNormalOrZero(number);
    if (k !== undefined) this.#normal |= 1 << k;
  }

  rounding(): IrValue {
    return this.#isControlKnown ? this.i32(0) : this.with32('and', this.state('fcw'), ROUNDING);
  }
  isExtended(): IrValue {
    return this.i32(this.#assumed & PRECISION_64);
  }
  setControl(fcw: IrValue): void {
    this.setState('fcw', fcw);
    this.#isControlKnown = false;
  }

  status(): IrValue {
    const { f } = this;
    const inexact = this.with32('shl', this.with64('ne', f.get(this.#lost), 0), Math.log2(PRECISION_FLAG));
    const flags = this.op('i32.or', inexact, this.with32('shl', f.get(this.#up), Math.log2(C1)));
    const others = this.with32('and', this.state('fsw'), ~(C1 | CONDITIONS));
    return this.op('i32.or', this.op('i32.or', flags, f.get(this.#conditions)), others);
  }
  clearC1(): void {
    this.f.set(this.#up, this.i32(0));
  }
  report({ lost, up }: Rounding): void {
    this.f.set(this.#lost, this.op('i64.or', this.f.get(this.#lost), lost));
    this.f.set(this.#up, up);
  }
  setConditions(codes: IrValue): void {
    this.f.set(this.#conditions, codes);
    this.clearC1();
  }
}
