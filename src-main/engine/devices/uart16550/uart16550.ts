// A 16550A serial port with FIFOs; its interrupt is the pin 'irq'. Characters leave at once; received ones
// are taken from the peer as the receiver has room, so nothing is lost.
// Reference: National PC16550D datasheet, section 8 (registers) and table IV (interrupt control).

import type { Timer } from '../../base/clock.ts';
import type { IrqLine } from '../../bus/irq-line.ts';
import { defineState } from '../../snapshot/define-state.ts';
import { bool, f64, fifo, u8, u16 } from '../../snapshot/fields.ts';
import type { Device, DeviceContext, Region, Width } from '../device.ts';

/** The other end of the serial cable. */
export interface SerialPeer {
  /** A character from the guest. */
  transmit(byte: number): void;
  /** The next character for the guest, or -1. Asked only when the receiver has room. */
  receive(): number;
  /** DTR and RTS changed. */
  modemControl?(dtr: boolean, rts: boolean): void;
}

const FIFO_SIZE = 16;

const SPEC = defineState('uart16550', 1, {
  ier: u8(),
  fcr: u8(),
  lcr: u8(),
  mcr: u8(),
  /** Error and break bits that the next LSR read clears. */
  lsrErrors: u8(),
  msr: u8(),
  scratch: u8(),
  divisor: u16(12),
  received: fifo(FIFO_SIZE),
  /** Transmitter-empty interrupt pending: cleared by reading IIR or writing THR. */
  thrInterrupt: bool(),
  timeoutNs: f64(Infinity),
  timedOut: bool(),
});
type UartState = ReturnType<typeof SPEC.create>;

const IER_RDA = 0x01;
const IER_THRE = 0x02;
const IER_RLS = 0x04;
const IER_MS = 0x08;
const IIR_NONE = 0x01;
const IIR_MS = 0x00;
const IIR_THRE = 0x02;
const IIR_RDA = 0x04;
const IIR_RLS = 0x06;
const IIR_TIMEOUT = 0x0c;
const IIR_FIFO = 0xc0;
const FCR_ENABLE = 0x01;
const FCR_CLEAR_RX = 0x02;
const LCR_DLAB = 0x80;
const MCR_DTR = 0x01;
const MCR_RTS = 0x02;
const MCR_OUT1 = 0x04;
const MCR_OUT2 = 0x08;
const MCR_LOOP = 0x10;
const LSR_DR = 0x01;
const LSR_OE = 0x02;
const LSR_BI = 0x10;
const LSR_ERRORS = 0x1e;
const LSR_THRE = 0x20;
const LSR_TEMT = 0x40;
const LSR_FIFO_ERROR = 0x80;
const MSR_DELTAS = 0x0f;
const MSR_TERI = 0x04;
const MSR_CTS = 0x10;
const MSR_DSR = 0x20;
const MSR_RI = 0x40;
const MSR_DCD = 0x80;
const TRIGGER_LEVELS = [1, 4, 8, 14] as const;
const CLOCK_HZ = 1_843_200;

export interface UartOptions {
  /** "uart0": also the snapshot section. */
  readonly id: string;
  readonly base: number;
  readonly peer: SerialPeer;
}

export class Uart16550 implements Device<UartState> {
  readonly id: string;
  readonly spec = SPEC;
  readonly state = SPEC.create();
  readonly regions: readonly Region[];
  private readonly context: DeviceContext;
  private readonly irq: IrqLine;
  private readonly peer: SerialPeer;
  private readonly timeout: Timer;

  constructor(context: DeviceContext, options: UartOptions) {
    this.id = options.id;
    this.regions = [{ space: 'port', base: options.base, length: 8, maxWidth: 1 }];
    this.context = context;
    this.irq = context.irq('irq');
    this.peer = options.peer;
    this.timeout = context.clock.timer(() => this.onTimeout());
    this.state.msr = MSR_CTS | MSR_DSR | MSR_DCD;
  }

  /** Bits per second as programmed; 0 with a divisor of zero. */
  get baudRate(): number {
    return this.state.divisor === 0 ? 0 : CLOCK_HZ / 16 / this.state.divisor;
  }

  /** The peer has something to receive; harmless to call at any time. */
  inputAvailable(): void {
    if (this.pull()) this.update();
  }

