// Dirty bitmaps that other programs keep in a qcow2 image. They are kept, not maintained: before the first change those
// that track changes are marked as not up to date, as after a crash of the program that keeps them.
// Reference: QEMU, docs/interop/qcow2.rst, "Bitmaps extension", "Bitmap directory".

import { readU16be, readU32be, readU64be, writeU32be } from '../../../base/bytes.ts';
import { fromUtf8 } from '../../../base/utf8.ts';
import type { ByteStore } from '../../byte-store.ts';
import { corrupt } from './geometry.ts';
import { AUTOCLEAR_BITMAPS, EXTENSION_BITMAPS, type Qcow2Header } from './header.ts';

const ENTRY_BYTES = 24;
const MAX_BITMAPS = 65535;
const MAX_DIRECTORY_BYTES = 1024 * 1024;
const IN_USE = 1;
const AUTO = 2;

export interface Bitmap {
  readonly name: string;
  readonly granularity: number;
  readonly flags: number;
  readonly tableOffset: number;
  readonly tableEntries: number;
  /** Of its entry in the directory. */
  readonly entryOffset: number;
}

export interface BitmapDirectory {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly bitmaps: readonly Bitmap[];
}

/** Undefined: the image has none that are valid. Throws `BlockError` 'corrupt'. */
export async function readBitmapDirectory(
  store: ByteStore,
  header: Qcow2Header,
): Promise<BitmapDirectory | undefined> {
  const extension = header.extensions.find(({ type }) => type === EXTENSION_BITMAPS)?.data;
  if (extension === undefined || (header.autoclear & AUTOCLEAR_BITMAPS) === 0) return undefined;
  const count = readU32be(extension, 0);
  const length = readU64be(extension, 8);
  const offset = readU64be(extension, 16);
  const sane =
    extension.length >= 24 &&
    count > 0 &&
    count <= MAX_BITMAPS &&
    length <= MAX_DIRECTORY_BYTES &&
    offset > 0;
  if (!sane || offset + length > store.length)
    throw corrupt(store.name, 'bitmap directory', offset, 'cannot be of the size that the header says');
  const bytes = new Uint8Array(length);
  await store.readAt(offset, bytes);
  return { offset, bytes, bitmaps: parse(store.name, bytes, offset, count) };
}

function parse(file: string, bytes: Uint8Array, offset: number, count: number): Bitmap[] {
  const bitmaps: Bitmap[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    const nameBytes = readU16be(bytes, at + 18);
    const extraBytes = readU32be(bytes, at + 20);
    const end = at + ENTRY_BYTES + extraBytes + nameBytes;
    if (at + ENTRY_BYTES > bytes.length || end > bytes.length)
      throw corrupt(file, 'bitmap directory', offset + at, 'ends in the middle of an entry');
    bitmaps.push({
      tableOffset: readU64be(bytes, at),
      tableEntries: readU32be(bytes, at + 8),
      flags: readU32be(bytes, at + 12),
      granularity: 2 ** (bytes[at + 17] ?? 0),
      name: fromUtf8(bytes.subarray(end - nameBytes, end)),
      entryOffset: offset + at,
    });
    at = Math.ceil(end / 8) * 8;
  }
  return bitmaps;
}

/** As qemu-img info words them. */
export function describeBitmaps(directory: BitmapDirectory | undefined): Readonly<Record<string, unknown>>[] {
  return (directory?.bitmaps ?? []).map(({ name, granularity, flags }) => ({
    flags: [...((flags & IN_USE) !== 0 ? ['in-use'] : []), ...((flags & AUTO) !== 0 ? ['auto'] : [])],
    name,
    granularity,
  }));
}

/** Those that track changes are no longer right. */
export async function markBitmapsInUse(
  store: ByteStore,
  directory: BitmapDirectory | undefined,
): Promise<void> {
  const tracking = (directory?.bitmaps ?? []).filter(({ flags }) => (flags & (AUTO | IN_USE)) === AUTO);
  if (directory === undefined || tracking.length === 0) return;
  for (const { entryOffset, flags } of tracking)
    writeU32be(directory.bytes, entryOffset - directory.offset + 12, flags | IN_USE);
  await store.writeAt(directory.offset, directory.bytes);
  await store.flush();
}
