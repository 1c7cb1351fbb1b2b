// The table of internal snapshots, in bytes. What other programs keep in an entry beyond the known fields is kept.
// Reference: QEMU, docs/interop/qcow2.rst, "Snapshots".

import { readU16be, readU32be, readU64be, writeU16be, writeU32be, writeU64be } from '../../../base/bytes.ts';
import { fromUtf8, utf8 } from '../../../base/utf8.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { ImageSnapshot } from '../../image-format.ts';
import { corrupt, MAX_L1_BYTES } from './geometry.ts';
import type { Qcow2Header } from './header.ts';

const FIXED_BYTES = 40;
const MAX_TABLE_BYTES = 64 * 1024 * 1024;
const MAX_EXTRA_BYTES = 1024;

export interface SnapshotEntry extends ImageSnapshot {
  readonly l1Offset: number;
  readonly l1Entries: number;
  readonly extra: Uint8Array;
}

export interface SnapshotTable {
  readonly entries: readonly SnapshotEntry[];
  /** Of the table in the file. */
  readonly bytes: number;
}

/** Throws `BlockError` 'corrupt'. */
export async function readSnapshotTable(store: ByteStore, header: Qcow2Header): Promise<SnapshotTable> {
  const entries: SnapshotEntry[] = [];
  let at = header.snapshotsOffset;
  for (let index = 0; index < header.snapshotCount; index++) {
    const wrong = (what: string) => corrupt(store.name, `entry ${index + 1} of the snapshot table`, at, what);
    const fixed = new Uint8Array(FIXED_BYTES);
    await store.readAt(at, fixed);
    const idBytes = readU16be(fixed, 12);
    const nameBytes = readU16be(fixed, 14);
    const extraBytes = readU32be(fixed, 36);
    if (extraBytes > MAX_EXTRA_BYTES) throw wrong(`has ${extraBytes} bytes of extra data`);
    const rest = new Uint8Array(extraBytes + idBytes + nameBytes);
    await store.readAt(at + FIXED_BYTES, rest);
    entries.push(parse(header, fixed, rest, wrong));
    at = Math.ceil((at + FIXED_BYTES + rest.length) / 8) * 8;
    if (at > store.length + 8 || at - header.snapshotsOffset > MAX_TABLE_BYTES)
      throw wrong('goes beyond the end of the file');
  }
  return { entries, bytes: at - header.snapshotsOffset };
}

function parse(
  header: Qcow2Header,
  fixed: Uint8Array,
  rest: Uint8Array,
  wrong: (what: string) => Error,
): SnapshotEntry {
  const extra = rest.slice(0, readU32be(fixed, 36));
  const idBytes = readU16be(fixed, 12);
  const l1Offset = readU64be(fixed, 0);
  const l1Entries = readU32be(fixed, 8);
  if (l1Entries * 8 > MAX_L1_BYTES || l1Offset % 2 ** header.clusterBits !== 0 || l1Offset > 2 ** 56)
    throw wrong(`says an L1 table of ${l1Entries} entries at ${l1Offset}`);
  const length = extra.length >= 16 ? readU64be(extra, 8) : header.length;
  if (!Number.isSafeInteger(length)) throw wrong('says a disk of more than 2^53 bytes');
  // All ones: none was kept.
  const instructions = extra.length >= 24 ? readU64be(extra, 16) : Number.NaN;
  return {
    ...(Number.isSafeInteger(instructions) ? { instructionCount: instructions } : {}),
    l1Offset,
    l1Entries,
    extra,
    id: fromUtf8(rest.subarray(extra.length, extra.length + idBytes)),
    name: fromUtf8(rest.subarray(extra.length + idBytes)),
    dateSeconds: readU32be(fixed, 16),
    dateNanoseconds: readU32be(fixed, 20),
    vmClockNanoseconds: readU64be(fixed, 24),
    vmStateSize: extra.length >= 8 ? readU64be(extra, 0) : readU32be(fixed, 32),
    length,
  };
}

export function encodeSnapshotTable(entries: readonly SnapshotEntry[]): Uint8Array {
  const parts = entries.map(encodeEntry);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function encodeEntry(entry: SnapshotEntry): Uint8Array {
  const id = utf8(entry.id);
  const name = utf8(entry.name);
  const bytes = new Uint8Array(
    Math.ceil((FIXED_BYTES + entry.extra.length + id.length + name.length) / 8) * 8,
  );
  writeU64be(bytes, 0, entry.l1Offset);
  writeU32be(bytes, 8, entry.l1Entries);
  writeU16be(bytes, 12, id.length);
  writeU16be(bytes, 14, name.length);
  writeU32be(bytes, 16, entry.dateSeconds);
  writeU32be(bytes, 20, entry.dateNanoseconds);
  writeU64be(bytes, 24, entry.vmClockNanoseconds);
  writeU32be(bytes, 32, Math.min(entry.vmStateSize, 0xffff_ffff));
  writeU32be(bytes, 36, entry.extra.length);
  bytes.set(entry.extra, FIXED_BYTES);
  bytes.set(id, FIXED_BYTES + entry.extra.length);
  bytes.set(name, FIXED_BYTES + entry.extra.length + id.length);
  return bytes;
}

/** The extra data of a new entry: size of the machine's state (none), size of the disk, instructions (none). */
export function snapshotExtra(length: number): Uint8Array {
  const extra = new Uint8Array(24);
  writeU64be(extra, 8, length);
  return extra;
}
