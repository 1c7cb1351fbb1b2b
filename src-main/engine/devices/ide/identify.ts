// What drives say of themselves. Reference: ATA/ATAPI-6 (T13/1410D), 8.15.8 (IDENTIFY DEVICE), 8.16.8 (IDENTIFY PACKET
// DEVICE).

import type { UnitState } from './state.ts';

export interface Identity {
  readonly model: string;
  readonly serial: string;
}

const FIRMWARE = '1.0';
export const MAX_MULTIPLE = 16;
const MAX_CYLINDERS = 16383;
const LBA28_LIMIT = 0xfff_ffff;
const SECTOR = 512;

export interface Geometry {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectors: number;
}

/** The default translation: 16 heads of 63 sectors, as drives beyond a few gigabytes all say. */
export function defaultGeometry(sectorCount: number): Geometry {
  const cylinders = Math.min(MAX_CYLINDERS, Math.max(1, Math.floor(sectorCount / (16 * 63))));
  return { cylinders, heads: 16, sectors: 63 };
}

/** With the translation that INITIALIZE DEVICE PARAMETERS set. */
export function currentGeometry(state: UnitState, sectorCount: number): Geometry {
  const { heads, sectors } = state;
  const cylinders = Math.min(0xffff, Math.max(1, Math.floor(sectorCount / (heads * sectors))));
  return heads === 16 && sectors === 63 ? defaultGeometry(sectorCount) : { cylinders, heads, sectors };
}

class Words {
  readonly bytes = new Uint8Array(SECTOR);
  readonly #view = new DataView(this.bytes.buffer);

  set(word: number, value: number): void {
    this.#view.setUint16(word * 2, value, true);
  }

  setLong(word: number, value: number): void {
    this.#view.setUint32(word * 2, value, true);
  }

  /** Two characters a word, the first in the high byte. */
  text(word: number, words: number, text: string): void {
    const padded = text.padEnd(words * 2).slice(0, words * 2);
    for (let i = 0; i < words * 2; i++) this.bytes[(word * 2 + i) ^ 1] = padded.charCodeAt(i) & 0x7f;
  }

  identity({ model, serial }: Identity): void {
    this.text(10, 10, serial.padStart(Math.min(20, serial.length)));
    this.text(23, 4, FIRMWARE);
    this.text(27, 20, model);
  }
}

/** Modes 0 to 2 of multiword DMA and 0 to 5 of Ultra DMA, with the one in use. */
function transferModes(words: Words, mode: number): void {
  words.set(49, 0x0f00); // LBA, DMA, IORDY that may be switched off
  words.set(53, 7);
  words.set(63, 0x07 | (mode >> 3 === 4 ? 0x100 << (mode & 7) : 0));
  words.set(64, 3);
  for (let word = 65; word <= 68; word++) words.set(word, 120);
  words.set(88, 0x3f | (mode >> 3 === 8 ? 0x100 << (mode & 7) : 0));
}

export function identifyDisk(state: UnitState, identity: Identity, sectorCount: number): Uint8Array {
  const words = new Words();
  const whole = defaultGeometry(sectorCount);
  const now = currentGeometry(state, sectorCount);
  words.set(0, 0x0040); // a fixed disk
  words.set(1, whole.cylinders);
  words.set(3, whole.heads);
  words.set(6, whole.sectors);
  words.identity(identity);
  words.set(21, 512);
  words.set(22, 4);
  words.set(47, 0x8000 | MAX_MULTIPLE);
  words.set(48, 1);
  transferModes(words, state.transferMode);
  words.set(50, 0x4000);
  words.set(51, 0x0200);
  words.set(52, 0x0200);
  words.set(54, now.cylinders);
  words.set(55, now.heads);
  words.set(56, now.sectors);
  words.setLong(57, now.cylinders * now.heads * now.sectors);
  words.set(59, state.multiple === 0 ? 0 : 0x100 | state.multiple);
  words.setLong(60, Math.min(sectorCount, LBA28_LIMIT));
  words.set(80, 0x007e); // ATA-1 to ATA/ATAPI-6
  words.set(82, 0x4069); // NOP, look-ahead, write cache, power management, SMART
  words.set(83, 0x7400); // FLUSH CACHE (EXT), 48-bit addresses
  words.set(84, 0x4043); // FUA, SMART self-test and error logging
  words.set(85, 0x4008 | (state.lookAhead ? 0x40 : 0) | (state.writeCache ? 0x20 : 0) | (state.smart ? 1 : 0));
  words.set(86, 0x3400);
  words.set(87, 0x4043);
  words.set(93, 0x600b); // 80-conductor cable
  words.setLong(100, sectorCount % 0x1_0000_0000);
  words.set(102, Math.floor(sectorCount / 0x1_0000_0000));
  return words.bytes;
}

export function identifyCdrom(state: UnitState, identity: Identity): Uint8Array {
  const words = new Words();
  words.set(0, 0x85c0); // ATAPI, CD-ROM, removable, DRQ within 50 us, 12-byte packets
  words.identity(identity);
  transferModes(words, state.transferMode);
  words.set(80, 0x007e);
  words.set(82, 0x4210); // NOP, DEVICE RESET, PACKET
  words.set(83, 0x4000);
  words.set(84, 0x4000);
  words.set(85, 0x4210);
  words.set(87, 0x4000);
  words.set(93, 0x600b);
  return words.bytes;
}
