// The options of `create -f qcow2 -o …` by qemu-img's names, parsed and checked against each other.
// Reference: qemu-img(1), "qcow2".

import { BlockError } from '../../block-error.ts';
import type { CreateOptions } from '../../image-format.ts';

export interface Qcow2Options {
  readonly version: 2 | 3;
  readonly clusterBits: number;
  readonly refcountOrder: number;
  readonly extendedL2: boolean;
  readonly lazyRefcounts: boolean;
  readonly compressionType: 0 | 1;
  readonly dataFile: string | undefined;
  readonly rawDataFile: boolean;
  readonly preallocation: NonNullable<CreateOptions['preallocation']>;
}

export const CREATE_OPTIONS = [
  { name: 'cluster_size', help: 'Cluster size in bytes, a power of two from 512 to 2M' },
  { name: 'compat', help: 'Compatibility level: v2 (0.10) or v3 (1.1)' },
  { name: 'compression_type', help: 'Compression method of compressed clusters: zlib or zstd' },
  { name: 'data_file', help: 'File name of an external data file' },
  { name: 'data_file_raw', help: 'The external data file must stay valid as a raw image' },
  { name: 'extended_l2', help: 'Extended L2 tables: 32 subclusters in each cluster' },
  { name: 'lazy_refcounts', help: 'Postpone refcount updates' },
  { name: 'preallocation', help: 'Preallocation mode: off, metadata, falloc or full' },
  { name: 'refcount_bits', help: 'Width of a reference count entry in bits: 1 to 64' },
] as const;

export function parseCreateOptions(
  file: string,
  given: Readonly<Record<string, string>>,
  preallocation: CreateOptions['preallocation'],
  hasBacking: boolean,
): Qcow2Options {
  const wrong = (what: string) => new BlockError('invalid-argument', `qcow2: ${what}.`, { file });
  for (const name of Object.keys(given)) {
    if (name.startsWith('encrypt'))
      throw new BlockError('unsupported', 'qcow2: encrypted images are not supported.', {
        file,
        feature: name,
      });
    if (name !== 'nocow' && !CREATE_OPTIONS.some((option) => option.name === name))
      throw wrong(`there is no option “${name}”`);
  }
  const value = (name: string) => given[name];
  const flag = (name: string) => parseFlag(name, value(name), wrong);
  const version = parseCompat(value('compat'), wrong);
  const extendedL2 = flag('extended_l2');
  const clusterSize = parseSize(value('cluster_size') ?? '64k');
  const options: Qcow2Options = {
    version,
    clusterBits: clusterSize === undefined ? -1 : Math.log2(clusterSize),
    refcountOrder: Math.log2(Number(value('refcount_bits') ?? 16)),
    extendedL2,
    lazyRefcounts: flag('lazy_refcounts'),
    compressionType: parseCompression(value('compression_type'), wrong),
    dataFile: value('data_file'),
    rawDataFile: flag('data_file_raw'),
    preallocation: preallocation ?? parsePreallocation(value('preallocation'), wrong),
  };
  checkTogether(options, hasBacking, wrong);
  return options.rawDataFile && options.preallocation === 'off'
    ? { ...options, preallocation: 'metadata' }
    : options;
}

type Wrong = (what: string) => Error;

function checkTogether(options: Qcow2Options, hasBacking: boolean, wrong: Wrong): void {
  const { clusterBits, refcountOrder, version } = options;
  if (!Number.isInteger(clusterBits) || clusterBits < 9 || clusterBits > 21)
    throw wrong('the cluster size must be a power of two from 512 to 2M');
  if (!Number.isInteger(refcountOrder) || refcountOrder < 0 || refcountOrder > 6)
    throw wrong('refcount_bits must be a power of two from 1 to 64');
  const needs3: readonly (readonly [boolean, string])[] = [
    [refcountOrder !== 4, 'refcount_bits other than 16'],
    [options.lazyRefcounts, 'lazy_refcounts'],
    [options.extendedL2, 'extended_l2'],
    [options.compressionType !== 0, 'compression_type=zstd'],
    [options.dataFile !== undefined, 'data_file'],
  ];
  const missing = needs3.find(([asked]) => asked && version < 3);
  if (missing !== undefined) throw wrong(`${missing[1]} needs compat=1.1 (version 3)`);
  if (options.extendedL2 && clusterBits < 14) throw wrong('extended_l2 needs clusters of at least 16k');
  if (options.rawDataFile && options.dataFile === undefined) throw wrong('data_file_raw needs data_file');
  if (options.rawDataFile && hasBacking) throw wrong('a backing file and data_file_raw exclude each other');
  if (options.dataFile !== undefined && options.lazyRefcounts)
    throw wrong('an external data file has no refcounts to be lazy about');
  if (options.preallocation !== 'off' && hasBacking && !options.extendedL2)
    throw wrong('a backing file and preallocation go together only with extended_l2');
  if ((options.preallocation === 'falloc' || options.preallocation === 'full') && hasBacking)
    throw wrong('above a backing file only preallocation=metadata is possible');
}

function parseCompat(text: string | undefined, wrong: Wrong): 2 | 3 {
  if (text === undefined || text === '1.1' || text === 'v3') return 3;
  if (text === '0.10' || text === 'v2') return 2;
  throw wrong(`compat is 0.10 or 1.1, not “${text}”`);
}

function parseCompression(text: string | undefined, wrong: Wrong): 0 | 1 {
  if (text === undefined || text === 'zlib') return 0;
  if (text === 'zstd') return 1;
  throw wrong(`compression_type is zlib or zstd, not “${text}”`);
}

function parsePreallocation(text: string | undefined, wrong: Wrong): Qcow2Options['preallocation'] {
  if (text === undefined) return 'off';
  if (text === 'off' || text === 'metadata' || text === 'falloc' || text === 'full') return text;
  throw wrong(`preallocation is off, metadata, falloc or full, not “${text}”`);
}

function parseFlag(name: string, text: string | undefined, wrong: Wrong): boolean {
  if (text === undefined || ['off', 'no', 'false', 'n'].includes(text)) return false;
  if (['on', 'yes', 'true', 'y', ''].includes(text)) return true;
  throw wrong(`${name} is on or off, not “${text}”`);
}

/** Undefined for what is no size. */
function parseSize(text: string): number | undefined {
  const match = /^(\d+)([kKmM]?)[bB]?$/.exec(text);
  if (match === null) return undefined;
  const factor = { '': 1, k: 1024, m: 1024 * 1024 }[(match[2] ?? '').toLowerCase()] ?? 1;
  return Number(match[1]) * factor;
}
