// The high precision event timer: a counter of 100 MHz and three comparators, two of which may stand in for the 8254 and
// the RTC. Interrupts go by lines, not by messages.
// Reference: IA-PC HPET Specification 1.0a, 2.3 (registers), 2.3.9 (comparators, periodic mode), 2.4.6 (legacy replacement).

import { extractBytes, insertBytes } from '../base/bits.ts';
import type { Timer } from '../base/clock.ts';
import type { IrqLine } from '../bus/irq-line.ts';
import { defineState } from '../snapshot/define-state.ts';
import { f64, list, nested, u32, u64 } from '../snapshot/fields.ts';
import type { Device, DeviceContext, Region, Width } from './device.ts';

export const HPET_BASE = 0xfed0_0000;
export const HPET_TIMERS = 3;
const BYTES = 0x400;

/** Of a tick; in femtoseconds it is what the capability register says. */
const TICK_NS = 10;
const PERIOD_FS = TICK_NS * 1_000_000;
/** Revision 1, three 64-bit timers, legacy replacement, Intel's vendor number. */
export const HPET_CAPABILITIES = 0x8086_a001 | ((HPET_TIMERS - 1) << 8);
/** Inputs of the I/O APIC that a timer can be routed to. */
export const HPET_ROUTES = [20, 21, 22, 23] as const;
const ROUTE_MASK = HPET_ROUTES.reduce((mask, input) => mask | (1 << input), 0) >>> 0;

const CAPABILITIES = 0x00;
const CONFIGURATION = 0x10;
const STATUS = 0x20;
const COUNTER = 0xf0;
const TIMERS = 0x100;
const TIMER_BYTES = 0x20;
const COMPARATOR = 0x08;

const ENABLE = 1;
const LEGACY_REPLACEMENT = 2;

const LEVEL = 1 << 1;
const INTERRUPT_ENABLE = 1 << 2;
const PERIODIC = 1 << 3;
const PERIODIC_CAPABLE = 1 << 4;
const WIDE = 1 << 5;
const SET_VALUE = 1 << 6;
const NARROW = 1 << 8;
const ROUTE_SHIFT = 9;
const WRITABLE = LEVEL | INTERRUPT_ENABLE | PERIODIC | SET_VALUE | NARROW | (31 << ROUTE_SHIFT);

const MASK_32 = 0xffff_ffffn;
const MASK_64 = 0xffff_ffff_ffff_ffffn;

const SPEC = defineState('hpet', 1, {
  configuration: u32(),
  status: u32(),
  /** The counter as it was when it was last started or stopped, and the time of that. */
  counter: u64(),
  sinceNs: f64(),
  timers: list(HPET_TIMERS, nested({ configuration: u32(), comparator: u64(MASK_64), period: u64() })),
});
type HpetState = ReturnType<typeof SPEC.create>;

export interface HpetOptions {
  /** The 8254 and the RTC are cut off from their interrupts while the timers stand in for them. */
  readonly onLegacyReplacement: (active: boolean) => void;
}

export class Hpet implements Device<HpetState> {
  readonly id = 'hpet';
  readonly spec = SPEC;
  readonly state = SPEC.create();
  readonly regions: readonly Region[] = [{ space: 'memory', base: HPET_BASE, length: BYTES }];
  private readonly context: DeviceContext;
  private readonly options: HpetOptions;
  private readonly alarms: readonly Timer[];
  /** By legacy place, then by input of the I/O APIC. */
  private readonly legacyLines: readonly IrqLine[];
  private readonly lines: ReadonlyMap<number, IrqLine>;

  constructor(context: DeviceContext, options: HpetOptions) {
    this.context = context;
    this.options = options;
    this.alarms = this.state.timers.map((_, index) => context.clock.timer(() => this.expired(index)));
    this.legacyLines = [context.irq('legacy0'), context.irq('legacy1')];
    this.lines = new Map(HPET_ROUTES.map((input) => [input, context.irq(`input${input}`)]));
  }

  read(_region: number, offset: number, width: Width): number {
    return extractBytes(this.word(offset & ~3), offset, width);
  }

  write(_region: number, offset: number, width: Width, value: number): void {
    const word = offset & ~3;
    const { state } = this;
    // Status bits act by being written as ones.
    const before = word === STATUS ? 0 : this.word(word);
    const whole = insertBytes(before, offset, width, value);
    if (word >= TIMERS) return this.writeTimer(word - TIMERS, whole);
    switch (word) {
      case CONFIGURATION:
        return this.configure(whole & (ENABLE | LEGACY_REPLACEMENT));
      case STATUS:
        state.status &= ~whole;
        return this.driveLevels();
      case COUNTER:
      case COUNTER + 4:
        // Only while it stands still.
        if ((state.configuration & ENABLE) === 0)
          state.counter = withHalf(state.counter, word === COUNTER, whole);
        return;
    }
  }

  reset(): void {
    SPEC.reset(this.state);
    for (const alarm of this.alarms) alarm.cancel();
    this.options.onLegacyReplacement(false);
    this.driveLevels();
  }

  afterRestore(): void {
    this.options.onLegacyReplacement((this.state.configuration & LEGACY_REPLACEMENT) !== 0);
    this.driveLevels();
    this.armAll();
  }

  private now(): bigint {
    const { configuration, counter, sinceNs } = this.state;
    if ((configuration & ENABLE) === 0) return counter;
    const ticks = Math.max(0, Math.floor((this.context.clock.nowNs() - sinceNs) / TICK_NS));
    return (counter + BigInt(ticks)) & MASK_64;
  }

