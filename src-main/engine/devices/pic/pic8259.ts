// One 8259A interrupt controller: priority resolver, modes and command words. The pair and its ports are in
// `pic.ts`. Reference: Intel 8259A datasheet (231468), "Programming the 8259A", tables of ICW and OCW.

import { bool, nested, type StateOf, u8 } from '../../snapshot/fields.ts';

export const CHIP_FIELDS = {
  irr: u8(),
  isr: u8(),
  imr: u8(),
  /** Levels of IR0 to IR7, for edge detection. */
  lines: u8(),
  /** Level-triggered inputs (ELCR). */
  elcr: u8(),
  vectorBase: u8(),
  /** The next ICW expected at A0 = 1: 0 none, 2, 3 or 4. */
  nextIcw: u8(),
  icw1: u8(),
  autoEoi: bool(),
  rotateOnAutoEoi: bool(),
  specialMask: bool(),
  specialFullyNested: bool(),
  readIsr: bool(),
  poll: bool(),
  /** IR input of the lowest priority. */
  lowest: u8(7),
};

export const CHIP = nested(CHIP_FIELDS);
export type ChipState = StateOf<typeof CHIP_FIELDS>;

const ICW1_IC4 = 0x01;
const ICW1_SNGL = 0x02;
const ICW1_LTIM = 0x08;
const ICW1_MARK = 0x10;
const ICW4_AEOI = 0x02;
const ICW4_SFNM = 0x10;
const OCW3_MARK = 0x08;
const OCW3_RIS = 0x01;
const OCW3_RR = 0x02;
const OCW3_POLL = 0x04;
const OCW3_SMM = 0x20;
const OCW3_ESMM = 0x40;

export class Pic8259 {
  readonly state: ChipState;
  /** On the master, IR2 carries the slave; its request follows the slave's INT output as a level. */
  private readonly cascade: number;

  constructor(state: ChipState, cascade: number) {
    this.state = state;
    this.cascade = cascade;
  }

  setLine(irq: number, level: boolean): void {
    const s = this.state;
    const mask = 1 << irq;
    if (this.isLevel(mask)) {
      if (level) s.irr |= mask;
      else s.irr &= ~mask;
    } else if (level && (s.lines & mask) === 0) {
      s.irr |= mask;
    }
    if (level) s.lines |= mask;
    else s.lines &= ~mask;
  }

  /** Highest-priority request that may interrupt now, or -1. */
  request(): number {
    const s = this.state;
    const requests = s.irr & ~s.imr;
    if (requests === 0) return -1;
    let serviced = s.isr;
    if (s.specialMask) serviced &= ~s.imr;
    if (s.specialFullyNested) serviced &= ~this.cascade;
    for (let i = 1; i <= 8; i++) {
      const irq = (s.lowest + i) & 7;
      if ((serviced >>> irq) & 1) return -1;
      if ((requests >>> irq) & 1) return irq;
    }
    return -1;
  }

  /** INTA for `irq`: request to service, or past it with automatic EOI. */
  acknowledge(irq: number): void {
    const s = this.state;
    const mask = 1 << irq;
    if (!this.isLevel(mask)) s.irr &= ~mask;
    if (!s.autoEoi) s.isr |= mask;
    else if (s.rotateOnAutoEoi) s.lowest = irq;
  }

  readCommand(): number {
    return this.state.readIsr ? this.state.isr : this.state.irr;
  }

  writeCommand(value: number): void {
    if (value & ICW1_MARK) this.writeIcw1(value);
    else if (value & OCW3_MARK) this.writeOcw3(value);
    else this.writeOcw2(value);
  }

  writeData(value: number): void {
    const s = this.state;
    if (s.nextIcw === 0) {
      s.imr = value;
    } else if (s.nextIcw === 2) {
      s.vectorBase = value & 0xf8;
      s.nextIcw = s.icw1 & ICW1_SNGL ? this.icwAfter3() : 3;
    } else if (s.nextIcw === 3) {
      s.nextIcw = this.icwAfter3();
    } else {
      s.autoEoi = (value & ICW4_AEOI) !== 0;
      s.specialFullyNested = (value & ICW4_SFNM) !== 0;
      s.nextIcw = 0;
    }
  }

  private icwAfter3(): number {
    return this.state.icw1 & ICW1_IC4 ? 4 : 0;
  }

  private isLevel(mask: number): boolean {
    return ((this.state.elcr | this.cascade) & mask) !== 0 || (this.state.icw1 & ICW1_LTIM) !== 0;
  }

  private writeIcw1(value: number): void {
    const s = this.state;
    s.icw1 = value;
    s.nextIcw = 2;
    // The edge sense circuit starts anew: only inputs that are followed by level still request.
    s.irr = s.lines & (value & ICW1_LTIM ? 0xff : s.elcr | this.cascade);
    s.isr = 0;
    s.imr = 0;
    s.lowest = 7;
    s.autoEoi = false;
    s.rotateOnAutoEoi = false;
    s.specialMask = false;
    s.specialFullyNested = false;
    s.readIsr = false;
    s.poll = false;
  }

  private writeOcw3(value: number): void {
    const s = this.state;
    if (value & OCW3_ESMM) s.specialMask = (value & OCW3_SMM) !== 0;
    if (value & OCW3_POLL) s.poll = true;
    else if (value & OCW3_RR) s.readIsr = (value & OCW3_RIS) !== 0;
  }

  private writeOcw2(value: number): void {
    const s = this.state;
    const irq = value & 7;
    switch (value >>> 5) {
      case 0: // rotate in automatic EOI mode (clear)
        s.rotateOnAutoEoi = false;
        break;
      case 1: // non-specific EOI
        this.endOfInterrupt(this.highestServiced(), false);
        break;
      case 3: // specific EOI
        this.endOfInterrupt(irq, false);
        break;
      case 4: // rotate in automatic EOI mode (set)
        s.rotateOnAutoEoi = true;
        break;
      case 5: // rotate on non-specific EOI
        this.endOfInterrupt(this.highestServiced(), true);
        break;
      case 6: // set priority
        s.lowest = irq;
        break;
      case 7: // rotate on specific EOI
        this.endOfInterrupt(irq, true);
        break;
    }
  }

  private highestServiced(): number {
    const s = this.state;
    const serviced = s.specialMask ? s.isr & ~s.imr : s.isr;
    for (let i = 1; i <= 8; i++) {
      const irq = (s.lowest + i) & 7;
      if ((serviced >>> irq) & 1) return irq;
    }
    return -1;
  }

  private endOfInterrupt(irq: number, rotate: boolean): void {
    if (irq < 0) return;
    this.state.isr &= ~(1 << irq);
    if (rotate) this.state.lowest = irq;
  }
}
