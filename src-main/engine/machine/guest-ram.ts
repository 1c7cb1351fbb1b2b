// Guest RAM as devices and firmware reach it: by physical address, through the physical map, telling the CPU
// which bytes changed under it.

import type { Dma, DmaAccess } from '../bus/dma.ts';
import type { CpuEngine, PhysicalRegion } from '../execution/cpu-engine.ts';
import { HIGH_RAM_BASE, LEGACY_VIDEO, OPTION_ROMS, splitRam } from '../firmware/memory-map.ts';

/** RAM with the hole of the legacy video window; behind 4 GiB goes what does not fit below the PCI window. */
export function ramRegions(ramBytes: number): PhysicalRegion[] {
  const { low, high } = splitRam(ramBytes);
  const regions: PhysicalRegion[] = [
    { kind: 'ram', base: 0, bytes: LEGACY_VIDEO, offset: 0 },
    { kind: 'ram', base: OPTION_ROMS, bytes: low - OPTION_ROMS, offset: OPTION_ROMS },
  ];
  if (high > 0) regions.push({ kind: 'ram', base: HIGH_RAM_BASE, bytes: high, offset: low });
  return regions;
}

/** Stands in for addresses without memory, piece by piece. */
const VOID_BYTES = 0x1_0000;

export class GuestRam implements Dma {
  readonly #engine: CpuEngine;
  readonly #bytes: Uint8Array;
  readonly #placed = new Map<string, readonly PhysicalRegion[]>();
  #regions: readonly PhysicalRegion[];
  #void: Uint8Array | undefined;

  constructor(engine: CpuEngine, regions: readonly PhysicalRegion[]) {
    this.#engine = engine;
    this.#bytes = new Uint8Array(engine.memory.buffer, engine.ram.base, engine.ram.bytes);
    this.#regions = regions;
    this.#placed.set('ram', regions);
  }

  /** Replaces what one owner ('ram' to begin with) has in the physical map; owners do not overlap. */
  place(owner: string, regions: readonly PhysicalRegion[]): void {
    this.#placed.set(owner, regions);
    this.#regions = [...this.#placed.values()].flat();
    this.#engine.setRegions(this.#regions);
  }

  read(address: number, into: Uint8Array): void {
    this.#pieces(address, into.length, (done, length, region, at) => {
      if (region === undefined) into.fill(0xff, done, done + length);
      else {
        this.#engine.beforeRead(at, length);
        into.set(this.#bytes.subarray(at, at + length), done);
      }
    });
  }

  write(address: number, from: Uint8Array): void {
    this.#pieces(address, from.length, (done, length, region, at) => {
      if (region === undefined || region.kind === 'rom') return;
      this.#engine.beforeWrite(at, length);
      this.#bytes.set(from.subarray(done, done + length), at);
      this.#engine.invalidate(address + done, length);
    });
  }

  views(address: number, length: number, access: DmaAccess): Uint8Array[] {
    const views: Uint8Array[] = [];
    this.#pieces(address, length, (_done, bytes, region, at) => {
      if (region === undefined || (region.kind === 'rom' && access === 'write')) this.#addVoid(views, bytes);
      else {
        if (access === 'write') this.#engine.beforeWrite(at, bytes);
        else this.#engine.beforeRead(at, bytes);
        views.push(this.#bytes.subarray(at, at + bytes));
      }
    });
    return views;
  }

  written(address: number, length: number): void {
    this.#pieces(address, length, (done, bytes, region) => {
      if (region !== undefined && region.kind !== 'rom') this.#engine.invalidate(address + done, bytes);
    });
  }

  #addVoid(views: Uint8Array[], length: number): void {
    this.#void ??= new Uint8Array(new SharedArrayBuffer(VOID_BYTES));
    this.#void.fill(0xff);
    for (let left = length; left > 0; left -= VOID_BYTES) views.push(this.#void.subarray(0, Math.min(left, VOID_BYTES)));
  }

  /** Power-on: RAM is zero. */
  clear(bytes: number): void {
    this.#engine.beforeWrite(0, bytes);
    this.#bytes.fill(0, 0, bytes);
  }

  /** Cuts a range at the borders of the physical map. */
  #pieces(address: number, length: number, visit: (done: number, length: number, region: PhysicalRegion | undefined, at: number) => void): void {
    for (let done = 0; done < length; ) {
      const here = address + done;
      const region = this.#regions.find((candidate) => here >= candidate.base && here < candidate.base + candidate.bytes);
      const end = region === undefined ? this.#nextBase(here) : region.base + region.bytes;
      const step = Math.min(length - done, end - here);
      visit(done, step, region, region === undefined ? 0 : region.offset + (here - region.base));
      done += step;
    }
  }

  #nextBase(address: number): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#regions.map((region) => region.base).filter((base) => base > address));
  }
}
