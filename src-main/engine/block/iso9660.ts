// Looks into a CD image: its names, whether a BIOS can start it, and small files by path. It reads no Rock Ridge or
// Joliet names. Reference: ECMA-119 (ISO 9660), sections 8.4 (primary volume descriptor), 9.1 (directory record);
// El Torito Bootable CD-ROM Format Specification 1.0, section 2.

import type { BlockNode } from './node.ts';

const SECTOR = 2048;
const FIRST_DESCRIPTOR = 16;
const MAX_DESCRIPTORS = 32;
const BOOT_RECORD = 0;
const PRIMARY = 1;
const TERMINATOR = 255;
/** A directory of an installation CD's root has a few dozen entries of some 50 bytes. */
const MAX_DIRECTORY_BYTES = 256 * 1024;
const DIRECTORY_FLAG = 2;

export interface OpticalVolume {
  readonly systemId: string;
  readonly volumeId: string;
  readonly publisherId: string;
  readonly applicationId: string;
  /** Has an El Torito boot record. */
  readonly bootable: boolean;
  /**
   * The start of a file, by its ISO 9660 path of upper case: "/.DISK/INFO". Undefined when there is none.
   */
  readFile(path: string, limit: number): Promise<Uint8Array | undefined>;
}

/** Undefined: not an ISO 9660 image. Throws `BlockError` when it cannot be read. */
export async function readOpticalVolume(node: BlockNode): Promise<OpticalVolume | undefined> {
  let primary: Uint8Array | undefined;
  let bootable = false;
  for (let index = 0; index < MAX_DESCRIPTORS; index++) {
    const descriptor = await readBytes(node, (FIRST_DESCRIPTOR + index) * SECTOR, SECTOR);
    if (text(descriptor, 1, 5) !== 'CD001') break;
    const type = descriptor[0];
    if (type === TERMINATOR) break;
    if (type === PRIMARY) primary ??= descriptor;
    if (type === BOOT_RECORD) bootable ||= text(descriptor, 7, 23) === 'EL TORITO SPECIFICATION';
  }
  if (primary === undefined) return undefined;
  const root = recordAt(primary, 156);
  return {
    systemId: text(primary, 8, 32),
    volumeId: text(primary, 40, 32),
    publisherId: text(primary, 318, 128),
    applicationId: text(primary, 574, 128),
    bootable,
    readFile: (path, limit) => readFile(node, root, path, limit),
  };
}

interface DirectoryRecord {
  readonly name: string;
  readonly sector: number;
  readonly bytes: number;
  readonly directory: boolean;
}

async function readFile(node: BlockNode, root: DirectoryRecord, path: string, limit: number): Promise<Uint8Array | undefined> {
  let place: DirectoryRecord | undefined = root;
  for (const name of path.split('/').filter((part) => part !== '')) {
    if (place === undefined || !place.directory) return undefined;
    const bytes = await readBytes(node, place.sector * SECTOR, Math.min(place.bytes, MAX_DIRECTORY_BYTES));
    place = recordsOf(bytes).find((record) => record.name === name);
  }
  if (place === undefined || place.directory) return undefined;
  return readBytes(node, place.sector * SECTOR, Math.min(place.bytes, limit));
}

/** Records do not cross sectors; a length of zero ends the sector. */
function recordsOf(directory: Uint8Array): DirectoryRecord[] {
  const records: DirectoryRecord[] = [];
  for (let at = 0; at < directory.length; ) {
    const length = directory[at] ?? 0;
    if (length < 34 || at + length > directory.length) {
      at = (Math.floor(at / SECTOR) + 1) * SECTOR;
      continue;
    }
    records.push(recordAt(directory, at));
    at += length;
  }
  return records;
}

/** "README.TXT;1" → "README.TXT"; genisoimage writes a leading dot as "_". */
function recordAt(bytes: Uint8Array, at: number): DirectoryRecord {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  const name = text(bytes, at + 33, bytes[at + 32] ?? 0).replace(/;\d+$/, '').replace(/\.$/, '').replace(/^_/, '.');
  return {
    name: name.toUpperCase(),
    sector: view.getUint32(2, true),
    bytes: view.getUint32(10, true),
    directory: ((bytes[at + 25] ?? 0) & DIRECTORY_FLAG) !== 0,
  };
}

async function readBytes(node: BlockNode, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const present = Math.max(0, Math.min(length, node.length - position));
  if (present > 0) await node.read(position, bytes.subarray(0, present));
  return bytes;
}

/** Latin letters; padding and control characters are dropped. */
function text(bytes: Uint8Array, at: number, length: number): string {
  let characters = '';
  for (const byte of bytes.subarray(at, at + length)) characters += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ' ';
  return characters.trim();
}
