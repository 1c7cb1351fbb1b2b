// One port of an AHCI controller with the drive on it: the command engine. Commands that are not queued go one at a time
// to the same units as on an IDE channel, with the command's memory in the place of data register and bus master.
// Reference: Serial ATA AHCI 1.3.1, 3.3 (registers), 5.3 (port state machine), 10.4 (resets).

import type { Drive, DriveOutcome, DriveRequest } from '../../block/drive.ts';
import { nested, u8, u16, u32 } from '../../snapshot/fields.ts';
import type { DeviceContext } from '../device.ts';
import type { Unit, UnitFactory, UnitPort } from '../ide/channel.ts';
import {
  CONTROL_SRST,
  ERROR_ABRT,
  STATUS_BSY,
  STATUS_DRQ,
  STATUS_ERR,
  STATUS_READY,
} from '../ide/registers.ts';
import { BUFFER_BYTES, UNIT_FIELDS, type UnitState } from '../ide/state.ts';
import {
  type Command,
  FRAME_HOST_TO_DEVICE,
  noteWritten,
  readCommand,
  readPacket,
  type Scatter,
  scatter,
  viewsOf,
  writeTransferred,
} from './command-list.ts';
import * as frames from './frames.ts';
import { NativeQueue, READ_LOG, READ_QUEUED, WRITE_QUEUED } from './native-queue.ts';
import * as reg from './registers.ts';

export const PORT_FIELDS = {
  clb: u32(),
  clbu: u32(),
  fb: u32(),
  fbu: u32(),
  is: u32(),
  ie: u32(),
  cmd: u32(),
  sig: u32(),
  ssts: u32(),
  sctl: u32(),
  serr: u32(),
  sact: u32(),
  ci: u32(),
  /** The task file of its last frame. */
  tfd: u16(reg.TFD_EMPTY),
  device: u8(),
  /** Slot of the command that the unit is busy with, or 255. */
  slot: u8(255),
  lastSlot: u8(31),
  unit: nested(UNIT_FIELDS),
};
export type PortState = ReturnType<ReturnType<typeof nested<typeof PORT_FIELDS>>['create']>;

const NO_SLOT = 255;
const PACKET_COMMAND = 0xa0;
const IDENTIFY = [0xec, 0xa1];
const FIS_AREA = 0x100;
const COMMAND_BIT = 0x80;

export interface PortDrive {
  readonly drive: Drive;
  readonly unit: UnitFactory;
}

export class AhciPort implements UnitPort {
  readonly state: UnitState;
  readonly context: DeviceContext;
  readonly buffer: Uint8Array;
  readonly registers: PortState;
  private readonly unit: Unit | undefined;
  private readonly queue: NativeQueue | undefined;
  private readonly onInterrupt: () => void;
  private command: Command | undefined;
  private transferred = 0;
  private packetSent = false;
  private block: { readonly toHost: boolean; readonly start: number; readonly bytes: number } | undefined;
  private pumping = false;
  /** An error stopped the engine; it goes on when ST is set anew. */
  private halted = false;
  private softReset = false;
  private inFlight = 0;
  private epoch = 0;
  private stopping: (() => void) | undefined;

  constructor(
    context: DeviceContext,
    registers: PortState,
    attached: PortDrive | undefined,
    onInterrupt: () => void,
  ) {
    this.context = context;
    this.registers = registers;
    this.state = registers.unit;
    this.onInterrupt = onInterrupt;
    this.buffer = attached?.drive.buffer(BUFFER_BYTES) ?? new Uint8Array(0);
    this.unit = attached?.unit(this);
    this.queue = attached?.drive.kind === 'disk' ? new NativeQueue(attached.drive, context.dma) : undefined;
  }

  /** Interrupts that wait here. */
  get pending(): boolean {
    return (this.registers.is & this.registers.ie) !== 0;
  }

  /** Whether requests of an earlier life may still write memory. */
  get draining(): boolean {
    return this.stopping !== undefined;
  }

