// The floppy disk controller, an 82077AA in AT mode: registers, the three phases of a command, drives and their disk
// change lines. What happens to the sectors of a data command is in transfer.ts.
// Reference: Intel 82077AA datasheet (290166), 2 (registers), 4 (reset), 5 (commands), 6 (status).

import type { Drive } from '../../block/drive.ts';
import type { IrqLine } from '../../bus/irq-line.ts';
import type { Device, DeviceContext, Region, Width } from '../device.ts';
import type { DmaChannel } from '../dma8237.ts';
import { type Geometry, geometryOf } from './geometry.ts';
import {
  COMMAND_BYTES, DIR_CHANGED, DOR, DOR_DMAGATE, DOR_RESET, DSR_POWER_DOWN, DSR_RESET, FIFO, MSR, MSR_BUSY, MSR_DIO, MSR_NDM, MSR_RQM,
  SPECIFY_NON_DMA, SRA, SRB, ST0_ABNORMAL, ST0_CHANGED, ST0_EQUIPMENT_CHECK, ST0_INVALID, ST0_SEEK_END, ST3_TRACK0, ST3_WRITE_PROTECTED, TDR,
} from './registers.ts';
import { FLOPPY_SPEC, STEP_NONE } from './state.ts';
import { FloppyTransfer } from './transfer.ts';

const UPPER_REGION = 1;
const VERSION_ENHANCED = 0x90;
const LAST_CYLINDER = 85;
const DRIVES = 4;

export interface FloppyOptions {
  /** Drives A and B. */
  readonly drives: readonly (Drive | undefined)[];
  /** Channel 2. */
  readonly dma: DmaChannel;
}

export class FloppyController implements Device<ReturnType<typeof FLOPPY_SPEC.create>> {
  readonly id = 'floppy';
  readonly spec = FLOPPY_SPEC;
  readonly state = FLOPPY_SPEC.create();
  /** 3F6h belongs to the IDE channel. */
  readonly regions: readonly Region[] = [
    { space: 'port', base: 0x3f0, length: 6, maxWidth: 1 },
    { space: 'port', base: 0x3f7, length: 1, maxWidth: 1 },
  ];
  readonly #line: IrqLine;
  readonly #drives: readonly (Drive | undefined)[];
  readonly #transfer: FloppyTransfer;

