// The layers of a machine's disks as files: an empty one on top of another, two that become one, and what an overlay
// says lies behind it. Which layers, and in what order, is decided elsewhere (shared/snapshot). Throws `BlockError`.

import * as fs from 'node:fs';
import type { InputOf, OutputOf } from '../../shared/rpc/contract.ts';
import type { MediaContract } from '../../shared/rpc/media-contract.ts';
import {
  BlockError,
  type BlockJob,
  type BlockNode,
  commitInto,
  copyDifferences,
  findFormat,
  type ImageHost,
  type ImageNode,
  LayerStack,
  openImage,
} from '../engine/block/index.ts';
import { createImageHost } from './image-host.ts';
import { createImage, stageFiles } from './image-tools.ts';

const SECTOR = 512;

export async function createOverlay({
  path,
  backing,
  folders,
  inUse = false,
}: InputOf<MediaContract, 'createOverlay'>): Promise<OutputOf<MediaContract, 'createOverlay'>> {
  const format = findFormat('qcow2');
  if (format === undefined) throw new BlockError('unsupported', 'qcow2 is not known.', { file: path });
  const below = await openImage(createImageHost({ folders, forceShare: inUse }), { path: backing.path, format: backing.format ?? undefined, write: false });
  try {
    const made = { name: backing.name, format: below.format };
    const length = Math.ceil(below.length / SECTOR) * SECTOR;
    await stageFiles({ durable: true, existing: 'refuse', folders }, (host) =>
      createImage(host, { path, format, length, backing: made, options: {} }),
    );
    return { format: below.format, emptyBytes: fs.statSync(path).size };
  } finally {
    await below.close();
  }
}

export async function mergeLayers(
  { direction, upper, lower, lowerFormat, folders }: Omit<InputOf<MediaContract, 'mergeLayers'>, 'job'>,
  job: BlockJob,
): Promise<void> {
  const host = createImageHost({ folders, durable: true });
  if (direction === 'forward') await mergeForward(host, upper, job);
  else await mergeBackward(host, { upper, lower, lowerFormat }, job);
}

async function mergeForward(host: ImageHost, path: string, job: BlockJob): Promise<void> {
  const upper = await openImage(host, { path, write: true });
  try {
    const lower = upper.backing as ImageNode | undefined;
    // Without one, or with one that shows through, there is nothing left to do.
    await copyDifferences({
      overlay: upper,
      before: lower,
      after: lower?.backing,
      clusterBytes: upper.clusterSize ?? SECTOR,
      job,
    });
  } finally {
    await upper.close();
  }
}

interface BackwardMerge {
  readonly upper: string;
  readonly lower: string;
  readonly lowerFormat: NonNullable<ImageNode['format']>;
}

async function mergeBackward(host: ImageHost, files: BackwardMerge, job: BlockJob): Promise<void> {
  const upper = await openImage(host, { path: files.upper, write: false, noBacking: true });
  try {
    const lower = await openImage(host, { path: files.lower, format: files.lowerFormat, write: true });
    try {
      refuseShorter(upper, lower, files.upper);
      await commitInto(new LayerStack([upper]), lower, { job });
    } finally {
      await lower.close();
    }
  } finally {
    await upper.close();
  }
}

/** The rest of the lower one would come to light. */
export function refuseShorter(upper: BlockNode, lower: BlockNode, file: string): void {
  if (lower.length > Math.ceil(upper.length / SECTOR) * SECTOR)
    throw new BlockError('unsupported', `“${file}” is shorter than what it lies on.`, { file });
}

export async function setBacking({ path, backing }: InputOf<MediaContract, 'setBacking'>): Promise<void> {
  const image = await openImage(createImageHost(), { path, format: 'qcow2', write: true, noBacking: true });
  try {
    const wanted = backing === null ? undefined : { name: backing.name, format: backing.format ?? 'raw' };
    if (image.backingName !== wanted?.name || image.backingFormat !== wanted?.format) await image.setBacking?.(wanted);
    await image.flush();
  } finally {
    await image.close();
  }
}