  read(offset: number): number {
    const r = this.registers;
    switch (offset) {
      case reg.PX_CLB:
        return r.clb;
      case reg.PX_CLBU:
        return r.clbu;
      case reg.PX_FB:
        return r.fb;
      case reg.PX_FBU:
        return r.fbu;
      case reg.PX_IS:
        return r.is;
      case reg.PX_IE:
        return r.ie;
      case reg.PX_CMD:
        return (r.cmd | ((r.slot === NO_SLOT ? 0 : r.slot) << 8)) >>> 0;
      case reg.PX_TFD:
        return r.tfd;
      case reg.PX_SIG:
        return r.sig;
      case reg.PX_SSTS:
        return r.ssts;
      case reg.PX_SCTL:
        return r.sctl;
      case reg.PX_SERR:
        return r.serr;
      case reg.PX_SACT:
        return r.sact;
      case reg.PX_CI:
        return r.ci;
      default:
        return 0;
    }
  }

  write(offset: number, value: number): void {
    const r = this.registers;
    switch (offset) {
      case reg.PX_CLB:
        r.clb = (value & ~0x3ff) >>> 0;
        return;
      case reg.PX_CLBU:
        r.clbu = value;
        return;
      case reg.PX_FB:
        r.fb = (value & ~0xff) >>> 0;
        return;
      case reg.PX_FBU:
        r.fbu = value;
        return;
      case reg.PX_IS:
        r.is = (r.is & ~(value & ~reg.IS_BY_SERR)) >>> 0;
        return this.onInterrupt();
      case reg.PX_IE:
        r.ie = (value & reg.IE_WRITABLE) >>> 0;
        return this.onInterrupt();
      case reg.PX_CMD:
        return this.writeCommand(value);
      case reg.PX_SCTL:
        return this.writeControl(value);
      case reg.PX_SERR:
        return this.writeErrors(value);
      case reg.PX_SACT:
        if (r.cmd & reg.CMD_START) r.sact = (r.sact | value) >>> 0;
        return;
      case reg.PX_CI:
        if (r.cmd & reg.CMD_START) r.ci = (r.ci | value) >>> 0;
        return this.run();
    }
  }

  /** Power-on, or the controller's own reset; the registers have been reset. */
  reset(): void {
    this.forget();
    this.inFlight = 0;
    this.stopping = undefined;
    this.registers.cmd = reg.CMD_SPIN_UP | reg.CMD_POWER_ON;
    this.linkUp();
  }

  /** Ends what is under way; `then` when nothing of it can reach memory any more. */
  stop(then: () => void): void {
    this.forget();
    this.stopping = then;
    this.drained();
  }

  /** Commands that were on their way are sent again; what they wrote so far does not matter. */
  afterRestore(): void {
    const r = this.registers;
    this.forget();
    this.inFlight = 0;
    this.stopping = undefined;
    if ((r.cmd & reg.CMD_RUNNING) === 0) return;
    const again = (r.ci | r.sact) >>> 0;
    r.slot = NO_SLOT;
    r.ci = again;
    this.run();
  }

  private forget(): void {
    this.epoch++;
    this.command = undefined;
    this.block = undefined;
    this.halted = false;
  }

  private drained(): void {
    if (this.inFlight > 0) return;
    const then = this.stopping;
    this.stopping = undefined;
    then?.();
  }

  private linkUp(): void {
    const r = this.registers;
    if (this.unit === undefined) return;
    r.ssts = reg.LINK_UP;
    this.unit.reset(true);
    this.sign();
  }

  /** The device's first frame after a reset. */
  private sign(): void {
    const { unit, registers: r, state } = this;
    Object.assign(state, { error: 1, status: 0, count: 1, low: 1, mid: 0, high: 0 });
    unit?.signature();
    this.queue?.reset();
    r.sig = ((state.high << 24) | (state.mid << 16) | (state.low << 8) | state.count) >>> 0;
    this.post(frames.DEVICE_TO_HOST, frames.deviceToHost(state, 0, false));
    this.showTaskFile();
  }

