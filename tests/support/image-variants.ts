// The variants of the formats that can be written, for random requests: kinds, options and parents.

import type { FormatName } from '../../src-main/engine/block/index.ts';
import { Random } from '../cpu/differential/random.ts';
import type { WorkloadImage } from './image-workload.ts';
import { type MemoryImages, randomBytes } from './memory-images.ts';

const MEBI = 1 << 20;

/** A parent with data here and there; shorter than its child, which reads zero behind it. */
const withParent =
  (format: FormatName, options: Record<string, string> = {}) =>
  async (images: MemoryImages) => {
    const length = 3 * MEBI;
    await images.create(format, { path: 'parent', length, options });
    const parent = await images.open('parent', true);
    const model = new Uint8Array(4 * MEBI);
    for (const at of [0, 70_000, MEBI + 512, 2 * MEBI, length - 4096]) {
      model.set(randomBytes(new Random(at + 1), 4096), at);
      await parent.write(at, model.subarray(at, at + 4096));
    }
    await parent.close();
    return model;
  };

const child = (format: FormatName, options: Record<string, string> = {}): WorkloadImage => ({
  format,
  create: { length: 4 * MEBI, backing: { name: 'parent', format }, options },
  setUp: withParent(format, options),
});

export const IMAGE_VARIANTS: readonly (readonly [string, WorkloadImage])[] = [
  ['VDI, dynamic', { format: 'vdi', create: { length: 5 * MEBI + 1536, options: {} } }],
  ['VDI, static', { format: 'vdi', create: { length: 3 * MEBI, options: { static: 'on' } } }],
  ['VDI, differencing', child('vdi')],
  ['VMDK, monolithicSparse', { format: 'vmdk', create: { length: 3 * MEBI + 1536, options: {} } }],
  [
    'VMDK, monolithicSparse with zeroed grains',
    { format: 'vmdk', create: { length: 3 * MEBI, options: { zeroed_grain: 'on' } } },
  ],
  ['VMDK over VMDK', child('vmdk')],
  ['VMDK over VMDK with zeroed grains', child('vmdk', { zeroed_grain: 'on' })],
  ['VHDX, dynamic', { format: 'vhdx', create: { length: 5 * MEBI + 1536, options: { block_size: '1M' } } }],
  [
    'VHDX, fixed',
    { format: 'vhdx', create: { length: 3 * MEBI, options: { subformat: 'fixed', block_size: '1M' } } },
  ],
  ['VHDX, differencing', child('vhdx', { block_size: '1M' })],
  ['qcow', { format: 'qcow', create: { length: 3 * MEBI + 1536, options: {} } }],
  ['qcow over qcow', child('qcow')],
  ['VHD, dynamic', { format: 'vpc', create: { length: 5 * MEBI + 1536, options: { force_size: 'on' } } }],
  [
    'VHD, fixed',
    { format: 'vpc', create: { length: 3 * MEBI, options: { subformat: 'fixed', force_size: 'on' } } },
  ],
  ['VHD, differencing', child('vpc', { force_size: 'on' })],
];
