// qcow2 when power fails, at every single step of long random work, in many variants; qemu-img has the second opinion.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { losePower, numbered, type PowerLossCase } from '../support/lose-power.ts';
import { hasQemuImg, qemuImgStatus } from '../support/qemu-img.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const KiB = 1024;
const OPTIONS: readonly Partial<PowerLossCase>[] = [
  { options: { cluster_size: '512' }, diskBytes: 384 * KiB },
  { options: { cluster_size: '512', refcount_bits: '64' }, diskBytes: 256 * KiB, cacheBytes: 1 },
  { options: {}, diskBytes: 2048 * KiB },
  { options: { compat: '0.10', cluster_size: '2k' } },
  { options: { extended_l2: 'on', cluster_size: '16k' } },
  { options: { refcount_bits: '1', cluster_size: '1k' } },
  { options: { cluster_size: '4k' }, together: 4 },
  { options: { cluster_size: '512' }, diskBytes: 256 * KiB, together: 8 },
  { options: { extended_l2: 'on', cluster_size: '16k' }, together: 4 },
  { options: { cluster_size: '2k' }, snapshots: true, together: 4 },
  { options: { cluster_size: '4k' }, backing: numbered(7_000_000, 800), together: 4 },
  { options: { preallocation: 'metadata', cluster_size: '4k' } },
  { options: { cluster_size: '4k' }, backing: numbered(7_000_000, 800) },
  { options: { cluster_size: '4k', compat: '0.10' }, backing: numbered(7_000_000, 800) },
  { options: { cluster_size: '16k', extended_l2: 'on' }, backing: numbered(7_000_000, 800) },
  { options: { cluster_size: '512' }, snapshots: true, diskBytes: 128 * KiB },
  { options: { cluster_size: '4k', compat: '0.10' }, snapshots: true },
  { options: { cluster_size: '16k', extended_l2: 'on' }, snapshots: true },
];

const CASES = OPTIONS.flatMap((part) => [1, 2, 3].map((seed) => ({ ...part, seed })));

describe('a qcow2 image, when power fails at any step', () => {
  it.each(CASES)(
    'holds what was flushed: $options, seed $seed, snapshots $snapshots, together $together',
    async (part) => {
      const folder = temporaryFolder();
      const test = {
        format: 'qcow2',
        diskBytes: 512 * KiB,
        options: {},
        requests: 500,
        stride: 1,
        ...part,
      } as const;
      const outcome = await losePower(test, (step, store, report) => {
        if (!hasQemuImg || step % 97 !== 0) return;
        writeFileSync(join(folder, 'left.qcow2'), store.content());
        writeFileSync(join(folder, 'base'), test.backing ?? new Uint8Array());
        const { status, output } = qemuImgStatus('check', join(folder, 'left.qcow2'));
        const expected = report.corruptions > 0 ? 2 : report.leaks > 0 ? 3 : 0;
        expect(status, output).toBe(expected);
      });
      expect(outcome.crashes).toBeGreaterThan(100);
    },
    600_000,
  );
});