  private writeCommand(value: number): void {
    const r = this.registers;
    const before = r.cmd;
    r.cmd =
      ((value & reg.CMD_WRITABLE) |
        (before & (reg.CMD_RUNNING | reg.CMD_FIS_RUNNING)) |
        reg.CMD_SPIN_UP |
        reg.CMD_POWER_ON) >>>
      0;
    if ((value & reg.CMD_OVERRIDE) !== 0) r.tfd &= ~(STATUS_BSY | STATUS_DRQ);
    if ((value & reg.CMD_FIS_ENABLE) !== 0) r.cmd |= reg.CMD_FIS_RUNNING;
    else r.cmd &= ~reg.CMD_FIS_RUNNING;
    const starts = (value & reg.CMD_START) !== 0;
    if (starts && (before & reg.CMD_START) === 0 && this.stopping === undefined) {
      r.cmd |= reg.CMD_RUNNING;
      this.halted = false;
    } else if (!starts && (before & reg.CMD_START) !== 0) {
      this.stop(() => {
        r.cmd &= ~reg.CMD_RUNNING;
      });
      r.ci = 0;
      r.sact = 0;
      r.slot = NO_SLOT;
    }
    r.cmd >>>= 0;
  }

  private writeControl(value: number): void {
    const r = this.registers;
    const before = r.sctl & reg.SCTL_DETECT;
    r.sctl = value & 0xfff;
    const now = value & reg.SCTL_DETECT;
    if (now === reg.SCTL_RESET || now === reg.SCTL_OFF) {
      r.ssts = now === reg.SCTL_OFF ? 4 : 0;
      r.tfd = reg.TFD_EMPTY;
      this.stop(() => {});
      r.ci = 0;
      r.sact = 0;
      r.slot = NO_SLOT;
    } else if (now === 0 && before !== 0 && this.unit !== undefined) {
      this.linkUp();
      r.serr = (r.serr | reg.SERR_CONNECT_CHANGE) >>> 0;
      this.raise(reg.IS_CONNECT_CHANGE);
    }
  }

  private writeErrors(value: number): void {
    const r = this.registers;
    r.serr = (r.serr & ~value) >>> 0;
    if ((r.serr & reg.SERR_CONNECT_CHANGE) === 0) r.is = (r.is & ~reg.IS_CONNECT_CHANGE) >>> 0;
    this.onInterrupt();
  }

  // The command engine.

  private run(): void {
    const r = this.registers;
    while (
      (r.cmd & reg.CMD_RUNNING) !== 0 &&
      !this.halted &&
      r.slot === NO_SLOT &&
      this.unit !== undefined &&
      r.ssts === reg.LINK_UP
    ) {
      const slot = nextSlot(r.ci, r.lastSlot);
      if (slot < 0) return;
      r.lastSlot = slot;
      this.issue(readCommand(this.context.dma, r.clb + r.clbu * 2 ** 32, slot));
    }
  }

  private issue(command: Command): void {
    const { frame, slot } = command;
    const code = frame[2]!;
    if (frame[0] !== FRAME_HOST_TO_DEVICE) return this.fatal();
    if ((frame[1]! & COMMAND_BIT) === 0) return this.control(command);
    if (this.queue !== undefined && (code === READ_QUEUED || code === WRITE_QUEUED))
      return this.issueQueued(command);
    this.registers.slot = slot;
    this.command = command;
    this.transferred = 0;
    this.packetSent = false;
    this.block = undefined;
    this.loadTaskFile(frame);
    if (code === READ_LOG && this.queue !== undefined) this.readLog();
    else this.unit?.command(code);
    this.pump();
  }

  private loadTaskFile(frame: Uint8Array): void {
    const { state } = this;
    Object.assign(state, {
      features: frame[3],
      low: frame[4],
      mid: frame[5],
      high: frame[6],
      count: frame[12],
      command: frame[2],
      error: 0,
      status: STATUS_READY,
      interrupt: false,
    });
    state.previous.set([frame[11]!, frame[13]!, frame[8]!, frame[9]!, frame[10]!]);
    this.registers.device = frame[7]!;
    this.registers.tfd = STATUS_BSY | STATUS_READY;
  }

