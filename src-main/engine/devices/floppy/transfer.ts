// The execution phase of commands that touch a track: sectors between the medium and the host, one at a time, by DMA
// or through the FIFO. Reference: Intel 82077AA datasheet (290166), 5.1 (data transfer commands), 6 (status).

import type { Drive, DriveOutcome } from '../../block/drive.ts';
import type { DmaChannel } from '../dma8237.ts';
import type { Geometry } from './geometry.ts';
import {
  CONFIGURE_IMPLIED_SEEK, DOR_DMAGATE, SPECIFY_NON_DMA, ST0_ABNORMAL, ST1_DATA_ERROR, ST1_END_OF_CYLINDER, ST1_MISSING_ADDRESS, ST1_NO_DATA,
  ST1_NOT_WRITABLE, ST2_DATA_ERROR, ST2_SCAN_EQUAL, ST2_SCAN_FAILED, ST2_WRONG_CYLINDER,
} from './registers.ts';
import { type FloppyState, SECTOR_BYTES, STEP_ADDRESSES, STEP_FORMAT, STEP_HOST, STEP_MEDIUM, STEP_NONE } from './state.ts';

const CODE_512 = 2;
const MULTI_TRACK = 0x80;
const MFM = 0x40;
const DELETED_READ = 0x0c;
const ST2_CONTROL_MARK = 0x40;
const SCAN_WILDCARD = 0xff;

type Kind = 'read' | 'write' | 'verify' | 'scan' | 'format' | 'id';

const KINDS: ReadonlyMap<number, Kind> = new Map([
  [0x02, 'read'], [0x05, 'write'], [0x06, 'read'], [0x09, 'write'], [0x0a, 'id'], [0x0c, 'read'], [0x0d, 'format'], [0x11, 'scan'],
  [0x16, 'verify'], [0x19, 'scan'], [0x1d, 'scan'],
]);

export interface TransferParts {
  readonly state: FloppyState;
  readonly dma: DmaChannel;
  drive(unit: number): Drive | undefined;
  geometry(unit: number): Geometry | undefined;
  /** The result phase begins, with an interrupt. */
  finish(result: readonly number[]): void;
  interrupt(): void;
}

export class FloppyTransfer {
  readonly #parts: TransferParts;
  #epoch = 0;

  constructor(parts: TransferParts) {
    this.#parts = parts;
    parts.dma.onReady(() => this.proceed());
  }

  /** What the host may do with the FIFO now. */
  get hostWay(): 'in' | 'out' | 'none' {
    const { step } = this.#parts.state;
    if (!this.#throughFifo) return 'none';
    if (step === STEP_ADDRESSES) return 'out';
    return step !== STEP_HOST ? 'none' : this.#kind === 'read' ? 'in' : 'out';
  }

  /** False: no such command. */
  start(code: number): boolean {
    const kind = KINDS.get(code & 0x1f);
    if (kind === undefined) return false;
    const { state } = this.#parts;
    const [, select = 0, cylinder = 0, , sector = 0] = state.command;
    state.cylinder = kind === 'id' || kind === 'format' ? this.#heads.cylinder : cylinder;
    state.head = (select >> 2) & 1;
    state.sector = (code & 0x1f) === 0x02 || kind === 'id' || kind === 'format' ? 1 : sector;
    state.terminal = false;
    this.#setPosition(0);
    const refusal = this.#refusal(kind);
    if (refusal !== undefined) this.#end(...refusal);
    else if (kind === 'id') this.#end(0, 0, 0);
    else this.#go(kind === 'format' ? STEP_ADDRESSES : kind === 'write' ? STEP_HOST : STEP_MEDIUM);
    return true;
  }

  /** Goes on, should a DMA channel now be ready that was not. */
  proceed(): void {
    const { step } = this.#parts.state;
    if (!this.#throughFifo && (step === STEP_HOST || step === STEP_ADDRESSES)) this.#host();
  }

  cancel(): void {
    this.#epoch += 1;
    this.#parts.state.step = STEP_NONE;
  }

  resume(): void {
    this.#epoch += 1;
    const { step } = this.#parts.state;
    if (step === STEP_MEDIUM || step === STEP_FORMAT) this.#go(step);
  }

  readByte(): number {
    const { state } = this.#parts;
    if (this.hostWay !== 'in') return 0;
    const at = this.#position;
    const value = state.buffer[at]!;
    this.#setPosition(at + 1);
    if (at + 1 === SECTOR_BYTES) this.#hostDone();
    return value;
  }

  writeByte(value: number): void {
    const { state } = this.#parts;
    if (this.hostWay !== 'out') return;
    const at = this.#position;
    const target = state.step === STEP_ADDRESSES ? state.addresses : state.buffer;
    target[at] = value;
    this.#setPosition(at + 1);
    if (at + 1 === this.#hostBytes) this.#hostDone();
  }

  get #kind(): Kind {
    return KINDS.get(this.#parts.state.command[0]! & 0x1f) ?? 'read';
  }

  get #unit(): number {
    return this.#parts.state.command[1]! & 3;
  }

  /** Where the heads of the drive are. */
  get #heads(): { cylinder: number } {
    return this.#parts.state.drives[this.#unit]!;
  }

  get #throughFifo(): boolean {
    return (this.#parts.state.specify[1]! & SPECIFY_NON_DMA) !== 0;
  }

  get #position(): number {
    return this.#parts.state.position;
  }

