// Drives by their INT 13h numbers, with the geometry that CHS functions speak. An El Torito CD that was booted is one
// more of them; what is emulated and where its image begins stands in guest memory, so that nothing is lost by a reset
// or a restored snapshot.
// Reference: BIOS Enhanced Disk Drive Services 3.0, 8; El Torito 1.0, section 4.

import type { BootDrive } from './boot-drive.ts';
import type { BiosCall } from './call.ts';
import { TORITO } from './data-area.ts';

const SECTOR = 512;
export const CD_SECTOR = 2048;
const FIRST_DISK = 0x80;
/** CD-ROMs without emulation, as EDD numbers removable media that are not disks. */
const FIRST_CD = 0xe0;

export interface Geometry {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectors: number;
}

/** What a drive number means. */
export interface DiskUnit {
  readonly number: number;
  readonly source: BootDrive;
  readonly kind: 'floppy' | 'disk' | 'cdrom';
  readonly sectorBytes: number;
  /** Bytes into the medium where the unit begins, and how many there are. */
  readonly start: number;
  readonly sectors: number;
  readonly geometry: Geometry;
  readonly readOnly: boolean;
}

/** State of El Torito emulation: bytes at `TORITO`. */
export interface Emulation {
  /** 0 none, 1-3 floppies of 1.2, 1.44 and 2.88 MB, 4 hard disk. */
  readonly media: number;
  readonly number: number;
  /** Which of the CD-ROMs. */
  readonly cd: number;
  readonly active: boolean;
  /** Image: CD sector and length in 512-byte sectors. */
  readonly image: number;
  readonly sectors: number;
  readonly geometry: Geometry;
  readonly loadSegment: number;
  readonly loadSectors: number;
}

const FLOPPIES: readonly (Geometry & { readonly type: number })[] = [
  { type: 1, cylinders: 40, heads: 1, sectors: 8 }, { type: 1, cylinders: 40, heads: 1, sectors: 9 },
  { type: 1, cylinders: 40, heads: 2, sectors: 8 }, { type: 1, cylinders: 40, heads: 2, sectors: 9 },
  { type: 3, cylinders: 80, heads: 2, sectors: 9 }, { type: 2, cylinders: 80, heads: 2, sectors: 15 },
  { type: 4, cylinders: 80, heads: 2, sectors: 18 }, { type: 4, cylinders: 80, heads: 2, sectors: 20 }, { type: 4, cylinders: 80, heads: 2, sectors: 21 },
  { type: 4, cylinders: 82, heads: 2, sectors: 21 }, { type: 4, cylinders: 83, heads: 2, sectors: 21 },
  { type: 5, cylinders: 80, heads: 2, sectors: 36 },
];
const DEFAULT_FLOPPY = FLOPPIES[6]!;

/** The format whose size fits, else the smallest that holds the image. */
export function floppyFormat(bytes: number): Geometry & { readonly type: number } {
  const size = ({ cylinders, heads, sectors }: Geometry): number => cylinders * heads * sectors * SECTOR;
  if (bytes === 0) return DEFAULT_FLOPPY;
  return FLOPPIES.find((format) => size(format) === bytes)
    ?? FLOPPIES.find((format) => format.cylinders === 80 && format.sectors >= 18 && size(format) >= bytes) ?? FLOPPIES[FLOPPIES.length - 1]!;
}

/** LBA-assisted translation: the fewest heads with which 1024 cylinders suffice. */
export function diskGeometry(sectors: number): Geometry {
  const perTrack = 63;
  const heads = [16, 32, 64, 128, 255].find((count) => sectors <= 1024 * count * perTrack) ?? 255;
  return { cylinders: Math.max(1, Math.min(1024, Math.floor(sectors / (heads * perTrack)))), heads, sectors: perTrack };
}

export class DiskUnits {
  readonly drives: readonly BootDrive[];

  constructor(drives: readonly BootDrive[]) {
    this.drives = drives;
  }

  of(kind: BootDrive['kind']): readonly BootDrive[] {
    return this.drives.filter((one) => one.kind === kind);
  }

