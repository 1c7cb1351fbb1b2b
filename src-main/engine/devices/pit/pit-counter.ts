// One 8254 counter: its modes as functions of elapsed clock ticks, latches and byte access. It has no
// timer: the owner asks for the time of the next rising edge of OUT.
// Reference: Intel 8254 datasheet (231164), "Operational Description" and "Mode Definitions".

import { bool, f64, nested, type StateOf, u8, u32 } from '../../snapshot/fields.ts';

/** Input clock of the three counters. */
export const PIT_HZ = 1193182;
export const TICK_NS = 1e9 / PIT_HZ;

export const COUNTER_FIELDS = {
  mode: u8(),
  bcd: bool(),
  /** RW bits of the control word: 1 low byte, 2 high byte, 3 low then high. */
  access: u8(3),
  /** Ticks of a full count: 1 to 65536 (10000 in BCD). */
  count: u32(0x1_0000),
  /** Control word written, no count yet. */
  nullCount: bool(true),
  gate: bool(true),
  /** The counting element was loaded and has run from `startNs` on; `frozenTicks` ran before. */
  started: bool(),
  startNs: f64(),
  frozenTicks: f64(),
  running: bool(),
  /** Modes 2 and 3: a count written meanwhile, valid from `switchNs`. */
  nextCount: u32(),
  switchNs: f64(Infinity),
  writeLow: u8(),
  writeHighNext: bool(),
  readHighNext: bool(),
  latched: bool(),
  latch: u32(),
  statusLatched: bool(),
  statusLatch: u8(),
};

export const COUNTER = nested(COUNTER_FIELDS);
export type CounterState = StateOf<typeof COUNTER_FIELDS>;

const ACCESS_LOW = 1;
const ACCESS_HIGH = 2;

export class PitCounter {
  readonly state: CounterState;

  constructor(state: CounterState) {
    this.state = state;
  }

  writeControl(control: number): void {
    const s = this.state;
    s.access = (control >>> 4) & 3;
    const mode = (control >>> 1) & 7;
    s.mode = mode > 5 ? mode & 3 : mode; // 6 and 7 are 2 and 3
    s.bcd = (control & 1) !== 0;
    s.nullCount = true;
    s.started = false;
    s.running = false;
    s.frozenTicks = 0;
    s.switchNs = Infinity;
    s.writeHighNext = false;
    s.readHighNext = false;
    s.latched = false;
    s.statusLatched = false;
  }

  writeByte(value: number, now: number): void {
    const s = this.state;
    if (s.access === ACCESS_LOW) this.loadCount(value, now);
    else if (s.access === ACCESS_HIGH) this.loadCount(value << 8, now);
    else if (s.writeHighNext) {
      s.writeHighNext = false;
      this.loadCount(s.writeLow | (value << 8), now);
    } else {
      s.writeLow = value;
      s.writeHighNext = true;
      // Mode 0: the first byte stops counting and OUT goes low at once.
      if (s.mode === 0) this.stop();
    }
  }

  readByte(now: number): number {
    const s = this.state;
    if (s.statusLatched) {
      s.statusLatched = false;
      return s.statusLatch;
    }
    const value = s.latched ? s.latch : this.value(now);
    const high = s.access === ACCESS_HIGH || (s.access === 3 && s.readHighNext);
    if (s.access === 3) s.readHighNext = !s.readHighNext;
    if (s.latched && (s.access !== 3 || high)) s.latched = false;
    return high ? (value >>> 8) & 0xff : value & 0xff;
  }

  latchCount(now: number): void {
    const s = this.state;
    if (s.latched) return;
    s.latch = this.value(now);
    s.latched = true;
  }

  latchStatus(now: number): void {
    const s = this.state;
    if (s.statusLatched) return;
    const out = this.out(now) ? 0x80 : 0;
    s.statusLatch = out | (s.nullCount ? 0x40 : 0) | (s.access << 4) | (s.mode << 1) | (s.bcd ? 1 : 0);
    s.statusLatched = true;
  }

  setGate(level: boolean, now: number): void {
    const s = this.state;
    if (s.gate === level) return;
    this.switchCount(now);
    const rising = level;
    const ticks = this.ticks(now);
    s.gate = level;
    if (s.mode === 0 || s.mode === 4) {
      if (rising) this.resume(now);
      else {
        s.frozenTicks = ticks;
        s.running = false;
      }
    } else if (rising) {
      if (!s.nullCount) this.start(now);
    } else if (s.mode === 2 || s.mode === 3) {
      s.running = false;
      s.frozenTicks = 0;
    }
  }

