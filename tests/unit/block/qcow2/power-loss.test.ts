// qcow2 when power fails: at every step, with what was not flushed reordered and lost in parts.

import { describe, expect, it } from 'vitest';
import { losePower, numbered, type PowerLossCase } from '../../../support/lose-power.ts';

const KiB = 1024;

const CASES: readonly (readonly [string, Partial<PowerLossCase>])[] = [
  ['clusters of 512 bytes, tables that grow', { options: { cluster_size: '512' }, diskBytes: 256 * KiB }],
  ['clusters of 64 KiB', { options: {}, diskBytes: 2048 * KiB }],
  ['version 2', { options: { compat: '0.10', cluster_size: '4k' } }],
  ['subclusters', { options: { extended_l2: 'on', cluster_size: '16k' } }],
  ['refcounts of one bit', { options: { refcount_bits: '1', cluster_size: '1k' } }],
  ['a small cache', { options: { cluster_size: '512' }, diskBytes: 256 * KiB, cacheBytes: 1 }],
  ['four requests at a time', { options: { cluster_size: '4k' }, together: 4 }],
  ['eight, and tables that grow', { options: { cluster_size: '512' }, diskBytes: 256 * KiB, together: 8 }],
  ['data behind', { options: { cluster_size: '4k' }, backing: numbered(7_000_000, 800) }],
  [
    'data behind version 2',
    { options: { cluster_size: '4k', compat: '0.10' }, backing: numbered(7_000_000, 800) },
  ],
  ['snapshots', { options: { cluster_size: '1k' }, snapshots: true, diskBytes: 192 * KiB }],
  ['snapshots and subclusters', { options: { cluster_size: '16k', extended_l2: 'on' }, snapshots: true }],
];

describe('a qcow2 image, when power fails', () => {
  it.each(CASES)('holds what was flushed: %s', async (_name, part) => {
    const test = {
      format: 'qcow2',
      diskBytes: 512 * KiB,
      options: {},
      requests: 200,
      seed: 1,
      stride: 5,
      ...part,
    } as const;
    const outcome = await losePower(test);
    expect(outcome.crashes).toBeGreaterThan(20);
  });
});
