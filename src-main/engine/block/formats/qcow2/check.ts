// Checks a qcow2 image and repairs its reference counts. Findings are worded as qemu-img check words them.
// Walking the references is in check-walk.ts, writing repairs in repair.ts.
// Reference: QEMU, docs/interop/qcow2.rst, "Host cluster management"; qemu-img(1), "check".

import { BlockError } from '../../block-error.ts';
import type { ByteStore } from '../../byte-store.ts';
import type { CheckOptions, CheckReport, ImageFault, ImageHost } from '../../image-format.ts';
import { type Walk, walkReferences } from './check-walk.ts';
import { COPIED, highOf } from './geometry.ts';
import { INCOMPATIBLE_CORRUPT, INCOMPATIBLE_DIRTY, readHeader } from './header.ts';
import { entryAt, putEntry } from './l2-entry.ts';
import { Metadata } from './metadata.ts';
import { ReferenceMap } from './reference-map.ts';
import { rebuildRefcounts, setCounts } from './repair.ts';

const CHECK_CACHE_BYTES = 16 * 1024 * 1024;
/** Findings that are told one by one; all are counted. */
const MAX_FAULTS = 10_000;

export class Findings {
  readonly faults: ImageFault[] = [];
  corruptions = 0;
  leaks = 0;
  corruptionsFixed = 0;
  leaksFixed = 0;
  checkErrors = 0;

  corruption(structure: string, offset: number, message: string): void {
    this.corruptions++;
    this.#tell({ kind: 'corruption', structure, offset, message });
  }

  leak(offset: number, message: string): void {
    this.leaks++;
    this.#tell({ kind: 'leak', structure: 'refcount', offset, message });
  }

  #tell(fault: ImageFault): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push(fault);
  }
}

export async function checkQcow2(
  store: ByteStore,
  _host: ImageHost,
  options: CheckOptions,
): Promise<CheckReport> {
  const header = await readHeader(store);
  const metadata = new Metadata(store, store, header, CHECK_CACHE_BYTES);
  await metadata.open();
  const findings = new Findings();
  const map = new ReferenceMap();
  const walk = await walkReferences(metadata, map, findings, options.job);
  const { repair } = options;
  await compareCounts(metadata, map, walk, findings, repair);
  // Taking back leaked counts may leave clusters that are used once without being marked so.
  const sound = findings.corruptions + findings.checkErrors === 0 && findings.leaks === findings.leaksFixed;
  const fixFlags = repair === 'all' || (repair === 'leaks' && sound);
  // Without counts that can be read there is nothing to compare with.
  if (!walk.mustRebuild || repair === 'all') await checkOwnFlags(metadata, findings, fixFlags);
  if (repair === 'all' && findings.corruptions === findings.corruptionsFixed && findings.checkErrors === 0)
    await markConsistent(metadata);
  return report(findings, map, walk, metadata);
}

/** Compares counts with references, and sets them right as far as `repair` says. */
async function compareCounts(
  metadata: Metadata,
  map: ReferenceMap,
  walk: Walk,
  findings: Findings,
  repair: CheckOptions['repair'],
): Promise<void> {
  const { geometry, refcounts, store } = metadata;
  const { clusterSize, perRefcountBlock } = geometry;
  const clusters = Math.max(Math.ceil(store.length / clusterSize), map.end);
  const tooLow: number[] = [];
  const tooHigh: number[] = [];
  for (let cluster = 0; cluster < clusters; cluster++) {
    if (cluster % perRefcountBlock === 0 && walk.damagedBlocks.has(cluster / perRefcountBlock)) {
      cluster += perRefcountBlock - 1;
      continue;
    }
    const offset = cluster * clusterSize;
    const count = await refcounts.get(offset);
    const references = map.get(cluster);
    if (count === references) continue;
    const numbers = `cluster ${cluster} refcount=${count} reference=${references}`;
    if (count < references) {
      const fixing = repair === 'all';
      findings.corruption('refcount', offset, `${fixing ? 'Repairing' : 'ERROR'} ${numbers}`);
      tooLow.push(cluster);
    } else {
      findings.leak(offset, `${repair === 'none' ? 'Leaked' : 'Repairing'} ${numbers}`);
      tooHigh.push(cluster);
    }
  }
  if (repair === 'none') return;
  if (repair === 'all' && (walk.mustRebuild || (await needsBlocks(metadata, tooLow)))) {
    await rebuildRefcounts(metadata, map);
    findings.corruptionsFixed += tooLow.length + walk.rebuildFaults;
    findings.leaksFixed += tooHigh.length;
    return;
  }
  if (walk.mustRebuild) return;
  const chosen = repair === 'all' ? [...tooLow, ...tooHigh] : tooHigh;
  await setCounts(metadata, map, chosen);
  findings.leaksFixed += tooHigh.length;
  if (repair === 'all') findings.corruptionsFixed += tooLow.length;
}