  /** A frame that only sets the control register: SRST, let go, is a reset of the device. */
  private control({ slot, frame }: Command): void {
    const r = this.registers;
    r.ci = (r.ci & ~(1 << slot)) >>> 0;
    const asserted = (frame[15]! & CONTROL_SRST) !== 0;
    if (this.softReset && !asserted) {
      this.unit?.reset(false);
      this.sign();
    }
    this.softReset = asserted;
  }

  private issueQueued(command: Command): void {
    const r = this.registers;
    const bit = 1 << command.slot;
    const { epoch } = this;
    const begin = (): void => {
      this.inFlight++;
      // The device takes the command and is free for the next.
      this.state.status = STATUS_READY;
      this.state.error = 0;
      r.ci = (r.ci & ~bit) >>> 0;
      this.showTaskFile();
    };
    this.queue?.start(command, begin, (tag, error) => {
      this.inFlight--;
      if (epoch !== this.epoch) return this.drained();
      const status = error === 0 ? STATUS_READY : STATUS_READY | STATUS_ERR;
      if (error === 0) r.sact = (r.sact & ~(1 << tag)) >>> 0;
      this.state.status = status;
      this.state.error = error;
      this.post(frames.DEVICE_BITS, frames.deviceBits(status, error, error === 0 ? 1 << tag : 0));
      this.showTaskFile();
      if (error !== 0) this.halted = true;
      this.raise(reg.IS_DEVICE_BITS | (error === 0 ? 0 : reg.IS_TASK_FILE_ERROR));
    });
  }

  private readLog(): void {
    const page = this.queue?.log(this.state.low);
    if (page === undefined || this.state.count !== 1) return this.abort();
    this.buffer.set(page);
    this.dataIn(0, page.length);
  }