  #setPosition(at: number): void {
    this.#parts.state.position = at;
  }

  /** Bytes of the host's part: a sector, or the address fields of the track. */
  get #hostBytes(): number {
    const { state } = this.#parts;
    return state.step === STEP_ADDRESSES ? Math.max(1, state.command[3]!) * 4 : SECTOR_BYTES;
  }

  /** ST0, ST1 and ST2 of what cannot begin. */
  #refusal(kind: Kind): [number, number, number] | undefined {
    const { state, geometry, drive } = this.#parts;
    const format = geometry(this.#unit);
    const size = kind === 'format' ? state.command[2]! : state.command[5]!;
    const readable = format?.rates.includes(state.rate) === true && (state.command[0]! & MFM) !== 0;
    if (format === undefined || !readable || state.head >= format.heads) return [ST0_ABNORMAL, ST1_MISSING_ADDRESS, 0];
    if ((kind === 'write' || kind === 'format') && drive(this.#unit)?.medium?.readOnly === true) return [ST0_ABNORMAL, ST1_NOT_WRITABLE, 0];
    if (kind === 'id') return undefined;
    if (size !== CODE_512) return [ST0_ABNORMAL, ST1_NO_DATA, 0];
    if (kind === 'format') return undefined;
    if ((state.configure[1]! & CONFIGURE_IMPLIED_SEEK) !== 0) this.#heads.cylinder = state.cylinder;
    if (state.cylinder !== this.#heads.cylinder) return [ST0_ABNORMAL, ST1_NO_DATA, ST2_WRONG_CYLINDER];
    return this.#isOnTrack(format) && state.command[3] === state.head ? undefined : [ST0_ABNORMAL, ST1_NO_DATA, 0];
  }

  #isOnTrack({ cylinders, sectors }: Geometry): boolean {
    const { cylinder, sector } = this.#parts.state;
    return cylinder < cylinders && sector >= 1 && sector <= sectors;
  }

  #go(step: number): void {
    const { state } = this.#parts;
    state.step = step;
    if (step === STEP_MEDIUM) this.#medium(this.#kind === 'write' ? 'write' : 'read', () => this.#mediumDone());
    else if (step === STEP_FORMAT) this.#format();
    else if (this.#throughFifo) this.#parts.interrupt();
    else this.#host();
  }

  #medium(operation: 'read' | 'write', then: () => void): void {
    const { state, geometry, drive } = this.#parts;
    const format = geometry(this.#unit);
    const medium = drive(this.#unit);
    if (format === undefined || medium === undefined) return this.#end(ST0_ABNORMAL, ST1_MISSING_ADDRESS, 0);
    if (!this.#isOnTrack(format)) return this.#end(ST0_ABNORMAL, ST1_NO_DATA, 0);
    const block = (state.cylinder * format.heads + state.head) * format.sectors + state.sector - 1;
    const epoch = this.#epoch;
    medium.submit({
      operation, offset: block * SECTOR_BYTES, length: SECTOR_BYTES, data: [state.buffer],
      done: (outcome) => {
        if (epoch !== this.#epoch) return;
        if (outcome === 'ok') then();
        else this.#fail(outcome);
      },
    });
  }

  #fail(outcome: DriveOutcome): void {
    if (outcome === 'write-protected') this.#end(ST0_ABNORMAL, ST1_NOT_WRITABLE, 0);
    else if (outcome === 'no-medium') this.#end(ST0_ABNORMAL, ST1_MISSING_ADDRESS, 0);
    else if (outcome === 'out-of-range') this.#end(ST0_ABNORMAL, ST1_NO_DATA, 0);
    else this.#end(ST0_ABNORMAL, ST1_DATA_ERROR, ST2_DATA_ERROR);
  }

  #mediumDone(): void {
    this.#setPosition(0);
    if (this.#kind === 'read' || this.#kind === 'scan') this.#go(STEP_HOST);
    else this.#nextSector();
  }

  /** Moves as much as the DMA channel takes. */
  #host(): void {
    const { state, dma } = this.#parts;
    if ((state.dor & DOR_DMAGATE) === 0) return;
    if (this.#kind === 'scan') return this.#scan();
    const target = state.step === STEP_ADDRESSES ? state.addresses : state.buffer;
    const part = target.subarray(this.#position, this.#hostBytes);
    const { bytes, terminal } = this.#kind === 'read' ? dma.toMemory(part) : dma.fromMemory(part);
    this.#setPosition(this.#position + bytes);
    state.terminal ||= terminal;
    if (terminal || this.#position === this.#hostBytes) this.#hostDone();
  }

  #hostDone(): void {
    const { state } = this.#parts;
    if (state.step === STEP_ADDRESSES) {
      this.#setPosition(0);
      return this.#go(STEP_FORMAT);
    }
    if (this.#kind === 'read') return this.#nextSector();
    // The host ran out: the rest of the sector is zero.
    state.buffer.fill(0, this.#position);
    this.#go(STEP_MEDIUM);
  }

  #scan(): void {
    const { state, dma } = this.#parts;
    const wanted = new Uint8Array(SECTOR_BYTES);
    const { bytes, terminal } = dma.fromMemory(wanted);
    if (bytes === 0) return;
    state.terminal ||= terminal;
    const order = state.buffer.subarray(0, bytes).reduce((found, byte, at) => {
      const other = wanted[at]!;
      return found !== 0 || byte === SCAN_WILDCARD || other === SCAN_WILDCARD ? found : Math.sign(byte - other);
    }, 0);
    const code = state.command[0]! & 0x1f;
    const hit = order === 0 || (code === 0x19 && order < 0) || (code === 0x1d && order > 0);
    if (hit) this.#end(0, 0, order === 0 ? ST2_SCAN_EQUAL : 0);
    else if (state.terminal || state.sector >= state.command[6]!) this.#end(0, 0, ST2_SCAN_FAILED);
    else {
      state.sector += Math.max(1, state.command[8]!);
      this.#go(STEP_MEDIUM);
    }
  }

  #nextSector(): void {
    const { state } = this.#parts;
    const more = this.#moveOn();
    if (state.terminal || (!more && this.#kind === 'verify')) return this.#end(0, 0, this.#controlMark);
    if (!more) return this.#end(ST0_ABNORMAL, ST1_END_OF_CYLINDER, this.#controlMark);
    this.#setPosition(0);
    this.#go(this.#kind === 'write' ? STEP_HOST : STEP_MEDIUM);
  }

  /** No sector here is a deleted one. */
  get #controlMark(): number {
    return (this.#parts.state.command[0]! & 0x1f) === DELETED_READ ? ST2_CONTROL_MARK : 0;
  }

  /** To the sector that follows; false behind the last one that the command names. */
  #moveOn(): boolean {
    const { state, geometry } = this.#parts;
    const last = state.command[6]!;
    if (state.sector !== last) {
      state.sector = (state.sector + 1) & 0xff;
      return true;
    }
    state.sector = 1;
    const multiTrack = (state.command[0]! & MULTI_TRACK) !== 0;
    if (multiTrack && state.head === 0 && geometry(this.#unit)?.heads === 2) {
      state.head = 1;
      return true;
    }
    if (multiTrack) state.head = 0;
    state.cylinder = (state.cylinder + 1) & 0xff;
    return false;
  }

  /** Writes the sector whose address field is next, filled; those that are not on the track are left out. */
  #format(): void {
    const { state } = this.#parts;
    const count = Math.max(1, state.command[3]!);
    const index = this.#position;
    if (index >= count) return this.#end(0, 0, 0);
    state.sector = state.addresses[index * 4 + 2]!;
    state.buffer.fill(state.command[5]!);
    const format = this.#parts.geometry(this.#unit);
    const next = (): void => {
      this.#setPosition(index + 1);
      this.#format();
    };
    if (format !== undefined && !this.#isOnTrack(format)) return next();
    this.#medium('write', next);
  }

  #end(st0: number, st1: number, st2: number): void {
    const { state, finish } = this.#parts;
    const select = (state.head << 2) | this.#unit;
    finish([st0 | select, st1, st2, state.cylinder, state.head, state.sector, CODE_512]);
  }
}