  /** The peer holds the line in break: a null character with BI. */
  receiveBreak(): void {
    this.state.lsrErrors |= LSR_BI;
    this.accept(0);
    this.update();
  }

  read(_region: number, offset: number, _width: Width): number {
    const s = this.state;
    switch (offset) {
      case 0:
        return s.lcr & LCR_DLAB ? s.divisor & 0xff : this.readData();
      case 1:
        return s.lcr & LCR_DLAB ? s.divisor >>> 8 : s.ier;
      case 2:
        return this.readIdentification();
      case 3:
        return s.lcr;
      case 4:
        return s.mcr;
      case 5:
        return this.readLineStatus();
      case 6:
        return this.readModemStatus();
      default:
        return s.scratch;
    }
  }

  write(_region: number, offset: number, _width: Width, value: number): void {
    const s = this.state;
    switch (offset) {
      case 0:
        if (s.lcr & LCR_DLAB) s.divisor = (s.divisor & 0xff00) | value;
        else this.writeData(value);
        break;
      case 1:
        if (s.lcr & LCR_DLAB) s.divisor = (s.divisor & 0x00ff) | (value << 8);
        else this.writeInterruptEnable(value);
        break;
      case 2:
        this.writeFifoControl(value);
        break;
      case 3:
        s.lcr = value;
        break;
      case 4:
        this.writeModemControl(value & 0x1f);
        break;
      case 7:
        s.scratch = value;
        break;
    }
  }

  reset(): void {
    const { divisor, scratch } = this.state;
    SPEC.reset(this.state);
    // Master reset leaves the divisor and the scratch register alone.
    this.state.divisor = divisor;
    this.state.scratch = scratch;
    this.state.msr = MSR_CTS | MSR_DSR | MSR_DCD;
    this.timeout.cancel();
    this.irq.set(false);
  }

  afterRestore(): void {
    if (this.state.timeoutNs === Infinity) this.timeout.cancel();
    else this.timeout.arm(this.state.timeoutNs);
    this.update();
  }

  private readData(): number {
    const s = this.state;
    const byte = s.received.shift();
    s.timedOut = false;
    this.pull();
    this.restartTimeout();
    this.update();
    return byte < 0 ? 0 : byte;
  }

  private writeData(value: number): void {
    const s = this.state;
    s.thrInterrupt = false;
    if (s.mcr & MCR_LOOP) this.accept(value);
    else this.peer.transmit(value);
    // Sent already: the holding register is empty again.
    s.thrInterrupt = true;
    this.update();
  }

  private writeInterruptEnable(value: number): void {
    const s = this.state;
    const enabled = value & 0x0f & ~s.ier;
    s.ier = value & 0x0f;
    // Enabling the interrupt while the holding register is empty raises it, as drivers test for.
    if (enabled & IER_THRE) s.thrInterrupt = true;
    this.update();
  }

  private writeFifoControl(value: number): void {
    const s = this.state;
    const toggled = ((value ^ s.fcr) & FCR_ENABLE) !== 0;
    if (toggled || (value & FCR_CLEAR_RX) !== 0) {
      s.received.clear();
      s.timedOut = false;
    }
    s.fcr = value & FCR_ENABLE ? value & 0xc9 : 0;
    this.pull();
    this.restartTimeout();
    this.update();
  }

  private writeModemControl(value: number): void {
    const s = this.state;
    const changed = s.mcr ^ value;
    s.mcr = value;
    if (changed & MCR_LOOP || value & MCR_LOOP) this.setModemLines(this.modemLines());
    if (changed & (MCR_DTR | MCR_RTS))
      this.peer.modemControl?.((value & MCR_DTR) !== 0, (value & MCR_RTS) !== 0);
    this.pull();
    this.update();
  }

  /** Upper half of MSR: the peer's constant lines, or in loopback the outputs of MCR. */
  private modemLines(): number {
    const { mcr } = this.state;
    if ((mcr & MCR_LOOP) === 0) return MSR_CTS | MSR_DSR | MSR_DCD;
    return (
      (mcr & MCR_RTS ? MSR_CTS : 0) |
      (mcr & MCR_DTR ? MSR_DSR : 0) |
      (mcr & MCR_OUT1 ? MSR_RI : 0) |
      (mcr & MCR_OUT2 ? MSR_DCD : 0)
    );
  }