  constructor(context: DeviceContext, { drives, dma }: FloppyOptions) {
    this.#line = context.irq('irq');
    this.#drives = drives;
    this.#transfer = new FloppyTransfer({
      state: this.state,
      dma,
      drive: (unit) => this.#drives[unit],
      geometry: (unit) => this.#geometry(unit),
      finish: (result) => this.#finish(result),
      interrupt: () => this.#interrupt(true),
    });
    drives.forEach((drive, unit) => {
      drive?.onMediumChange(() => {
        this.state.drives[unit]!.changed = true;
      });
    });
  }

  read(region: number, offset: number, _width: Width): number {
    if (region === UPPER_REGION) return this.#digitalInput();
    const { state } = this;
    switch (offset) {
      case SRA:
        return (state.interrupt ? 0x80 : 0) | 0x40;
      case SRB:
        return 0xc0 | ((state.dor & 1) << 5) | ((state.dor >> 4) & 3);
      case DOR:
        return state.dor;
      case TDR:
        return state.tdr;
      case MSR:
        return this.#mainStatus();
      default:
        return this.#readFifo();
    }
  }

  write(region: number, offset: number, _width: Width, value: number): void {
    const { state } = this;
    if (region === UPPER_REGION) state.rate = value & 3;
    else if (offset === DOR) this.#writeDor(value);
    else if (offset === TDR) state.tdr = value & 3;
    else if (offset === MSR) this.#writeDataRate(value);
    else if (offset === FIFO) this.#writeFifo(value);
  }

  reset(): void {
    this.#transfer.cancel();
    FLOPPY_SPEC.reset(this.state);
    this.#drives.forEach((drive, unit) => {
      if (drive !== undefined) this.state.drives[unit]!.changed = true;
    });
    this.#updateLine();
  }

  afterRestore(): void {
    this.#updateLine();
    this.#transfer.resume();
  }

  #geometry(unit: number): Geometry | undefined {
    const medium = this.#drives[unit]?.medium;
    return medium && geometryOf(medium.bytes);
  }

  #mainStatus(): number {
    const { state } = this;
    if (state.inReset) return 0;
    if (state.resultLength > 0) return MSR_RQM | MSR_DIO | MSR_BUSY;
    if (state.step !== STEP_NONE) {
      if ((state.specify[1]! & SPECIFY_NON_DMA) === 0) return MSR_BUSY;
      const way = this.#transfer.hostWay;
      return MSR_BUSY | MSR_NDM | (way === 'none' ? 0 : MSR_RQM | (way === 'in' ? MSR_DIO : 0));
    }
    return MSR_RQM | (state.commandLength > 0 ? MSR_BUSY : 0);
  }

  #digitalInput(): number {
    const { dor, drives } = this.state;
    const unit = dor & 3;
    const running = (dor & (0x10 << unit)) !== 0;
    const drive = this.#drives[unit];
    return running && drive !== undefined && (drives[unit]!.changed || drive.medium === undefined) ? DIR_CHANGED : 0;
  }

  #writeDor(value: number): void {
    const { state } = this;
    const before = state.dor;
    state.dor = value;
    if ((value & DOR_RESET) === 0) this.#enterReset();
    else if ((before & DOR_RESET) === 0) this.#leaveReset();
    this.#updateLine();
    this.#transfer.proceed();
  }

  #writeDataRate(value: number): void {
    const { state } = this;
    state.rate = value & 3;
    state.powerDown = (value & DSR_POWER_DOWN) !== 0;
    if ((value & DSR_RESET) === 0) return;
    // This one lets go by itself.
    this.#enterReset();
    if ((state.dor & DOR_RESET) !== 0) this.#leaveReset();
  }

  #enterReset(): void {
    const { state } = this;
    this.#transfer.cancel();
    Object.assign(state, { inReset: true, commandLength: 0, resultLength: 0, resultRead: 0, step: STEP_NONE, pollInterrupts: 0, seekStatus: 0 });
    if (!state.lock) state.configure.fill(0);
    this.#interrupt(false);
  }

  #leaveReset(): void {
    this.state.inReset = false;
    this.state.powerDown = false;
    this.state.pollInterrupts = DRIVES;
    this.#interrupt(true);
  }

  #interrupt(level: boolean): void {
    this.state.interrupt = level;
    this.#updateLine();
  }

  #updateLine(): void {
    this.#line.set(this.state.interrupt && (this.state.dor & DOR_DMAGATE) !== 0);
  }

  #readFifo(): number {
    const { state } = this;
    if (state.resultLength === 0) return this.#transfer.readByte();
    const value = state.result[state.resultRead++]!;
    this.#interrupt(false);
    if (state.resultRead >= state.resultLength) state.resultLength = 0;
    return value;
  }

  #writeFifo(value: number): void {
    const { state } = this;
    if (state.inReset || state.resultLength > 0) return;
    if (state.step !== STEP_NONE) return this.#transfer.writeByte(value);
    state.command[state.commandLength++] = value;
    const wanted = COMMAND_BYTES.get(state.command[0]! & 0x1f) ?? 1;
    if (state.commandLength < wanted) return;
    state.commandLength = 0;
    this.#execute();
  }

  #finish(result: readonly number[]): void {
    this.#result(result);
    this.#interrupt(true);
  }

  #result(result: readonly number[]): void {
    const { state } = this;
    state.step = STEP_NONE;
    state.result.set(result);
    state.resultLength = result.length;
    state.resultRead = 0;
  }

  #execute(): void {
    const { state } = this;
    const [code = 0, parameter = 0] = state.command;
    switch (code & 0x1f) {
      case 0x03:
        state.specify.set(state.command.subarray(1, 3));
        return;
      case 0x04:
        return this.#senseDrive(parameter);
      case 0x07:
        return this.#recalibrate(parameter & 3);
      case 0x08:
        return this.#senseInterrupt();
      case 0x0e:
        return this.#result(this.#registers());
      case 0x0f:
        return this.#seek(code, parameter, state.command[2]!);
      case 0x10:
        return this.#result([VERSION_ENHANCED]);
      case 0x12:
        // OW allows the drive bits to change.
        state.perpendicular = (parameter & 0x80) !== 0 ? parameter & 0x3f : (state.perpendicular & 0x3c) | (parameter & 3);
        return;
      case 0x13:
        state.configure.set(state.command.subarray(1, 4));
        return;
      case 0x14:
        state.lock = (code & 0x80) !== 0;
        return this.#result([state.lock ? 0x10 : 0]);
      default:
        if (!this.#transfer.start(code)) this.#result([ST0_INVALID]);
    }
  }

  #senseDrive(parameter: number): void {
    const unit = parameter & 3;
    const drive = this.#drives[unit];
    const protect = drive?.medium?.readOnly === true ? ST3_WRITE_PROTECTED : 0;
    const track0 = drive !== undefined && this.state.drives[unit]!.cylinder === 0 ? ST3_TRACK0 : 0;
    this.#result([0x28 | protect | track0 | (parameter & 7)]);
  }

  #senseInterrupt(): void {
    const { state } = this;
    if (state.pollInterrupts > 0) {
      const unit = DRIVES - state.pollInterrupts--;
      this.#result([ST0_CHANGED | unit, state.drives[unit]!.cylinder]);
    } else if (state.seekStatus !== 0) {
      const status = state.seekStatus;
      state.seekStatus = 0;
      this.#result([status, state.drives[status & 3]!.cylinder]);
    } else this.#result([ST0_INVALID]);
    this.#interrupt(false);
  }

  #recalibrate(unit: number): void {
    const present = this.#drives[unit] !== undefined;
    if (present) this.#step(unit, 0);
    this.#seekDone(unit, present ? 0 : ST0_ABNORMAL | ST0_EQUIPMENT_CHECK);
  }

  /** Also RELATIVE SEEK, whose first byte has bit 7 set and the direction in bit 6. */
  #seek(code: number, parameter: number, value: number): void {
    const unit = parameter & 3;
    const { cylinder } = this.state.drives[unit]!;
    const target = (code & 0x80) === 0 ? value : (code & 0x40) !== 0 ? cylinder + value : cylinder - value;
    this.#step(unit, Math.max(0, Math.min(target, LAST_CYLINDER)));
    this.#seekDone(unit, parameter & 4);
  }

  /** A step with a disk in the drive clears its disk change line. */
  #step(unit: number, cylinder: number): void {
    const drive = this.state.drives[unit]!;
    if (drive.cylinder !== cylinder && this.#drives[unit]?.medium !== undefined) drive.changed = false;
    drive.cylinder = cylinder;
  }

  #seekDone(unit: number, status: number): void {
    this.state.pollInterrupts = 0;
    this.state.seekStatus = ST0_SEEK_END | status | unit;
    this.#interrupt(true);
  }

  #registers(): number[] {
    const { state } = this;
    const cylinders = state.drives.map(({ cylinder }) => cylinder);
    const [first = 0, second = 0] = state.specify;
    const [, configuration = 0, precompensation = 0] = state.configure;
    const last = this.#geometry(state.dor & 3)?.sectors ?? 0;
    return [...cylinders, first, second, last, (state.lock ? 0x80 : 0) | (state.perpendicular << 2), configuration, precompensation];
  }
}
