// One IDE channel: the task file of its two units, the data register, the interrupt and DMA. What a command means, the
// units know (ata-disk.ts, atapi). Reference: ATA/ATAPI-6 (T13/1410D), 7 (registers), 9 (protocols).

import type { Timer } from '../../base/clock.ts';
import type { DriveOutcome, DriveRequest } from '../../block/drive.ts';
import type { IrqLine } from '../../bus/irq-line.ts';
import type { Width } from '../../bus/region.ts';
import type { DeviceContext } from '../device.ts';
import { BusMaster, type Scatter } from './bus-master.ts';
import {
  COMMAND, CONTROL_HOB, CONTROL_NIEN, CONTROL_SRST, DATA, DEVICE, DEVICE_DEV, ERROR_ABRT, FEATURES, LBA_HIGH, LBA_LOW, LBA_MID,
  SECTOR_COUNT, STATUS_BSY, STATUS_DRQ, STATUS_ERR, STATUS_READY,
} from './registers.ts';
import { type ChannelState, PHASE_DMA, PHASE_IN, PHASE_NONE, PHASE_OUT, type UnitState } from './state.ts';

const EXECUTE_DEVICE_DIAGNOSTIC = 0x90;
const DIAGNOSTIC_PASSED = 1;

/** One of the two devices on the cable. */
export interface Unit {
  command(code: number): void;
  /** The guest has read the block in the data register, or filled it. */
  blockRead(): void;
  blockWritten(): void;
  /** Goes on with a command that was under way when the machine was saved. */
  resume(): void;
  /** Puts its signature into the task file. */
  signature(): void;
  /** `hard`: power-on or the bus reset; otherwise SRST. */
  reset(hard: boolean): void;
}

export type UnitFactory = (port: UnitPort) => Unit;

/** What a unit may do with its channel. */
export interface UnitPort {
  readonly state: UnitState;
  readonly buffer: Uint8Array;
  readonly context: DeviceContext;
  /** The device register. */
  readonly device: number;
  /** The command has ended well. */
  done(): void;
  /** It has not; `status` adds to ERR. */
  fail(error: number, status?: number): void;
  abort(): void;
  /** Offers `bytes` of the buffer to the guest, or asks it to fill them. */
  dataIn(start: number, bytes: number): void;
  dataOut(bytes: number, interrupt: boolean): void;
  /** Sends a request to the drive; `then` is not called when a reset came between. */
  request(submit: (request: DriveRequest) => void, request: Omit<DriveRequest, 'done'>, then: (outcome: DriveOutcome) => void): void;
  /** Waits for the bus master and gives the memory it is to transfer. */
  dma(toMemory: boolean, bytes: number, carryOut: (scatter: Scatter) => void): void;
  readonly busMaster: Pick<BusMaster, 'views' | 'written' | 'finish'>;
}

export class Channel {
  readonly state: ChannelState;
  readonly busMaster: BusMaster;
  readonly #context: DeviceContext;
  readonly #line: IrqLine;
  readonly #units: readonly (Unit | undefined)[];
  #waitingDma: { readonly toMemory: boolean; readonly bytes: number; readonly carryOut: (scatter: Scatter) => void } | undefined;
  /** Requests at the drive; a reset waits for them, as they may write guest memory. */
  #inFlight = 0;
  #epoch = 0;
  #resetting = false;
  #level = false;
  /** A restored command goes on with its transfer, whatever became of the bus master since. */
  #resuming = false;
  readonly #lateReset: Timer;

  constructor(context: DeviceContext, state: ChannelState, pin: string, factories: readonly (UnitFactory | undefined)[]) {
    this.#context = context;
    this.state = state;
    this.#line = context.irq(pin);
    this.#lateReset = context.clock.timer(() => this.#finishReset());
    this.busMaster = new BusMaster(this.state.busMaster, context.dma, () => this.#startDma());
    this.#units = [0, 1].map((n) => factories[n]?.(this.#port(n)));
  }

  /** After its state has been reset. */
  reset(): void {
    this.#waitingDma = undefined;
    this.#epoch += 1;
    this.#resetting = false;
    this.#inFlight = 0;
    this.#lateReset.cancel();
    for (const unit of this.#units) unit?.reset(true);
    this.#signatures();
    this.#updateLine();
  }

  /** Requests that were on their way are sent again; what they wrote so far does not matter. */
  afterRestore(): void {
    this.#epoch += 1;
    this.#inFlight = 0;
    this.#waitingDma = undefined;
    this.#level = (this.state.control & CONTROL_NIEN) === 0 && this.#selectedState.interrupt;
    this.#line.set(this.#level);
    this.#resetting = this.state.units.some(({ status }) => status === STATUS_BSY);
    if (this.#resetting) {
      if ((this.state.control & CONTROL_SRST) === 0) this.#lateReset.arm(this.#context.clock.nowNs());
      return;
    }
    this.#resuming = this.state.phase !== PHASE_DMA;
    this.#units.forEach((unit, n) => {
      if ((this.state.units[n]!.status & STATUS_BSY) !== 0) unit?.resume();
    });
    this.#resuming = false;
  }

