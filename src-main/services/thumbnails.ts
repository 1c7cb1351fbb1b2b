// The small pictures of machines' screens: in memory while they run, as `thumbnail.png` in their folders afterwards.

import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineId } from '../../shared/machine/config.ts';
import { thumbnail } from '../../shared/machine/view.ts';

const FILE = 'thumbnail.png';
/** PNG, section 5.2; IHDR, section 11.2.1. */
const HEAD = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MAX_SIDE = 1024;
const MAX_BYTES = 150_000;

export interface Thumbnail {
  readonly id: MachineId;
  readonly pngBase64: string;
}

export class Thumbnails {
  readonly #folderOf: (id: MachineId) => string;
  readonly #current = new Map<MachineId, string>();
  readonly #unsaved = new Set<MachineId>();
  #writing: Promise<unknown> = Promise.resolve();

  constructor(folderOf: (id: MachineId) => string) {
    this.#folderOf = folderOf;
  }

  /** From a process nobody vouches for: false when it is no small PNG. */
  put(id: MachineId, pngBase64: string): boolean {
    if (!isSmallPng(Buffer.from(pngBase64, 'base64'))) return false;
    this.#current.set(id, pngBase64);
    this.#unsaved.add(id);
    return true;
  }

  /** The machine has ended: its last picture stays. A picture is no reason to fail. */
  keep(id: MachineId): void {
    const png = this.#current.get(id);
    if (png === undefined || !this.#unsaved.delete(id)) return;
    const file = join(this.#folderOf(id), FILE);
    this.#writing = this.#writing.then(() => writeFile(file, Buffer.from(png, 'base64')).catch(() => undefined));
  }

  async flush(): Promise<void> {
    await this.#writing;
  }

  forget(id: MachineId): void {
    this.#current.delete(id);
    this.#unsaved.delete(id);
  }

  async all(ids: readonly MachineId[]): Promise<Thumbnail[]> {
    const found = await Promise.all(
      ids.map(async (id) => ({ id, pngBase64: this.#current.get(id) ?? (await this.#read(id)) })),
    );
    return found.flatMap(({ id, pngBase64 }) => (pngBase64 === undefined ? [] : [{ id, pngBase64 }]));
  }

  async #read(id: MachineId): Promise<string | undefined> {
    const file = join(this.#folderOf(id), FILE);
    try {
      if ((await stat(file)).size > MAX_BYTES) return undefined;
      const png = await readFile(file);
      return isSmallPng(png) ? png.toString('base64') : undefined;
    } catch {
      // It has never run, or somebody removed its picture.
      return undefined;
    }
  }
}

function isSmallPng(png: Buffer): boolean {
  if (png.length < 33 || png.length > MAX_BYTES || !png.subarray(0, 8).equals(HEAD)) return false;
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  return width > 0 && height > 0 && width <= MAX_SIDE && height <= MAX_SIDE && thumbnail.safeParse(png.toString('base64')).success;
}
