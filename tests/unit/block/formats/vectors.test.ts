// Images made by other programs: Hyper-V, Virtual PC, disk2vhd, VMware, Parallels and qemu-img.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  BlockError,
  type BlockNode,
  findFormat,
  openImage,
} from '../../../../src-main/engine/block/index.ts';
import {
  type ImageVector,
  imageVectors,
  unpackedName,
  unpackVector,
  vectorFiles,
} from '../../../support/image-vectors.ts';
import { MemoryImages } from '../../../support/memory-images.ts';
import { hasSharedData, skipReason } from '../../../support/shared-data.ts';

/** Larger disks are compared by their data and by what is said to be zero. */
const HASHED_WHOLE = 64 << 20;

const digest = async (node: BlockNode, start: number, length: number): Promise<string> => {
  const hash = createHash('sha256');
  const piece = new Uint8Array(1 << 20);
  for (let at = start; at < start + length; at += piece.length) {
    const part = piece.subarray(0, Math.min(piece.length, start + length - at));
    await node.read(at, part);
    hash.update(part);
  }
  return hash.digest('hex');
};

const FORMATS = ['raw', 'qcow2', 'vdi', 'vpc', 'vmdk', 'vhdx', 'qcow', 'parallels'];

const load = (folder: 'third-party' | 'qemu-img', vector: ImageVector) => {
  const images = new MemoryImages();
  for (const file of vectorFiles(vector)) images.files.set(unpackedName(file), unpackVector(folder, file));
  return { images, path: vector.name ?? unpackedName(vector.file!) };
};

describe.skipIf(!hasSharedData)(skipReason('images made by other programs'), () => {
  const cases = !hasSharedData
    ? []
    : (['third-party', 'qemu-img'] as const).flatMap((folder) =>
        imageVectors(folder)
          .filter(({ format }) => FORMATS.includes(format) && findFormat(format))
          // Encrypted images are refused (qcow2/samples.test.ts).
          .filter(({ name }) => !name?.includes('luks'))
          .map((vector) => ({ folder, vector, title: vector.name ?? vector.file })),
      );

  it.each(cases.filter(({ vector }) => vector.expect !== 'refuse'))('$title', async ({ folder, vector }) => {
    const { images, path } = load(folder, vector);
    const node = await openImage(images.host, { path, write: false });
    expect(node.format).toBe(vector.format);
    expect(node.length).toBe(vector.virtualSize);
    for (const extent of vector.extents ?? [])
      expect(await digest(node, extent.start, extent.length), `data at ${extent.start}`).toBe(extent.sha256);
    if (vector.contentSha256 && node.length <= HASHED_WHOLE)
      expect(await digest(node, 0, node.length)).toBe(vector.contentSha256);
    await node.close();
  });

  it.each(cases.filter(({ vector }) => vector.expect === 'refuse'))(
    '$title is refused',
    async ({ folder, vector }) => {
      const { images, path } = load(folder, vector);
      const refusal = await openImage(images.host, { path, write: false }).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(BlockError);
      const wanted = vector.creator?.match(/naming the parent (\S+)/)?.[1] ?? unpackedName(vector.file!);
      expect((refusal as BlockError).message).toContain(wanted);
    },
  );
});