  private setModemLines(lines: number): void {
    const s = this.state;
    let deltas = ((s.msr ^ lines) >>> 4) & 0x0b;
    if (s.msr & MSR_RI && (lines & MSR_RI) === 0) deltas |= MSR_TERI;
    s.msr = lines | (s.msr & MSR_DELTAS) | deltas;
  }

  private readIdentification(): number {
    const fifoBits = this.state.fcr & FCR_ENABLE ? IIR_FIFO : 0;
    const cause = this.cause();
    if (cause === IIR_THRE) {
      this.state.thrInterrupt = false;
      this.update();
    }
    return cause | fifoBits;
  }

  private readLineStatus(): number {
    const s = this.state;
    // A guest that polls asks here, and the peer may have waited for that.
    if (s.received.length === 0 && this.pull()) this.update();
    const errors = s.lsrErrors;
    // Transmission takes no time: both registers are always empty.
    const status = LSR_THRE | LSR_TEMT | errors | (s.received.length > 0 ? LSR_DR : 0);
    if (errors === 0) return status;
    s.lsrErrors = 0;
    this.update();
    return s.fcr & FCR_ENABLE ? status | LSR_FIFO_ERROR : status;
  }

  private readModemStatus(): number {
    const s = this.state;
    const status = s.msr;
    if (status & MSR_DELTAS) {
      s.msr &= ~MSR_DELTAS;
      this.update();
    }
    return status;
  }

  private capacity(): number {
    return this.state.fcr & FCR_ENABLE ? FIFO_SIZE : 1;
  }

  /** Takes what the peer has and the receiver can hold; in loopback the input is cut off. */
  private pull(): boolean {
    const s = this.state;
    if (s.mcr & MCR_LOOP) return false;
    let taken = false;
    while (s.received.length < this.capacity()) {
      const byte = this.peer.receive();
      if (byte < 0) break;
      s.received.push(byte & 0xff);
      taken = true;
    }
    if (taken) this.restartTimeout();
    return taken;
  }

  private accept(byte: number): void {
    const s = this.state;
    if (s.received.length < this.capacity()) {
      s.received.push(byte);
    } else {
      s.lsrErrors |= LSR_OE;
      // Without FIFO the new character replaces the old one; with FIFO it is lost.
      if ((s.fcr & FCR_ENABLE) === 0) s.received.replaceLast(byte);
    }
    this.restartTimeout();
  }

  private triggerLevel(): number {
    const { fcr } = this.state;
    return fcr & FCR_ENABLE ? TRIGGER_LEVELS[(fcr >>> 6) as 0 | 1 | 2 | 3] : 1;
  }

  /** Four character times without a read while the FIFO holds less than the trigger level. */
  private restartTimeout(): void {
    const s = this.state;
    const waiting = s.received.length > 0 && s.received.length < this.triggerLevel();
    if (!waiting) {
      if (s.timeoutNs !== Infinity) this.timeout.cancel();
      s.timeoutNs = Infinity;
      return;
    }
    const characterNs = (10 * 16 * Math.max(1, s.divisor) * 1e9) / CLOCK_HZ;
    s.timeoutNs = this.context.clock.nowNs() + 4 * characterNs;
    this.timeout.arm(s.timeoutNs);
  }

  private onTimeout(): void {
    this.state.timeoutNs = Infinity;
    this.state.timedOut = this.state.received.length > 0;
    this.update();
  }

  /** The interrupt of the highest priority that is enabled and pending, as IIR shows it. */
  private cause(): number {
    const s = this.state;
    if (s.ier & IER_RLS && s.lsrErrors & LSR_ERRORS) return IIR_RLS;
    if (s.ier & IER_RDA) {
      if (s.received.length >= this.triggerLevel()) return IIR_RDA;
      if (s.timedOut && s.received.length > 0) return IIR_TIMEOUT;
    }
    if (s.ier & IER_THRE && s.thrInterrupt) return IIR_THRE;
    if (s.ier & IER_MS && s.msr & MSR_DELTAS) return IIR_MS;
    return IIR_NONE;
  }

  /** OUT2 gates the interrupt on a PC; in loopback the line is idle. */
  private update(): void {
    const { mcr } = this.state;
    this.irq.set((mcr & MCR_OUT2) !== 0 && (mcr & MCR_LOOP) === 0 && this.cause() !== IIR_NONE);
  }
}
