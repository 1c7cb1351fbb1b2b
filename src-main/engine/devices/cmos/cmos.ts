// Real-time clock and CMOS memory of a PC, ports 70h and 71h; IRQ 8 is the pin 'irq'. Time is the host's
// wall clock plus an offset that the guest moves by setting the clock.
// Reference: MC146818A datasheet (registers A to D, update cycle); PIIX3 (290550), section 2.5.8 (NMI mask).

import type { Timer } from '../../base/clock.ts';
import type { IrqLine } from '../../bus/irq-line.ts';
import { defineState } from '../../snapshot/define-state.ts';
import { bytes, f64, kept, u8 } from '../../snapshot/fields.ts';
import type { Device, DeviceContext, Region, Width } from '../device.ts';
import {
  decodeHours,
  decodeTime,
  encodeTime,
  RTC_CENTURY,
  RTC_HOURS,
  RTC_MINUTES,
  RTC_SECONDS,
  RTC_YEAR,
} from './calendar.ts';

export const CMOS_BYTES = 128;

const SPEC = defineState('cmos', 1, {
  index: u8(),
  ram: kept(bytes(CMOS_BYTES)),
  /** Guest's clock minus the host's UTC clock. */
  offsetMs: kept(f64()),
  /** Guest time from which the periodic interrupt is counted. */
  periodicStartNs: f64(),
  /** Periods and seconds up to which register C has been told. */
  periodsSeen: f64(),
  secondSeen: f64(),
});
type CmosState = ReturnType<typeof SPEC.create>;

const DATA = 1;
const ALARM_SECONDS = 1;
const ALARM_MINUTES = 3;
const ALARM_HOURS = 5;
const REGISTER_A = 10;
const REGISTER_B = 11;
const REGISTER_C = 12;
const REGISTER_D = 13;

const A_UIP = 0x80;
const A_DIVIDER_32768 = 0x20;
const B_SET = 0x80;
const B_PIE = 0x40;
const B_AIE = 0x20;
const B_UIE = 0x10;
const C_IRQF = 0x80;
const C_PF = 0x40;
const C_AF = 0x20;
const C_UF = 0x10;
const D_VRT = 0x80;
/** From here on it is memory and no clock. */
export const NVRAM_BASE = REGISTER_D + 1;
/** Alarm bytes from C0h on match everything. */
const DONT_CARE = 0xc0;
/** The update takes 1984 us and UIP rises 244 us before it. */
const UIP_MS = 2.228;

export interface CmosOptions {
  /** Added to the host's UTC: the time zone for guests that expect local time, or a date chosen by the user. */
  readonly offsetMs?: number;
  /** What firmware left in the CMOS memory: register and value. */
  readonly nvram?: Iterable<readonly [register: number, value: number]>;
  /** The guest has changed a byte of it, or all came out of a saved state. */
  readonly onNvramChange?: () => void;
}

export class Cmos implements Device<CmosState> {
  readonly id = 'cmos';
  readonly spec = SPEC;
  readonly state = SPEC.create();
  readonly regions: readonly Region[] = [{ space: 'port', base: 0x70, length: 2, maxWidth: 1 }];
  private readonly context: DeviceContext;
  private readonly onNvramChange: () => void;
  private readonly irq: IrqLine;
  private readonly periodicTimer: Timer;
  private readonly updateTimer: Timer;

  constructor(context: DeviceContext, options: CmosOptions = {}) {
    this.context = context;
    this.onNvramChange = options.onNvramChange ?? (() => {});
    this.irq = context.irq('irq');
    this.periodicTimer = context.clock.timer(() => this.poll());
    this.updateTimer = context.clock.timer(() => this.poll());
    const { ram } = this.state;
    ram[REGISTER_A] = A_DIVIDER_32768 | 6;
    ram[REGISTER_B] = 0x02;
    this.state.offsetMs = options.offsetMs ?? 0;
    for (const [register, value] of options.nvram ?? []) this.setNvram(register, value);
    this.restartFlags();
  }

  /** Port 70h bit 7 keeps NMI from the processor. */
  get nmiMasked(): boolean {
    return (this.state.index & 0x80) !== 0;
  }

  /** All battery-backed bytes behind the clock's registers, for keeping them between runs. */
  nvramBytes(): Uint8Array {
    return this.state.ram.slice(NVRAM_BASE);
  }