  private word(word: number): number {
    const { state } = this;
    if (word >= TIMERS) return this.timerWord(word - TIMERS);
    switch (word) {
      case CAPABILITIES:
        return HPET_CAPABILITIES >>> 0;
      case CAPABILITIES + 4:
        return PERIOD_FS;
      case CONFIGURATION:
        return state.configuration;
      case STATUS:
        return state.status;
      case COUNTER:
        return half(this.now(), true);
      case COUNTER + 4:
        return half(this.now(), false);
      default:
        return 0;
    }
  }

  private timerWord(offset: number): number {
    const timer = this.state.timers[Math.floor(offset / TIMER_BYTES)];
    if (timer === undefined) return 0;
    switch (offset % TIMER_BYTES) {
      case 0:
        return timer.configuration | PERIODIC_CAPABLE | WIDE;
      case 4:
        return ROUTE_MASK;
      case COMPARATOR:
        return half(timer.comparator, true);
      case COMPARATOR + 4:
        return half(timer.comparator, false);
      default:
        return 0;
    }
  }

  private configure(value: number): void {
    const { state } = this;
    state.counter = this.now();
    state.sinceNs = this.context.clock.nowNs();
    const changed = state.configuration ^ value;
    state.configuration = value;
    if ((changed & LEGACY_REPLACEMENT) !== 0) {
      this.driveLevels();
      this.options.onLegacyReplacement((value & LEGACY_REPLACEMENT) !== 0);
    }
    this.armAll();
  }

  private writeTimer(offset: number, value: number): void {
    const index = Math.floor(offset / TIMER_BYTES);
    const timer = this.state.timers[index];
    if (timer === undefined) return;
    const register = offset % TIMER_BYTES;
    if (register === 0) {
      timer.configuration = value & WRITABLE;
      this.driveLevels();
    } else if (register === COMPARATOR || register === COMPARATOR + 4)
      this.writeComparator(timer, register === COMPARATOR, value);
    else return;
    this.arm(index);
  }

  /** In periodic mode a write sets the period, and the comparator only where that was asked for. */
  private writeComparator(timer: HpetState['timers'][number], low: boolean, value: number): void {
    const isPeriodic = (timer.configuration & PERIODIC) !== 0;
    if (isPeriodic) timer.period = withHalf(timer.period, low, value);
    if (isPeriodic && (timer.configuration & SET_VALUE) === 0) return;
    timer.comparator = withHalf(timer.comparator, low, value);
    if ((timer.configuration & NARROW) !== 0) timer.comparator &= MASK_32;
    // A 64-bit comparator takes two writes.
    if (!low || (timer.configuration & NARROW) !== 0) timer.configuration &= ~SET_VALUE;
  }

  private armAll(): void {
    for (let index = 0; index < HPET_TIMERS; index++) this.arm(index);
  }

  private arm(index: number): void {
    const timer = this.state.timers[index]!;
    const alarm = this.alarms[index]!;
    if ((this.state.configuration & ENABLE) === 0) {
      alarm.cancel();
      return;
    }
    const now = this.now();
    const mask = (timer.configuration & NARROW) !== 0 ? MASK_32 : MASK_64;
    // What has passed comes again when the counter has gone around.
    const distance = (timer.comparator - now) & mask;
    const ticks = Number(distance === 0n ? mask : distance);
    alarm.arm(this.context.clock.nowNs() + Math.min(ticks * TICK_NS, Number.MAX_SAFE_INTEGER));
  }

  private expired(index: number): void {
    const timer = this.state.timers[index]!;
    const mask = (timer.configuration & NARROW) !== 0 ? MASK_32 : MASK_64;
    if ((timer.configuration & PERIODIC) !== 0 && timer.period > 0n) {
      // When the host is late, missed periods are left out.
      const late = (this.now() - timer.comparator) & mask;
      timer.comparator = (timer.comparator + timer.period * (late / timer.period + 1n)) & mask;
    }
    this.interrupt(index);
    this.arm(index);
  }

  private interrupt(index: number): void {
    const { configuration } = this.state.timers[index]!;
    if ((configuration & LEVEL) !== 0) {
      this.state.status |= 1 << index;
      this.driveLevels();
    } else if ((configuration & INTERRUPT_ENABLE) !== 0) {
      const line = this.line(index);
      line?.set(true);
      line?.set(false);
    }
  }

  private line(index: number): IrqLine | undefined {
    const { configuration, timers } = this.state;
    const legacy = (configuration & LEGACY_REPLACEMENT) !== 0 ? this.legacyLines[index] : undefined;
    return legacy ?? this.lines.get((timers[index]!.configuration >>> ROUTE_SHIFT) & 31);
  }

  private driveLevels(): void {
    const high = new Set<IrqLine>();
    this.state.timers.forEach(({ configuration }, index) => {
      const wanted = INTERRUPT_ENABLE | LEVEL;
      const line = this.line(index);
      if ((configuration & wanted) === wanted && (this.state.status >>> index) & 1 && line) high.add(line);
    });
    for (const line of [...this.legacyLines, ...this.lines.values()]) line.set(high.has(line));
  }
}

function half(value: bigint, low: boolean): number {
  return Number((low ? value : value >> 32n) & MASK_32);
}

function withHalf(value: bigint, low: boolean, word: number): bigint {
  const part = BigInt(word >>> 0);
  return low ? (value & ~MASK_32) | part : (value & MASK_32) | (part << 32n);
}
