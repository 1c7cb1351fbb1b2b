// CD images with nothing on them but what El Torito needs: boot record, catalogue, boot image.

import { SECTOR } from './bios-machine.ts';

const CD_SECTOR = 2048;
const RECORD = 17;
const CATALOG = 19;
const IMAGE = 20;

export interface CdOptions {
  readonly code: readonly number[];
  /** 0 no emulation, 1 to 3 floppies, 4 hard disk. */
  readonly media?: number;
  readonly loadSectors?: number;
  readonly imageBytes?: number;
}

/** The last byte of sector n (of 512 bytes) of the boot image is n + 1. */
export function elToritoImage({ code, media = 0, loadSectors = 4, imageBytes = 0x4000 }: CdOptions): Uint8Array {
  const cd = new Uint8Array(IMAGE * CD_SECTOR + imageBytes);
  const view = new DataView(cd.buffer);
  const text = (at: number, value: string): void => cd.set([...value].map((character) => character.charCodeAt(0)), at);
  text(RECORD * CD_SECTOR + 1, 'CD001\x01EL TORITO SPECIFICATION');
  view.setUint32(RECORD * CD_SECTOR + 0x47, CATALOG, true);
  const entry = CATALOG * CD_SECTOR;
  cd[entry] = 1;
  view.setUint16(entry + 0x1e, 0xaa55, true);
  view.setUint16(entry + 0x1c, 0x1_0000 - 0xaa55 - 1, true);
  cd.set([0x88, media], entry + 0x20);
  view.setUint16(entry + 0x26, loadSectors, true);
  view.setUint32(entry + 0x28, IMAGE, true);
  const image = cd.subarray(IMAGE * CD_SECTOR);
  for (let sector = 0; sector * SECTOR < imageBytes; sector++) image[(sector + 1) * SECTOR - 1] = sector + 1;
  image.set(code);
  return cd;
}