  /** Level of OUT. */
  out(now: number): boolean {
    this.switchCount(now);
    const s = this.state;
    if (!s.started) return s.mode !== 0;
    const ticks = this.ticks(now);
    switch (s.mode) {
      case 0:
      case 1:
        return ticks >= s.count;
      case 2:
        return !s.running || ticks % s.count !== s.count - 1;
      case 3:
        return !s.running || ticks % s.count < (s.count + 1) >>> 1;
      default:
        return ticks !== s.count;
    }
  }

  /** Time of the first rising edge of OUT after `now`, or Infinity. */
  nextRisingEdge(now: number): number {
    this.switchCount(now);
    const s = this.state;
    if (!s.running) return Infinity;
    const ticks = this.ticks(now);
    let edge: number;
    if (s.mode === 2 || s.mode === 3) {
      edge = s.startNs + (Math.floor(ticks / s.count) + 1) * s.count * TICK_NS;
      if (edge <= now) edge += s.count * TICK_NS;
    } else {
      const target = s.count - s.frozenTicks + (s.mode >= 4 ? 1 : 0);
      edge = s.startNs + target * TICK_NS;
    }
    return edge > now ? edge : Infinity;
  }

  private stop(): void {
    this.state.started = false;
    this.state.running = false;
    this.state.frozenTicks = 0;
  }

  private loadCount(raw: number, now: number): void {
    const s = this.state;
    const decoded = s.bcd ? fromBcd4(raw) : raw;
    const count = decoded === 0 ? (s.bcd ? 10_000 : 0x1_0000) : decoded;
    this.switchCount(now);
    if ((s.mode === 2 || s.mode === 3) && s.running) {
      // The present period ends with the old count.
      s.nextCount = count;
      s.switchNs = this.nextRisingEdge(now);
      return;
    }
    const retriggered = s.mode === 1 || s.mode === 5;
    s.nullCount = false;
    if (retriggered && s.started) {
      // Takes effect with the next trigger; a shot under way keeps its length.
      s.nextCount = count;
      return;
    }
    s.count = count;
    s.nextCount = count;
    if (!retriggered) this.start(now);
  }

  private start(now: number): void {
    const s = this.state;
    if (s.mode === 1 || s.mode === 5) s.count = s.nextCount;
    s.frozenTicks = 0;
    s.started = true;
    s.running = s.gate;
    s.startNs = now + TICK_NS; // the load itself takes one clock
  }

  private resume(now: number): void {
    const s = this.state;
    s.running = s.started;
    s.startNs = now;
  }

  private switchCount(now: number): void {
    const s = this.state;
    if (now < s.switchNs) return;
    s.startNs = s.switchNs;
    s.count = s.nextCount;
    s.switchNs = Infinity;
  }

  private ticks(now: number): number {
    const s = this.state;
    if (!s.running) return s.frozenTicks;
    // The tolerance keeps an edge time computed from ticks on the right side of its own tick.
    const ran = Math.floor((now - s.startNs) / TICK_NS + 1e-4);
    return s.frozenTicks + (ran > 0 ? ran : 0);
  }

  /** The counting element as a read sees it. */
  private value(now: number): number {
    this.switchCount(now);
    const s = this.state;
    const modulus = s.bcd ? 10_000 : 0x1_0000;
    const ticks = this.ticks(now);
    let left: number;
    if (s.mode === 2) left = s.count - (ticks % s.count);
    else if (s.mode === 3) left = s.count - ((2 * (ticks % s.count)) % s.count);
    else left = s.started ? s.count - (ticks % modulus) + modulus : s.count;
    left %= modulus;
    return s.bcd ? toBcd4(left) : left;
  }
}

function fromBcd4(raw: number): number {
  return (raw >>> 12) * 1000 + ((raw >>> 8) & 15) * 100 + ((raw >>> 4) & 15) * 10 + (raw & 15);
}

function toBcd4(value: number): number {
  const digit = (unit: number) => Math.floor(value / unit) % 10;
  return (digit(1000) << 12) | (digit(100) << 8) | (digit(10) << 4) | digit(1);
}