  /** The unit behind a number, if there is one. */
  find(call: BiosCall, number: number): DiskUnit | undefined {
    const emulation = readEmulation(call);
    if (emulation.active && emulation.media !== 0 && number === emulation.number) return this.#emulated(emulation);
    if (number >= FIRST_CD) return this.#cd(number);
    const isDisk = number >= FIRST_DISK;
    // An emulated drive moves the real ones up by one.
    const shift = emulation.active && emulation.media !== 0 && (emulation.number >= FIRST_DISK) === isDisk ? 1 : 0;
    return isDisk ? this.#disk(number, number - FIRST_DISK - shift) : this.#floppy(number, number - shift);
  }

  /** Number that a source has without emulation. */
  numberOf(source: BootDrive): number {
    const first = { floppy: 0, disk: FIRST_DISK, cdrom: FIRST_CD }[source.kind];
    return first + this.of(source.kind).indexOf(source);
  }

  count(call: BiosCall, kind: 'floppy' | 'disk'): number {
    const { active, media, number } = readEmulation(call);
    const extra = active && media !== 0 && (number >= FIRST_DISK) === (kind === 'disk') ? 1 : 0;
    return this.of(kind).length + extra;
  }

  #disk(number: number, index: number): DiskUnit | undefined {
    const source = this.of('disk')[index];
    if (source === undefined) return undefined;
    const sectors = Math.floor((source.drive.medium?.bytes ?? 0) / SECTOR);
    return {
      number, source, kind: 'disk', sectorBytes: SECTOR, start: 0, sectors, geometry: diskGeometry(sectors),
      readOnly: source.drive.medium?.readOnly ?? false,
    };
  }

  #floppy(number: number, index: number): DiskUnit | undefined {
    const source = this.of('floppy')[index];
    if (source === undefined) return undefined;
    const geometry = floppyFormat(source.drive.medium?.bytes ?? 0);
    return {
      number, source, kind: 'floppy', sectorBytes: SECTOR, start: 0, sectors: geometry.cylinders * geometry.heads * geometry.sectors, geometry,
      readOnly: source.drive.medium?.readOnly ?? false,
    };
  }

  #cd(number: number): DiskUnit | undefined {
    const source = this.of('cdrom')[number - FIRST_CD];
    if (source === undefined) return undefined;
    const sectors = Math.floor((source.drive.medium?.bytes ?? 0) / CD_SECTOR);
    return { number, source, kind: 'cdrom', sectorBytes: CD_SECTOR, start: 0, sectors, geometry: { cylinders: 1, heads: 1, sectors: 1 }, readOnly: true };
  }

  #emulated(emulation: Emulation): DiskUnit | undefined {
    const source = this.of('cdrom')[emulation.cd];
    if (source === undefined) return undefined;
    return {
      number: emulation.number, source, kind: emulation.media === 4 ? 'disk' : 'floppy', sectorBytes: SECTOR, start: emulation.image * CD_SECTOR,
      sectors: emulation.sectors, geometry: emulation.geometry, readOnly: true,
    };
  }
}

export function readEmulation(call: BiosCall): Emulation {
  const at = TORITO;
  return {
    active: call.read8(at) === 1, media: call.read8(at + 1), number: call.read8(at + 2), cd: call.read8(at + 3),
    image: call.read32(at + 4), sectors: call.read32(at + 8),
    geometry: { cylinders: call.read16(at + 12), heads: call.read8(at + 14), sectors: call.read8(at + 15) },
    loadSegment: call.read16(at + 16), loadSectors: call.read16(at + 18),
  };
}

export function writeEmulation(call: BiosCall, emulation: Emulation): void {
  const at = TORITO;
  call.write8(at, emulation.active ? 1 : 0);
  call.write8(at + 1, emulation.media);
  call.write8(at + 2, emulation.number);
  call.write8(at + 3, emulation.cd);
  call.write32(at + 4, emulation.image);
  call.write32(at + 8, emulation.sectors);
  call.write16(at + 12, emulation.geometry.cylinders);
  call.write8(at + 14, emulation.geometry.heads);
  call.write8(at + 15, emulation.geometry.sectors);
  call.write16(at + 16, emulation.loadSegment);
  call.write16(at + 18, emulation.loadSectors);
}