  /** One of them, for firmware set-up. */
  nvram(register: number): number {
    return this.state.ram[register & 0x7f]!;
  }

  setNvram(register: number, value: number): void {
    if ((register & 0x7f) >= NVRAM_BASE) this.state.ram[register & 0x7f] = value;
  }

  read(_region: number, offset: number, _width: Width): number {
    if (offset !== DATA) return 0xff;
    const { ram } = this.state;
    const index = this.state.index & 0x7f;
    if (isTime(index)) {
      if (!this.stopped()) encodeTime(ram, ram[REGISTER_B]!, this.timeMs());
      return ram[index]!;
    }
    if (index === REGISTER_A) return ram[REGISTER_A]! | (this.updateInProgress() ? A_UIP : 0);
    if (index === REGISTER_C) return this.readFlags();
    return index === REGISTER_D ? D_VRT : ram[index]!;
  }

  write(_region: number, offset: number, _width: Width, value: number): void {
    const { ram } = this.state;
    const index = this.state.index & 0x7f;
    if (offset !== DATA) {
      this.state.index = value;
    } else if (index === REGISTER_A) {
      this.changeControl(value & 0x7f, ram[REGISTER_B]!);
    } else if (index === REGISTER_B) {
      this.changeControl(ram[REGISTER_A]!, (value & B_SET) !== 0 ? value & ~B_UIE : value);
    } else if (isTime(index)) {
      this.writeTime(index, value);
    } else if (index !== REGISTER_C && index !== REGISTER_D) {
      const isNews = index >= NVRAM_BASE && ram[index] !== value;
      ram[index] = value;
      if (isNews) this.onNvramChange();
    }
  }

  /** RESET clears the interrupt enables and flags; time and memory live on the battery. */
  reset(): void {
    const { ram } = this.state;
    SPEC.reset(this.state);
    ram[REGISTER_B] = ram[REGISTER_B]! & ~(B_PIE | B_AIE | B_UIE | 0x08);
    ram[REGISTER_C] = 0;
    this.restartFlags();
    this.armTimers();
    this.irq.set(false);
  }

  afterRestore(): void {
    this.onNvramChange();
    this.armTimers();
    this.irq.set((this.state.ram[REGISTER_C]! & C_IRQF) !== 0);
  }

  private timeMs(): number {
    return this.context.clock.wallTimeMs() + this.state.offsetMs;
  }

  private stopped(): boolean {
    return (this.state.ram[REGISTER_B]! & B_SET) !== 0 || this.dividerReset(this.state.ram[REGISTER_A]!);
  }

  private dividerReset(registerA: number): boolean {
    return (registerA & 0x60) === 0x60;
  }

  private updateInProgress(): boolean {
    if (this.stopped()) return false;
    const time = this.timeMs();
    return time - Math.floor(time / 1000) * 1000 >= 1000 - UIP_MS;
  }

  private writeTime(index: number, value: number): void {
    const { ram } = this.state;
    if (this.stopped()) {
      ram[index] = value;
      return;
    }
    const now = this.timeMs();
    encodeTime(ram, ram[REGISTER_B]!, now);
    ram[index] = value;
    this.setTime(now - Math.floor(now / 1000) * 1000);
  }

  /** Makes the registers the present time, `phaseMs` into their second. */
  private setTime(phaseMs: number): void {
    const { ram } = this.state;
    const time = decodeTime(ram, ram[REGISTER_B]!) + phaseMs;
    if (Number.isFinite(time)) this.state.offsetMs = time - this.context.clock.wallTimeMs();
    this.state.secondSeen = Math.floor(this.timeMs() / 1000);
  }

  private changeControl(registerA: number, registerB: number): void {
    const { ram } = this.state;
    this.collectFlags();
    const wasStopped = this.stopped();
    const leavesDividerReset = this.dividerReset(ram[REGISTER_A]!) && !this.dividerReset(registerA);
    if (!wasStopped) encodeTime(ram, ram[REGISTER_B]!, this.timeMs());
    if ((registerA & 0x0f) !== (ram[REGISTER_A]! & 0x0f)) {
      this.state.periodicStartNs = this.context.clock.nowNs();
      this.state.periodsSeen = 0;
    }
    ram[REGISTER_A] = registerA;
    ram[REGISTER_B] = registerB;
    // The first update follows half a second after the divider starts again.
    if (wasStopped && !this.stopped()) this.setTime(leavesDividerReset ? 500 : 0);
    this.updateIrq();
    this.armTimers();
  }

