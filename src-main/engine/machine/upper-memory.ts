// The memory from C0000h to FFFFFh and the ROM below 4 GiB: which of RAM, ROM and nothing answers where, as the host
// bridge's PAM registers say. The ROM stands behind guest RAM in the engine's memory.
// Reference: Intel 82441FX datasheet (290549), 3.2.18 (PAM); a PIIX3 decodes the last 128 KiB of the ROM below 1 MiB.

import type { BusTarget, Region, Width } from '../bus/region.ts';
import type { ShadowControl } from '../devices/pci/host-bridge.ts';
import type { CpuEngine, PhysicalRegion } from '../execution/cpu-engine.ts';
import { EXTENDED_MEMORY, OPTION_ROMS } from '../firmware/memory-map.ts';
import { type GuestRam, ramRegions } from './guest-ram.ts';

const PAGE = 0x1000;
const FOUR_GIB = 0x1_0000_0000;
const LOW_ALIAS_BYTES = 0x2_0000;

interface Piece {
  readonly base: number;
  readonly bytes: number;
  readonly readRam: boolean;
  readonly writeRam: boolean;
}

/** Bytes a ROM image takes in the engine's memory: whole pages. */
export function romBytes(image: Uint8Array): number {
  return Math.ceil(image.length / PAGE) * PAGE;
}

/** Also the target of writes that reach RAM while reads come from ROM. */
export class UpperMemory implements ShadowControl, BusTarget {
  readonly id = 'upper-memory';
  readonly regions: readonly Region[] = [{ space: 'memory', base: OPTION_ROMS, length: EXTENDED_MEMORY - OPTION_ROMS, priority: -1 }];
  readonly #ram: GuestRam;
  readonly #engine: CpuEngine;
  readonly #romOffset: number;
  readonly #romBytes: number;
  readonly #pieces = new Map<number, Piece>();
  readonly #bytes: Uint8Array;

  /** `romOffset`: where the ROM goes in the guest part of the engine's memory. */
  constructor(parts: { ram: GuestRam; engine: CpuEngine; ramBytes: number; rom: Uint8Array; romOffset: number }) {
    const { ram, engine, ramBytes, rom, romOffset } = parts;
    this.#ram = ram;
    this.#engine = engine;
    this.#romOffset = romOffset;
    this.#romBytes = romBytes(rom);
    this.#bytes = new Uint8Array(engine.memory.buffer, engine.ram.base, romOffset + this.#romBytes);
    // A ROM ends at the top, so what is missing to whole pages is missing below.
    this.#bytes.fill(0xff, romOffset, romOffset + this.#romBytes - rom.length);
    this.#bytes.set(rom, romOffset + this.#romBytes - rom.length);
    ram.place('ram', ramRegions(ramBytes).flatMap((region) => withoutUpperMemory(region)));
    ram.place('rom', [{ kind: 'rom', base: FOUR_GIB - this.#romBytes, bytes: this.#romBytes, offset: romOffset }]);
  }

  shadow(base: number, bytes: number, readRam: boolean, writeRam: boolean): void {
    this.#pieces.set(base, { base, bytes, readRam, writeRam });
    this.#ram.place('upper', [...this.#pieces.values()].flatMap((piece) => this.#regionsOf(piece)));
    // RAM may have been written while it could not be read.
    if (readRam) this.#engine.invalidate(base, bytes);
  }

  read(): number {
    return 0xff;
  }

  write(_region: number, offset: number, width: Width, value: number): void {
    const address = OPTION_ROMS + offset;
    for (const { base, bytes, readRam, writeRam } of this.#pieces.values()) {
      if (address < base || address >= base + bytes || readRam || !writeRam) continue;
      this.#engine.beforeWrite(address, width);
      for (let i = 0; i < width; i++) this.#bytes[address + i] = (value >>> (8 * i)) & 0xff;
    }
  }

  #regionsOf({ base, bytes, readRam, writeRam }: Piece): PhysicalRegion[] {
    if (readRam) return [{ kind: writeRam ? 'ram' : 'rom', base, bytes, offset: base }];
    const romBase = EXTENDED_MEMORY - Math.min(this.#romBytes, LOW_ALIAS_BYTES);
    const from = Math.max(base, romBase);
    const length = base + bytes - from;
    return length <= 0 ? [] : [{ kind: 'rom', base: from, bytes: length, offset: this.#romOffset + this.#romBytes - (EXTENDED_MEMORY - from) }];
  }
}

function withoutUpperMemory(region: PhysicalRegion): PhysicalRegion[] {
  if (region.base !== OPTION_ROMS) return [region];
  const skipped = EXTENDED_MEMORY - OPTION_ROMS;
  return [{ ...region, base: EXTENDED_MEMORY, bytes: region.bytes - skipped, offset: region.offset + skipped }];
}