  readRegister(offset: number, width: Width): number {
    if (offset === DATA) return this.#readData(width);
    if (!this.#units.some((unit) => unit !== undefined)) return 0;
    // Unit 0 answers for an absent unit 1.
    const unit = this.#selected === undefined ? this.#other : this.#selectedState;
    const previous = (this.state.control & CONTROL_HOB) !== 0;
    switch (offset) {
      case FEATURES:
        return previous ? unit.previous[0]! : unit.error;
      case SECTOR_COUNT:
        return previous ? unit.previous[1]! : unit.count;
      case LBA_LOW:
        return previous ? unit.previous[2]! : unit.low;
      case LBA_MID:
        return previous ? unit.previous[3]! : unit.mid;
      case LBA_HIGH:
        return previous ? unit.previous[4]! : unit.high;
      case DEVICE:
        return this.state.deviceHead;
      default:
        return this.#readStatus();
    }
  }

  writeRegister(offset: number, width: Width, value: number): void {
    this.state.control &= offset === DATA ? 0xff : ~CONTROL_HOB;
    switch (offset) {
      case DATA:
        return this.#writeData(width, value);
      case FEATURES:
        return this.#latch(0, 'features', value);
      case SECTOR_COUNT:
        return this.#latch(1, 'count', value);
      case LBA_LOW:
        return this.#latch(2, 'low', value);
      case LBA_MID:
        return this.#latch(3, 'mid', value);
      case LBA_HIGH:
        return this.#latch(4, 'high', value);
      case DEVICE:
        this.state.deviceHead = value | 0xa0;
        return this.#updateLine();
      case COMMAND:
        return this.#command(value);
    }
  }

  readAlternateStatus(): number {
    return this.#selected === undefined ? 0 : this.#selectedState.status;
  }

  /** SRST takes effect when it is let go. */
  writeControl(value: number): void {
    const before = this.state.control;
    this.state.control = value;
    const asserted = (value & CONTROL_SRST) !== 0;
    if (asserted && (before & CONTROL_SRST) === 0) {
      this.#epoch += 1;
      this.#waitingDma = undefined;
      this.state.phase = PHASE_NONE;
      for (const unit of this.state.units) {
        unit.status = STATUS_BSY;
        unit.interrupt = false;
      }
      this.#resetting = true;
    } else if (!asserted && this.#resetting && this.#inFlight === 0) this.#finishReset();
    this.#updateLine();
  }

  #finishReset(): void {
    this.#resetting = false;
    this.state.deviceHead &= ~DEVICE_DEV;
    for (const unit of this.#units) unit?.reset(false);
    this.#signatures();
  }

  #signatures(): void {
    this.#units.forEach((unit, n) => {
      const state = this.state.units[n]!;
      state.error = DIAGNOSTIC_PASSED;
      state.status = 0;
      state.count = 1;
      state.low = 1;
      state.mid = 0;
      state.high = 0;
      unit?.signature();
    });
  }

  get #selectedIndex(): number {
    return (this.state.deviceHead & DEVICE_DEV) !== 0 ? 1 : 0;
  }

  get #selected(): Unit | undefined {
    return this.#units[this.#selectedIndex];
  }

  get #selectedState(): UnitState {
    return this.state.units[this.#selectedIndex]!;
  }

  get #other(): UnitState {
    return this.state.units[1 - this.#selectedIndex]!;
  }

  #latch(index: number, name: 'features' | 'count' | 'low' | 'mid' | 'high', value: number): void {
    // A busy unit does not take parameters.
    for (const unit of this.state.units) {
      if ((unit.status & STATUS_BSY) !== 0) continue;
      unit.previous[index] = unit[name];
      unit[name] = value;
    }
  }

  #readStatus(): number {
    if (this.#selected === undefined) return 0;
    this.#selectedState.interrupt = false;
    this.#updateLine();
    return this.#selectedState.status;
  }

  #command(code: number): void {
    if ((this.state.control & CONTROL_SRST) !== 0 || this.#resetting) return;
    if (code === EXECUTE_DEVICE_DIAGNOSTIC) return this.#diagnose();
    const unit = this.#selected;
    const state = this.#selectedState;
    const isDeviceReset = code === 0x08;
    if (unit === undefined || ((state.status & (STATUS_BSY | STATUS_DRQ)) !== 0 && !isDeviceReset)) return;
    if (isDeviceReset) this.#epoch += 1;
    this.state.phase = PHASE_NONE;
    this.#waitingDma = undefined;
    state.interrupt = false;
    state.command = code;
    state.error = 0;
    state.status = STATUS_READY;
    this.#updateLine();
    unit.command(code);
  }

  /** Both units do it, whichever is selected; unit 0 reports. */
  #diagnose(): void {
    this.state.phase = PHASE_NONE;
    this.#waitingDma = undefined;
    this.state.deviceHead &= ~DEVICE_DEV;
    this.#signatures();
    if (this.#units[0] !== undefined) this.#raise(0);
  }

  #readData(width: Width): number {
    const { state } = this;
    if (state.phase !== PHASE_IN || (this.#selectedState.status & STATUS_DRQ) === 0) return width === 4 ? 0xffff_ffff : width === 2 ? 0xffff : 0xff;
    const { buffer, position } = state;
    let value = 0;
    for (let i = 0; i < width; i++) value |= buffer[position + i]! << (8 * i);
    state.position = position + width;
    if (state.position >= state.end) this.#blockRead();
    return value >>> 0;
  }

  #blockRead(): void {
    this.state.phase = PHASE_NONE;
    this.#selectedState.status &= ~STATUS_DRQ;
    this.#selected?.blockRead();
  }

  #writeData(width: Width, value: number): void {
    const { state } = this;
    if (state.phase !== PHASE_OUT || (this.#selectedState.status & STATUS_DRQ) === 0) return;
    for (let i = 0; i < width && state.position < state.end; i++) state.buffer[state.position++] = value >>> (8 * i);
    if (state.position < state.end) return;
    state.phase = PHASE_NONE;
    this.#selectedState.status &= ~STATUS_DRQ;
    this.#selected?.blockWritten();
  }

  #raise(unit: number): void {
    this.state.units[unit]!.interrupt = true;
    this.#updateLine();
  }

  #updateLine(): void {
    const enabled = (this.state.control & CONTROL_NIEN) === 0;
    const level = enabled && this.#selected !== undefined && this.#selectedState.interrupt;
    if (level && !this.#level) this.busMaster.interrupt();
    this.#level = level;
    this.#line.set(level);
  }

  #startDma(): void {
    const waiting = this.#waitingDma;
    if (waiting === undefined || !this.busMaster.active || this.busMaster.toMemory !== waiting.toMemory) return;
    this.#waitingDma = undefined;
    this.state.phase = PHASE_NONE;
    waiting.carryOut(this.busMaster.scatter(waiting.bytes));
  }

  #port(n: number): UnitPort {
    const channel = this;
    const state = this.state.units[n]!;
    const end = (status: number, error: number): void => {
      state.status = status;
      state.error = error;
      this.state.phase = PHASE_NONE;
      this.#raise(n);
    };
    const offer = (phase: number, start: number, bytes: number, interrupt: boolean): void => {
      this.state.phase = phase;
      this.state.position = start;
      this.state.end = start + bytes;
      state.status = (state.status & ~STATUS_BSY) | STATUS_READY | STATUS_DRQ;
      if (interrupt) this.#raise(n);
    };
    return {
      state,
      buffer: this.state.buffer,
      context: this.#context,
      get device() {
        return channel.state.deviceHead;
      },
      get busMaster() {
        return channel.busMaster;
      },
      done: () => end(STATUS_READY, 0),
      fail: (error, status = 0) => end(STATUS_READY | STATUS_ERR | status, error),
      abort: () => end(STATUS_READY | STATUS_ERR, ERROR_ABRT),
      dataIn: (start, bytes) => offer(PHASE_IN, start, bytes, true),
      dataOut: (bytes, interrupt) => offer(PHASE_OUT, 0, bytes, interrupt),
      request: (submit, request, then) => {
        state.status = STATUS_BSY | STATUS_READY;
        const epoch = this.#epoch;
        this.#inFlight += 1;
        submit({ ...request, done: (outcome) => this.#requestDone(epoch, () => then(outcome)) });
      },
      dma: (toMemory, bytes, carryOut) => {
        if (this.#resuming) return carryOut(this.busMaster.scatter(bytes));
        state.status = STATUS_BSY | STATUS_READY;
        this.state.phase = PHASE_DMA;
        this.#waitingDma = { toMemory, bytes, carryOut };
        this.#startDma();
      },
    };
  }

  #requestDone(epoch: number, then: () => void): void {
    if (this.#inFlight > 0) this.#inFlight -= 1;
    if (epoch === this.#epoch) then();
    else if (this.#resetting && this.#inFlight === 0 && (this.state.control & CONTROL_SRST) === 0) this.#finishReset();
  }
}