  /** Moves blocks that the unit offers or asks for, until it waits or has ended. */
  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    for (let block = this.block; block !== undefined && this.command !== undefined; block = this.block) {
      this.block = undefined;
      this.state.status &= ~STATUS_DRQ;
      if (block.toHost) this.moveIn(block.start, block.bytes);
      else this.moveOut(block.bytes);
    }
    this.pumping = false;
    const busy = (this.state.status & STATUS_BSY) !== 0;
    if (this.command !== undefined && !busy) this.end(this.state.status, this.state.error, false);
  }

  private moveIn(start: number, bytes: number): void {
    const { dma } = this.context;
    if (IDENTIFY.includes(this.state.command))
      identifyAsSata(this.buffer, this.state.command === IDENTIFY[0]);
    const memory = scatter(dma, this.command!, this.transferred, bytes);
    let at = start;
    for (const { address, length } of memory.ranges) {
      dma.write(address, this.buffer.subarray(at, at + length));
      at += length;
    }
    this.transferred += memory.bytes;
    this.post(frames.PIO_SETUP, frames.pioSetup(this.state, this.registers.device, true, bytes));
    this.raise(reg.IS_PIO_SETUP | (memory.bytes < bytes ? reg.IS_OVERFLOW : 0));
    this.unit?.blockRead();
  }

  private moveOut(bytes: number): void {
    const { dma } = this.context;
    if (this.state.command === PACKET_COMMAND && !this.packetSent) {
      this.packetSent = true;
      readPacket(dma, this.command!, this.buffer.subarray(0, bytes));
    } else {
      const memory = scatter(dma, this.command!, this.transferred, bytes);
      let at = 0;
      for (const { address, length } of memory.ranges) {
        dma.read(address, this.buffer.subarray(at, at + length));
        at += length;
      }
      this.buffer.fill(0, at, bytes);
      this.transferred += memory.bytes;
      this.post(frames.PIO_SETUP, frames.pioSetup(this.state, this.registers.device, false, bytes));
    }
    this.unit?.blockWritten();
  }

  /** Success clears the slot; after an error it stays, for the driver to see which command it was. */
  private end(status: number, error: number, frame: boolean): void {
    const { command, registers: r } = this;
    if (command === undefined) return;
    this.command = undefined;
    this.state.status = status;
    this.state.error = error;
    this.block = undefined;
    writeTransferred(this.context.dma, command, this.transferred);
    const failed = (status & STATUS_ERR) !== 0;
    if (failed) this.halted = true;
    else {
      r.ci = (r.ci & ~(1 << command.slot)) >>> 0;
      r.slot = NO_SLOT;
    }
    if (frame) this.post(frames.DEVICE_TO_HOST, frames.deviceToHost(this.state, r.device, true));
    this.showTaskFile();
    this.raise((frame ? reg.IS_D2H : 0) | (failed ? reg.IS_TASK_FILE_ERROR : 0));
    this.run();
  }

  private fatal(): void {
    this.halted = true;
    this.raise(reg.IS_INTERFACE_FATAL);
  }

  private showTaskFile(): void {
    this.registers.tfd = (this.state.error << 8) | this.state.status;
  }

  private post(offset: number, frame: Uint8Array): void {
    const r = this.registers;
    if ((r.cmd & reg.CMD_FIS_RUNNING) === 0 || offset + frame.length > FIS_AREA) return;
    this.context.dma.write(r.fb + r.fbu * 2 ** 32 + offset, frame);
  }

  private raise(causes: number): void {
    this.registers.is = (this.registers.is | causes) >>> 0;
    this.onInterrupt();
  }

  // UnitPort: what the unit does with its channel.

  get device(): number {
    return this.registers.device;
  }

  done(): void {
    this.end(STATUS_READY, 0, true);
  }

  fail(error: number, status = 0): void {
    this.end(STATUS_READY | STATUS_ERR | status, error, true);
  }

  abort(): void {
    this.end(STATUS_READY | STATUS_ERR, ERROR_ABRT, true);
  }

  dataIn(start: number, bytes: number): void {
    this.offer(true, start, bytes);
  }

  dataOut(bytes: number): void {
    this.offer(false, 0, bytes);
  }

  request(
    submit: (request: DriveRequest) => void,
    request: Omit<DriveRequest, 'done'>,
    then: (outcome: DriveOutcome) => void,
  ): void {
    const { epoch } = this;
    this.state.status = STATUS_BSY | STATUS_READY;
    this.inFlight++;
    submit({
      ...request,
      done: (outcome) => {
        this.inFlight--;
        if (epoch !== this.epoch) return this.drained();
        then(outcome);
        this.pump();
      },
    });
  }

  dma(_toMemory: boolean, bytes: number, carryOut: (memory: Scatter) => void): void {
    this.state.status = STATUS_BSY | STATUS_READY;
    const memory = scatter(this.context.dma, this.command!, this.transferred, bytes);
    if (memory.bytes < bytes) this.raise(reg.IS_OVERFLOW);
    this.transferred += memory.bytes;
    carryOut(memory);
  }

  readonly busMaster = {
    views: (memory: Scatter, access: 'read' | 'write') => viewsOf(this.context.dma, memory, access),
    written: (memory: Scatter) => noteWritten(this.context.dma, memory),
    finish: () => {},
  };

  private offer(toHost: boolean, start: number, bytes: number): void {
    this.state.status = STATUS_READY | STATUS_DRQ;
    this.block = { toHost, start, bytes };
    this.pump();
  }
}

/** The next slot with a command, going around from the last one. */
function nextSlot(ci: number, last: number): number {
  for (let step = 1; step <= 32; step++) {
    const slot = (last + step) & 31;
    if ((ci >>> slot) & 1) return slot;
  }
  return -1;
}

/** What a drive on a serial link says besides: no cable to detect, first generation, and for disks the queue. */
function identifyAsSata(identity: Uint8Array, isDisk: boolean): void {
  const words = new DataView(identity.buffer, identity.byteOffset);
  const set = (word: number, value: number) => words.setUint16(word * 2, value, true);
  set(76, isDisk ? 0x0102 : 0x0002);
  set(93, 0);
  if (!isDisk) return;
  set(75, 31);
  // General purpose logging, which has the log of queued errors.
  for (const word of [84, 87]) set(word, words.getUint16(word * 2, true) | 0x20);
}
