// The demo as a CD: a volume with a text file on it that starts the demo's program.
// Reference: ECMA-119, 8.4 (primary descriptor), 9.1 (directory record), 9.4 (path table); El Torito 1.0, 2.

import { demoProgram } from './program.ts';

const SECTOR = 2048;
const [PRIMARY, BOOT_RECORD, TERMINATOR] = [16, 17, 18];
const [PATHS, PATHS_BIG, ROOT, CATALOG, README, PROGRAM] = [19, 20, 21, 22, 23, 24];
/** Sectors of an emulated disk, in which boot images are counted. */
const BOOT_SECTOR = 512;
export const DEMO_VOLUME = 'BOXWRIGHT_DEMO';

const TEXT = `The demo of Boxwright

This CD starts a small program that shows what the machine can do:
text and graphics, keyboard and mouse, clock, CD drive and power button.
It needs no disk.
`;

export function demoCd(): Uint8Array {
  const program = demoProgram();
  const image = new Uint8Array((PROGRAM + Math.ceil(program.length / SECTOR)) * SECTOR);
  const sector = (number: number): Uint8Array => image.subarray(number * SECTOR);
  descriptor(sector(PRIMARY), 1);
  primary(sector(PRIMARY), image.length / SECTOR);
  descriptor(sector(BOOT_RECORD), 0);
  ascii(sector(BOOT_RECORD), 7, 'EL TORITO SPECIFICATION');
  view(sector(BOOT_RECORD)).setUint32(0x47, CATALOG, true);
  descriptor(sector(TERMINATOR), 255);
  view(sector(PATHS)).setUint32(2, ROOT, true);
  view(sector(PATHS_BIG)).setUint32(2, ROOT);
  sector(PATHS).set([1, 0]);
  sector(PATHS_BIG).set([1, 0]);
  view(sector(PATHS)).setUint16(6, 1, true);
  view(sector(PATHS_BIG)).setUint16(6, 1);
  const self = record(sector(ROOT), '\0', { sector: ROOT, bytes: SECTOR, flags: 2 });
  const parent = record(sector(ROOT).subarray(self), '\x01', { sector: ROOT, bytes: SECTOR, flags: 2 });
  record(sector(ROOT).subarray(self + parent), 'README.TXT;1', { sector: README, bytes: TEXT.length, flags: 0 });
  catalog(sector(CATALOG), program.length);
  ascii(sector(README), 0, TEXT);
  sector(PROGRAM).set(program);
  return image;
}

function descriptor(into: Uint8Array, type: number): void {
  into[0] = type;
  ascii(into, 1, 'CD001');
  into[6] = 1;
}

function primary(into: Uint8Array, sectors: number): void {
  // Names that are not given are blanks.
  into.fill(0x20, 8, 72).fill(0x20, 190, 813);
  ascii(into, 40, DEMO_VOLUME);
  ascii(into, 574, 'BOXWRIGHT DEMO');
  both32(into, 80, sectors);
  for (const at of [120, 124]) both16(into, at, 1);
  both16(into, 128, SECTOR);
  // The path table has one entry.
  both32(into, 132, 10);
  view(into).setUint32(140, PATHS, true);
  view(into).setUint32(148, PATHS_BIG);
  record(into.subarray(156), '\0', { sector: ROOT, bytes: SECTOR, flags: 2 });
  // Four dates that are not given.
  for (let at = 813; at < 881; at += 17) into.fill(0x30, at, at + 16);
  into[881] = 1;
}

/** Returns its length. */
function record(into: Uint8Array, name: string, file: { readonly sector: number; readonly bytes: number; readonly flags: number }): number {
  const length = 33 + name.length + (name.length % 2 === 0 ? 1 : 0);
  into[0] = length;
  both32(into, 2, file.sector);
  both32(into, 10, file.bytes);
  into[25] = file.flags;
  both16(into, 28, 1);
  into[32] = name.length;
  ascii(into, 33, name);
  return length;
}

/** Validation entry, and one that starts the program without emulating a disk. */
function catalog(into: Uint8Array, bytes: number): void {
  into[0] = 1;
  ascii(into, 4, 'BOXWRIGHT');
  view(into).setUint16(0x1e, 0xaa55, true);
  let sum = 0;
  for (let at = 0; at < 0x20; at += 2) sum += view(into).getUint16(at, true);
  view(into).setUint16(0x1c, -sum & 0xffff, true);
  into[0x20] = 0x88;
  view(into).setUint16(0x26, Math.ceil(bytes / BOOT_SECTOR), true);
  view(into).setUint32(0x28, PROGRAM, true);
}

function both16(into: Uint8Array, at: number, value: number): void {
  view(into).setUint16(at, value, true);
  view(into).setUint16(at + 2, value);
}

function both32(into: Uint8Array, at: number, value: number): void {
  view(into).setUint32(at, value, true);
  view(into).setUint32(at + 4, value);
}

function ascii(into: Uint8Array, at: number, text: string): void {
  for (let index = 0; index < text.length; index++) into[at + index] = text.charCodeAt(index);
}

function view({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