  private readFlags(): number {
    this.collectFlags();
    const flags = this.state.ram[REGISTER_C]!;
    this.state.ram[REGISTER_C] = 0;
    this.irq.set(false);
    return flags;
  }

  /** A timer was due: tell register C and go on. */
  private poll(): void {
    this.collectFlags();
    this.updateIrq();
    this.armTimers();
  }

  /** Sets the flags of everything that has happened since the last look. */
  private collectFlags(): void {
    const { ram } = this.state;
    const periods = this.periodsElapsed();
    if (periods > this.state.periodsSeen) ram[REGISTER_C] = ram[REGISTER_C]! | C_PF;
    this.state.periodsSeen = periods;
    if (this.stopped()) return;
    const second = Math.floor(this.timeMs() / 1000);
    if (second > this.state.secondSeen) {
      ram[REGISTER_C] = ram[REGISTER_C]! | C_UF | (this.alarmMatches(second) ? C_AF : 0);
    }
    this.state.secondSeen = second;
  }

  private updateIrq(): void {
    const { ram } = this.state;
    const flags = ram[REGISTER_C]! & (C_PF | C_AF | C_UF);
    const active = (flags & ram[REGISTER_B]!) !== 0;
    ram[REGISTER_C] = active ? flags | C_IRQF : flags;
    this.irq.set(active);
  }

  private alarmMatches(second: number): boolean {
    const { ram } = this.state;
    const registerB = ram[REGISTER_B]!;
    const now = new Uint8Array(128);
    encodeTime(now, registerB, second * 1000);
    const hours = ram[ALARM_HOURS]!;
    return (
      matches(ram[ALARM_SECONDS]!, now[RTC_SECONDS]!) &&
      matches(ram[ALARM_MINUTES]!, now[RTC_MINUTES]!) &&
      ((hours & DONT_CARE) === DONT_CARE ||
        decodeHours(hours, registerB) === decodeHours(now[RTC_HOURS]!, registerB))
    );
  }

  /** Rate bits 1 and 2 mean 256 and 128 Hz with the 32768 Hz crystal; the others halve from 8192 Hz on. */
  private periodNs(): number {
    const rate = this.state.ram[REGISTER_A]! & 0x0f;
    if (rate === 0) return Infinity;
    return (2 ** ((rate < 3 ? rate + 7 : rate) - 1) / 32768) * 1e9;
  }

  private periodsElapsed(): number {
    const period = this.periodNs();
    if (period === Infinity) return 0;
    return Math.floor((this.context.clock.nowNs() - this.state.periodicStartNs) / period + 1e-6);
  }

  private armTimers(): void {
    const registerB = this.state.ram[REGISTER_B]!;
    const period = this.periodNs();
    if ((registerB & B_PIE) !== 0 && period !== Infinity) {
      const next = this.state.periodicStartNs + (this.periodsElapsed() + 1) * period;
      const now = this.context.clock.nowNs();
      this.periodicTimer.arm(next > now ? next : now + period);
    } else {
      this.periodicTimer.cancel();
    }
    if ((registerB & (B_UIE | B_AIE)) !== 0 && !this.stopped()) {
      const time = this.timeMs();
      const toNextSecond = (Math.floor(time / 1000) + 1) * 1000 - time;
      this.updateTimer.arm(this.context.clock.nowNs() + Math.ceil(toNextSecond * 1e6));
    } else {
      this.updateTimer.cancel();
    }
  }

  private restartFlags(): void {
    this.state.periodicStartNs = this.context.clock.nowNs();
    this.state.periodsSeen = 0;
    this.state.secondSeen = Math.floor(this.timeMs() / 1000);
  }
}

function isTime(index: number): boolean {
  return (
    index === RTC_CENTURY ||
    (index <= RTC_YEAR && index !== ALARM_SECONDS && index !== ALARM_MINUTES && index !== ALARM_HOURS)
  );
}

function matches(alarm: number, now: number): boolean {
  return (alarm & DONT_CARE) === DONT_CARE || alarm === now;
}
