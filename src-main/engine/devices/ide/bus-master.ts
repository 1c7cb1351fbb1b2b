// The bus master of one IDE channel: its registers, and the list of memory ranges it is given.
// Reference: Programming Interface for Bus Master IDE Controller 1.0; Intel 82371SB (PIIX3), 2.3 and 3.5.

import { readU16, readU32 } from '../../base/bytes.ts';
import type { Dma, DmaAccess } from '../../bus/dma.ts';
import type { ChannelState } from './state.ts';

const COMMAND = 0;
const STATUS = 2;
const TABLE = 4;
const COMMAND_START = 1;
/** The bus master writes to memory. */
const COMMAND_WRITE = 8;
const STATUS_ACTIVE = 1;
const STATUS_ERROR = 2;
const STATUS_INTERRUPT = 4;
const STATUS_CAPABLE = 0x60;
const END_OF_TABLE = 0x8000;
const ENTRY_BYTES = 8;
/** The table may not cross such a border. */
const TABLE_SPAN = 0x1_0000;

export interface MemoryRange {
  readonly address: number;
  readonly length: number;
}

/** The part of the guest's memory that a transfer uses. */
export interface Scatter {
  readonly ranges: readonly MemoryRange[];
  readonly bytes: number;
  /** The table describes no more than that. */
  readonly exhausted: boolean;
}

export class BusMaster {
  readonly #state: ChannelState['busMaster'];
  readonly #dma: Dma;
  readonly #onStart: () => void;

  constructor(state: ChannelState['busMaster'], dma: Dma, onStart: () => void) {
    this.#state = state;
    this.#dma = dma;
    this.#onStart = onStart;
  }

  get active(): boolean {
    return (this.#state.status & STATUS_ACTIVE) !== 0;
  }

  /** From the device to memory. */
  get toMemory(): boolean {
    return (this.#state.command & COMMAND_WRITE) !== 0;
  }

  read(offset: number): number {
    const { command, status, table } = this.#state;
    if (offset === COMMAND) return command;
    if (offset === STATUS) return status;
    return offset >= TABLE ? (table >>> (8 * (offset - TABLE))) & 0xff : 0;
  }

  write(offset: number, value: number): void {
    const state = this.#state;
    if (offset === COMMAND) return this.#command(value);
    if (offset === STATUS) {
      const cleared = value & (STATUS_ERROR | STATUS_INTERRUPT);
      state.status = (state.status & ~cleared & ~STATUS_CAPABLE) | (value & STATUS_CAPABLE);
    } else if (offset >= TABLE) {
      const shift = 8 * (offset - TABLE);
      state.table = ((state.table & ~(0xff << shift)) | (value << shift)) >>> 0 & ~3;
      state.table >>>= 0;
    }
  }

  /** INTRQ of the drive rose. */
  interrupt(): void {
    this.#state.status |= STATUS_INTERRUPT;
  }

  /** Ranges for at most `bytes`. */
  scatter(bytes: number): Scatter {
    const ranges: MemoryRange[] = [];
    const entry = new Uint8Array(ENTRY_BYTES);
    let left = bytes;
    for (let at = 0; at < TABLE_SPAN; at += ENTRY_BYTES) {
      this.#dma.read(this.#state.table + at, entry);
      const length = readU16(entry, 4) & ~1 || 0x1_0000;
      const used = Math.min(length, left);
      if (used > 0) ranges.push({ address: readU32(entry, 0) & ~1, length: used });
      left -= used;
      const last = (readU16(entry, 6) & END_OF_TABLE) !== 0;
      if (last || left === 0) return { ranges: ranges.map(unsigned), bytes: bytes - left, exhausted: last && used === length };
    }
    return { ranges: ranges.map(unsigned), bytes: bytes - left, exhausted: true };
  }

  views(scatter: Scatter, access: DmaAccess): Uint8Array[] {
    return scatter.ranges.flatMap(({ address, length }) => this.#dma.views(address, length, access));
  }

  written(scatter: Scatter): void {
    for (const { address, length } of scatter.ranges) this.#dma.written(address, length);
  }

  /** The transfer is over; the bus master rests when its table is used up. */
  finish(exhausted: boolean): void {
    if (exhausted) this.#state.status &= ~STATUS_ACTIVE;
  }

  #command(value: number): void {
    const state = this.#state;
    const starts = (value & COMMAND_START) !== 0 && (state.command & COMMAND_START) === 0;
    state.command = value & (COMMAND_START | COMMAND_WRITE);
    if (starts) {
      state.status |= STATUS_ACTIVE;
      this.#onStart();
    } else if ((value & COMMAND_START) === 0) state.status &= ~STATUS_ACTIVE;
  }
}

const unsigned = ({ address, length }: MemoryRange): MemoryRange => ({ address: address >>> 0, length });
