// The 8254 interval timer of a PC, ports 40h to 43h, with the parts of port 61h that belong to it: speaker
// gate and data, OUT2, refresh toggle. OUT0 is the pin 'irq'.
// Reference: Intel 8254 datasheet (231164); PIIX3 (290550), section 2.5.5 (NMI status and control, 61h).

import type { Timer } from '../../base/clock.ts';
import type { IrqLine } from '../../bus/irq-line.ts';
import { defineState, migration } from '../../snapshot/define-state.ts';
import { bool, f64, list, u8 } from '../../snapshot/fields.ts';
import type { Device, DeviceContext, Region, Width } from '../device.ts';
import { COUNTER, PIT_HZ, PitCounter } from './pit-counter.ts';

const FIELDS_1 = {
  counters: list(3, COUNTER),
  /** Bits 0 to 3 of port 61h. */
  port61: u8(),
  /** Next rising edge of OUT0; Infinity when none comes. */
  edgeNs: f64(Infinity),
};
const SPEC = defineState('pit', 2, {
  ...FIELDS_1,
  /** The interrupt line as it was last driven: it falls only together with the next rise. */
  line: bool(),
}, {
  migrations: { 1: migration(FIELDS_1, (old) => ({ ...old, line: old.edgeNs !== Infinity })) },
});
type PitState = ReturnType<typeof SPEC.create>;

const CONTROL = 3;
const PORT61_REGION = 1;
const GATE2 = 0x01;
const SPEAKER_DATA = 0x02;
const REFRESH_TOGGLE = 0x10;
const OUT2 = 0x20;
const REFRESH_NS = 15_085;

export interface PitOptions {
  /** Hears the speaker's tone whenever it changes; 0 is silence. */
  readonly onSpeaker?: (hertz: number) => void;
}

export class Pit implements Device<PitState> {
  readonly id = 'pit';
  readonly spec = SPEC;
  readonly state = SPEC.create();
  readonly regions: readonly Region[] = [
    { space: 'port', base: 0x40, length: 4, maxWidth: 1 },
    { space: 'port', base: 0x61, length: 1, maxWidth: 1 },
  ];
  private readonly context: DeviceContext;
  private readonly irq: IrqLine;
  private readonly timer: Timer;
  private readonly counters: readonly PitCounter[];
  private readonly onSpeaker: ((hertz: number) => void) | undefined;
  private tone = 0;

  constructor(context: DeviceContext, options: PitOptions = {}) {
    this.context = context;
    this.irq = context.irq('irq');
    this.timer = context.clock.timer(() => this.onEdge());
    this.onSpeaker = options.onSpeaker;
    this.counters = this.state.counters.map((counter) => new PitCounter(counter));
    this.powerOn();
  }

  read(region: number, offset: number, _width: Width): number {
    const now = this.context.clock.nowNs();
    if (region === PORT61_REGION) return this.readPort61(now);
    return offset === CONTROL ? 0xff : this.counters[offset]!.readByte(now);
  }

  write(region: number, offset: number, _width: Width, value: number): void {
    const now = this.context.clock.nowNs();
    if (region === PORT61_REGION) {
      this.state.port61 = value & 0x0f;
      this.counters[2]!.setGate((value & GATE2) !== 0, now);
      this.updateTone();
    } else if (offset === CONTROL) {
      this.writeControl(value, now);
    } else {
      this.counters[offset]!.writeByte(value, now);
      this.afterChange(offset, now);
    }
  }

  reset(): void {
    SPEC.reset(this.state);
    this.powerOn();
    this.timer.cancel();
    this.drive(false);
    this.updateTone();
  }

  afterRestore(): void {
    if (this.state.edgeNs === Infinity) this.timer.cancel();
    else this.timer.arm(this.state.edgeNs);
    this.irq.set(this.state.line);
    this.updateTone();
  }

  private powerOn(): void {
    this.state.counters[2]!.gate = false;
  }

  private writeControl(value: number, now: number): void {
    const select = value >>> 6;
    if (select === 3) {
      for (let i = 0; i < 3; i++) {
        if (((value >>> (i + 1)) & 1) === 0) continue;
        if ((value & 0x20) === 0) this.counters[i]!.latchCount(now);
        if ((value & 0x10) === 0) this.counters[i]!.latchStatus(now);
      }
      return;
    }
    const counter = this.counters[select]!;
    if ((value & 0x30) === 0) {
      counter.latchCount(now);
      return;
    }
    counter.writeControl(value);
    this.afterChange(select, now);
  }

  private afterChange(index: number, now: number): void {
    if (index === 0) {
      this.drive(this.counters[0]!.out(now));
      this.armEdge(now);
    } else if (index === 2) {
      this.updateTone();
    }
  }

  private drive(level: boolean): void {
    this.state.line = level;
    this.irq.set(level);
  }

  private armEdge(now: number): void {
    this.state.edgeNs = this.counters[0]!.nextRisingEdge(now);
    if (this.state.edgeNs === Infinity) this.timer.cancel();
    else this.timer.arm(this.state.edgeNs);
  }

  /**
   * Only rising edges have a timer; the fall before one is driven together with it. Edges that a late
   * host missed are gone, as interrupts lost to a masked processor would be.
   */
  private onEdge(): void {
    this.drive(false);
    this.drive(true);
    this.armEdge(Math.max(this.context.clock.nowNs(), this.state.edgeNs));
  }

  private readPort61(now: number): number {
    const refresh = Math.floor(now / REFRESH_NS) & 1 ? REFRESH_TOGGLE : 0;
    return this.state.port61 | refresh | (this.counters[2]!.out(now) ? OUT2 : 0);
  }

  private updateTone(): void {
    const { mode, count, started } = this.state.counters[2]!;
    const both = GATE2 | SPEAKER_DATA;
    const audible = started && (mode === 2 || mode === 3) && (this.state.port61 & both) === both;
    const tone = audible ? PIT_HZ / count : 0;
    if (tone === this.tone) return;
    this.tone = tone;
    this.onSpeaker?.(tone);
  }
}
