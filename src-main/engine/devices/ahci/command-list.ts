// What a guest lays out in memory for an AHCI port: command headers, tables with their frames and memory ranges.
// Reference: Serial ATA AHCI 1.3.1, 4.2.2 (command list), 4.2.3 (command table).

import { readU16, readU32, writeU32 } from '../../base/bytes.ts';
import type { Dma, DmaAccess } from '../../bus/dma.ts';

const HEADER_BYTES = 32;
const FRAME_BYTES = 64;
const PACKET = 0x40;
const RANGES = 0x80;
const RANGE_BYTES = 16;
const LENGTH = 0x3f_ffff;

/** A Register frame from host to device. */
export const FRAME_HOST_TO_DEVICE = 0x27;

export interface Command {
  readonly slot: number;
  readonly header: number;
  readonly table: number;
  readonly ranges: number;
  /** The frame that goes to the device. */
  readonly frame: Uint8Array;
}

export interface MemoryRange {
  readonly address: number;
  readonly length: number;
}

/** Memory of one transfer: as much as was wanted, or as there is. */
export interface Scatter {
  readonly ranges: readonly MemoryRange[];
  readonly bytes: number;
  /** The list describes no more than that. */
  readonly exhausted: boolean;
}

export function readCommand(dma: Dma, list: number, slot: number): Command {
  const header = list + slot * HEADER_BYTES;
  const bytes = new Uint8Array(HEADER_BYTES);
  dma.read(header, bytes);
  const table = readU32(bytes, 8) - (readU32(bytes, 8) % 128) + readU32(bytes, 12) * 2 ** 32;
  const frame = new Uint8Array(FRAME_BYTES);
  dma.read(table, frame);
  return { slot, header, table, ranges: readU16(bytes, 2), frame };
}

export function readPacket(dma: Dma, command: Command, into: Uint8Array): void {
  dma.read(command.table + PACKET, into);
}

export function writeTransferred(dma: Dma, command: Command, bytes: number): void {
  const count = new Uint8Array(4);
  writeU32(count, 0, bytes);
  dma.write(command.header + 4, count);
}

/** The ranges from `skip` on, for at most `wanted` bytes. */
export function scatter(dma: Dma, command: Command, skip: number, wanted: number): Scatter {
  const ranges: MemoryRange[] = [];
  const entry = new Uint8Array(RANGE_BYTES);
  let before = skip;
  let left = wanted;
  for (let index = 0; index < command.ranges && left > 0; index++) {
    dma.read(command.table + RANGES + index * RANGE_BYTES, entry);
    const whole = (readU32(entry, 12) & LENGTH) + 1;
    const passed = Math.min(before, whole);
    before -= passed;
    const length = Math.min(whole - passed, left);
    if (length === 0) continue;
    const address = readU32(entry, 0) + readU32(entry, 4) * 2 ** 32 + passed;
    ranges.push({ address, length });
    left -= length;
  }
  return { ranges, bytes: wanted - left, exhausted: left > 0 };
}

export function viewsOf(dma: Dma, { ranges }: Scatter, access: DmaAccess): Uint8Array[] {
  return ranges.flatMap(({ address, length }) => dma.views(address, length, access));
}

export function noteWritten(dma: Dma, { ranges }: Scatter): void {
  for (const { address, length } of ranges) dma.written(address, length);
}
