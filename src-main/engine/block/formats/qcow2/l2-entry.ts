// What an L2 entry says about its cluster, plain or extended, and runs of equal answers.
// Reference: QEMU, docs/interop/qcow2.rst, "Cluster mapping", "Extended L2 Entries".

import { readU32be, writeU32be } from '../../../base/bytes.ts';
import { ALL_ZERO, COMPRESSED, COPIED, corrupt, type Geometry, highOf, offsetOf } from './geometry.ts';

/** 'unallocated': what lies behind shows through. */
export type RunKind = 'unallocated' | 'zero' | 'data' | 'compressed';

export interface Run {
  readonly kind: RunKind;
  readonly length: number;
  /** 'data': where its first byte is. 'compressed': where the packed cluster starts. */
  readonly host: number;
  /** 'data': the cluster is used nowhere else and may be written. */
  readonly own: boolean;
  /** 'compressed': bytes that the packed cluster may reach over. */
  readonly packedBytes: number;
}

/** An L2 entry taken apart. */
export interface Entry {
  readonly compressed: boolean;
  /** 0: no cluster, except in external data. */
  readonly host: number;
  readonly hasHost: boolean;
  readonly own: boolean;
  readonly packedBytes: number;
  /** A bit for each subcluster: stored, or zero. Plain entries have one. */
  readonly stored: number;
  readonly zero: number;
}

const NONE: Entry = {
  compressed: false,
  host: 0,
  hasHost: false,
  own: false,
  packedBytes: 0,
  stored: 0,
  zero: 0,
};

export function entryAt(geometry: Geometry, table: Uint8Array, slot: number, tableOffset: number): Entry {
  const at = slot * geometry.entryBytes;
  const high = readU32be(table, at);
  const low = readU32be(table, at + 4);
  const extended = geometry.subclusters > 1;
  if (high === 0 && low === 0 && !extended) return NONE;
  const wrong = (what: string) => corrupt(geometry.file, 'L2 entry', tableOffset + at, what);
  if ((high & COMPRESSED) !== 0) return compressedEntry(geometry, high, low, wrong);
  const host = offsetOf(high, low);
  if (host % geometry.clusterSize !== 0)
    throw wrong(`points to ${host}, which is not the start of a cluster`);
  const own = (high & COPIED) !== 0;
  const hasHost = host !== 0 || (geometry.externalData && own);
  if (extended) {
    const zero = readU32be(table, at + 8);
    const stored = readU32be(table, at + 12);
    if ((zero & stored) !== 0) throw wrong('says of a subcluster that it is both stored and zero');
    if (stored !== 0 && !hasHost) throw wrong('says that subclusters are stored, but not where');
    return { compressed: false, host, hasHost, own, packedBytes: 0, stored, zero };
  }
  const isZero = (low & ALL_ZERO) !== 0;
  if (isZero && geometry.version < 3) throw wrong('marks a cluster as zero, which version 2 does not have');
  return {
    compressed: false,
    host,
    hasHost,
    own,
    packedBytes: 0,
    stored: hasHost && !isZero ? 1 : 0,
    zero: isZero ? 1 : 0,
  };
}

function compressedEntry(
  geometry: Geometry,
  high: number,
  low: number,
  wrong: (what: string) => Error,
): Entry {
  if (geometry.externalData) throw wrong('is compressed, which external data cannot be');
  // Of 62 bits, the lower `offsetBits` are the offset, the others the number of further sectors.
  const offsetBits = 62 - (geometry.clusterBits - 8);
  const split = offsetBits - 32;
  const value = high & 0x3fff_ffff;
  const host = (value & (2 ** split - 1)) * 0x1_0000_0000 + low;
  const sectors = (value >>> split) + 1;
  if (host === 0) throw wrong('is compressed but at offset 0');
  return {
    compressed: true,
    host,
    hasHost: true,
    own: false,
    packedBytes: sectors * 512 - (host % 512),
    stored: 0,
    zero: 0,
  };
}

/** `offset` is in the range of the table; the run ends with it at the latest. */
export function runAt(
  geometry: Geometry,
  table: Uint8Array,
  tableOffset: number,
  offset: number,
  most: number,
): Run {
  const { clusterSize, perTable, unit, subclusters } = geometry;
  let slot = Math.floor(offset / clusterSize) % perTable;
  const inCluster = offset % clusterSize;
  let entry = entryAt(geometry, table, slot, tableOffset);
  if (entry.compressed)
    return {
      kind: 'compressed',
      length: Math.min(clusterSize - inCluster, most),
      host: entry.host,
      own: false,
      packedBytes: entry.packedBytes,
    };
  let sub = Math.floor(inCluster / unit);
  const kind = kindOf(entry, sub);
  const host = kind === 'data' ? entry.host + inCluster : 0;
  const own = entry.own;
  let length = unit - (inCluster % unit);
  while (length < most) {
    if (++sub === subclusters) {
      sub = 0;
      if (++slot === perTable) break;
      entry = entryAt(geometry, table, slot, tableOffset);
      if (entry.compressed) break;
      if (kind === 'data' && (entry.host !== host + length || entry.own !== own)) break;
    }
    if (kindOf(entry, sub) !== kind) break;
    length += unit;
  }
  return { kind, length: Math.min(length, most), host, own, packedBytes: 0 };
}

function kindOf(entry: Entry, sub: number): RunKind {
  if (((entry.stored >>> sub) & 1) !== 0) return 'data';
  return ((entry.zero >>> sub) & 1) !== 0 ? 'zero' : 'unallocated';
}

export interface PlainEntry {
  readonly host: number;
  readonly own: boolean;
  readonly stored: number;
  readonly zero: number;
}

/** Writes an entry that is not compressed. */
export function putEntry(geometry: Geometry, table: Uint8Array, slot: number, entry: PlainEntry): void {
  const at = slot * geometry.entryBytes;
  const extended = geometry.subclusters > 1;
  writeU32be(table, at, (highOf(entry.host) | (entry.own ? COPIED : 0)) >>> 0);
  writeU32be(table, at + 4, ((entry.host >>> 0) | (!extended && entry.zero !== 0 ? ALL_ZERO : 0)) >>> 0);
  if (!extended) return;
  writeU32be(table, at + 8, entry.zero >>> 0);
  writeU32be(table, at + 12, entry.stored >>> 0);
}

export function putCompressed(
  geometry: Geometry,
  table: Uint8Array,
  slot: number,
  host: number,
  bytes: number,
): void {
  const at = slot * geometry.entryBytes;
  const split = 62 - (geometry.clusterBits - 8) - 32;
  const further = Math.floor((host + bytes - 1) / 512) - Math.floor(host / 512);
  writeU32be(table, at, (COMPRESSED | (further * 2 ** split + Math.floor(host / 0x1_0000_0000))) >>> 0);
  writeU32be(table, at + 4, host >>> 0);
  if (geometry.subclusters > 1) table.fill(0, at + 8, at + 16);
}

/** The subclusters from byte `from` to byte `to` of a cluster, as bits. */
export function subclusterBits(geometry: Geometry, from: number, to: number): number {
  const first = Math.floor(from / geometry.unit);
  const end = Math.ceil(to / geometry.unit);
  const upTo = (count: number) => (count >= 32 ? 0xffff_ffff : 2 ** count - 1);
  return (upTo(end) & ~upTo(first)) >>> 0;
}

/** The bits of a whole cluster. */
export function allSubclusters(geometry: Geometry): number {
  return geometry.subclusters === 1 ? 1 : 0xffff_ffff;
}
