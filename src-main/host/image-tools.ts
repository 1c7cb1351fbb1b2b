// Making and converting disk images as files: what the command line and the media process share. The copying itself is
// the engine's (block/operations); reading arguments and printing is the command line's.

import { dirname, resolve } from 'node:path';
import {
  BlockError,
  type BlockJob,
  type BlockNode,
  Concatenation,
  type CopyOptions,
  type CreateOptions,
  copyContent,
  type FormatName,
  type ImageFormat,
  type ImageHost,
  type ImageNode,
  openImage,
} from '../engine/block/index.ts';
import type { ImageFilesOptions } from './image-files.ts';
import { createImageHost } from './image-host.ts';
import { sameBytes } from './same-bytes.ts';
import { type ExistingFiles, StagedFiles } from './staged-files.ts';

const SECTOR = 512;

export interface NewImage extends CreateOptions {
  readonly format: ImageFormat;
}

/** The file is closed again, and not durable yet. */
export async function createImage(host: ImageHost, image: NewImage): Promise<void> {
  const { format, ...options } = image;
  if (format.create === undefined)
    throw new BlockError(
      'unsupported',
      `“${image.path}”: images of the format ${format.name} cannot be created.`,
      {
        file: image.path,
        feature: 'create',
      },
    );
  const store = await host.files.create(image.path);
  try {
    await format.create(store, host, options);
  } finally {
    await store.close();
  }
}

/** New files appear under their names when `work` has succeeded, and not at all when it has not. */
export async function stageFiles<T>(
  options: ImageFilesOptions & { readonly existing?: ExistingFiles },
  work: (host: ImageHost) => Promise<T>,
): Promise<T> {
  const host = createImageHost(options);
  const files = new StagedFiles(host.files, options.existing);
  try {
    const result = await work({ ...host, files });
    files.commit();
    return result;
  } finally {
    files.discard();
  }
}

/** What a person typed as backing file is trusted; what that names in turn must lie in its folder. */
export function trusting(
  files: ImageFilesOptions,
  { path, backing }: Pick<NewImage, 'path' | 'backing'>,
): ImageFilesOptions {
  if (backing === undefined) return files;
  return { ...files, folders: [...(files.folders ?? []), dirname(resolve(dirname(path), backing.name))] };
}

export interface SourceImage {
  readonly path: string;
  readonly format?: FormatName | undefined;
}

export interface ConvertRequest {
  /** One behind the other. */
  readonly sources: readonly SourceImage[];
  /** Of the one source: the disk as an internal snapshot has it. */
  readonly snapshot?: string | undefined;
  /** `length` is found out. */
  readonly target: Omit<NewImage, 'length'>;
  /** The target is there already (-n). */
  readonly existing?: boolean;
  /** What happens to a file that has the target's name; default: it is replaced. */
  readonly replace?: ExistingFiles;
  readonly copy: Omit<CopyOptions, 'job' | 'targetIsZero' | 'wanted'> & { readonly targetIsZero?: boolean };
  readonly files?: ImageFilesOptions;
  readonly cacheBytes?: number;
  readonly job?: BlockJob;
}

/** Throws `BlockError`. */
export async function convertImages(request: ConvertRequest): Promise<void> {
  const host = createImageHost({ ...request.files, durable: true });
  const opened: BlockNode[] = [];
  try {
    for (const { path, format } of request.sources)
      opened.push(await openImage(host, { path, format, write: false, cacheBytes: request.cacheBytes }));
    const source = await sourceNode(request, opened);
    const files = {
      ...trusting(request.files ?? {}, request.target),
      durable: request.files?.durable ?? false,
    };
    if (request.existing) await copyTo(createImageHost(files), source, request);
    else
      await stageFiles({ ...files, existing: request.replace ?? 'replace' }, async (staged) => {
        await createImage(staged, { ...request.target, length: Math.ceil(source.length / SECTOR) * SECTOR });
        await copyTo(staged, source, request);
      });
  } finally {
    for (const node of opened) await node.close();
  }
}

async function sourceNode(
  { snapshot, sources }: ConvertRequest,
  opened: readonly BlockNode[],
): Promise<BlockNode> {
  const [first] = opened;
  if (first === undefined)
    throw new BlockError('invalid-argument', 'There is no image to convert.', { file: '' });
  if (snapshot !== undefined) return openSnapshot(first as ImageNode, sources[0]?.path ?? '', snapshot);
  return opened.length === 1 ? first : new Concatenation(opened, SECTOR);
}

export async function openSnapshot(image: ImageNode, file: string, name: string): Promise<BlockNode> {
  if (image.snapshots === undefined)
    throw new BlockError(
      'unsupported',
      `“${file}”: images of the format ${image.format} have no snapshots inside.`,
      {
        file,
        feature: 'snapshots',
      },
    );
  return image.snapshots.open(name);
}

async function copyTo(host: ImageHost, source: BlockNode, request: ConvertRequest): Promise<void> {
  const { path: file, format, backing } = request.target;
  const target = await openImage(host, {
    path: file,
    format: format.name,
    write: true,
    cacheBytes: request.cacheBytes,
  });
  try {
    if (target.length < source.length)
      throw new BlockError(
        'invalid-argument',
        `“${file}” is smaller (${target.length} bytes) than what it is to hold (${source.length} bytes); enlarge it with “boxwright img resize”.`,
        { file },
      );
    if (request.copy.compressed && target.writeCompressed === undefined)
      throw new BlockError(
        'unsupported',
        `“${file}”: Compression not supported for this file format (${format.name}) or these options.`,
        {
          file,
          feature: 'compression',
        },
      );
    const hasBacking = backing !== undefined || target.backingName !== undefined;
    await copyContent(source, target, {
      ...request.copy,
      sameBytes,
      targetIsZero: request.copy.targetIsZero ?? (!request.existing && !hasBacking),
      ...(backing === undefined ? {} : { wanted: (status) => status.present && status.depth === 0 }),
      ...(request.job === undefined ? {} : { job: request.job }),
    });
    await target.flush();
  } finally {
    await target.close();
  }
}