async function needsBlocks(metadata: Metadata, clusters: readonly number[]): Promise<boolean> {
  const { refcounts, geometry } = metadata;
  return clusters.some(
    (cluster) => refcounts.blockOffset(Math.floor(cluster / geometry.perRefcountBlock)) === 0,
  );
}

/** The flag "used once" of the active tables must agree with the counts. */
async function checkOwnFlags(metadata: Metadata, findings: Findings, fix: boolean): Promise<void> {
  const { geometry, l1, tables, refcounts, store } = metadata;
  const hex = (host: number, own: boolean) =>
    ((highOf(host) | (own ? COPIED : 0)) >>> 0)
      .toString(16)
      .concat((host >>> 0).toString(16).padStart(8, '0'));
  const word = fix ? 'Repairing' : 'ERROR';
  const seen = new Set<number>();
  for (let index = 0; index < l1.entries; index++) {
    const at = quietly(() => l1.tableOffset(index));
    if (at === undefined || at === 0 || at >= store.length || seen.has(at)) continue;
    seen.add(at);
    const count = await refcounts.get(at);
    if ((count === 1) !== l1.isOwn(index)) {
      findings.corruption(
        'L1 entry',
        l1.offset + index * 8,
        `${word} OFLAG_COPIED L2 cluster: l1_index=${index} l1_entry=${hex(at, l1.isOwn(index))} refcount=${count}`,
      );
      if (fix) {
        metadata.setL1Entry(index, at, count === 1);
        findings.corruptionsFixed++;
      }
    }
    const table = await tables.load(at);
    for (let slot = 0; slot < geometry.perTable; slot++) {
      const entry = quietly(() => entryAt(geometry, table.bytes, slot, at));
      if (entry === undefined || entry.compressed || !entry.hasHost || geometry.externalData) continue;
      const references = await refcounts.get(entry.host);
      if ((references === 1) === entry.own) continue;
      findings.corruption(
        'L2 entry',
        at + slot * geometry.entryBytes,
        `${word} OFLAG_COPIED data cluster: l2_entry=${hex(entry.host, entry.own)} refcount=${references}`,
      );
      if (!fix) continue;
      putEntry(geometry, table.bytes, slot, { ...entry, own: references === 1 });
      metadata.changedEntries(table, slot, 1);
      findings.corruptionsFixed++;
    }
    if (tables.crowded) await metadata.writeBack();
  }
  if (fix) await metadata.writeBack();
}

/** What is damaged beyond reading has been reported by the walk. */
function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof BlockError) return undefined;
    throw error;
  }
}

async function markConsistent(metadata: Metadata): Promise<void> {
  const { header } = metadata;
  const marks = INCOMPATIBLE_DIRTY | INCOMPATIBLE_CORRUPT;
  if ((header.incompatible & marks) === 0) return;
  await metadata.commitHeader({ incompatible: header.incompatible & ~marks });
}

function report(findings: Findings, map: ReferenceMap, walk: Walk, metadata: Metadata): CheckReport {
  const { geometry, header } = metadata;
  return {
    faults: findings.faults,
    corruptions: findings.corruptions - findings.corruptionsFixed,
    leaks: findings.leaks - findings.leaksFixed,
    corruptionsFixed: findings.corruptionsFixed,
    leaksFixed: findings.leaksFixed,
    checkErrors: findings.checkErrors,
    imageEndOffset: map.end * geometry.clusterSize,
    totalClusters: Math.ceil(header.length / geometry.clusterSize),
    allocatedClusters: walk.allocated,
    fragmentedClusters: walk.fragmented,
    compressedClusters: walk.compressed,
  };
}
