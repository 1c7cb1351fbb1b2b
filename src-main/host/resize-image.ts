// Makes a disk image larger or smaller. Whether losing what lies behind the new end is meant is the caller's business.

import { BlockError, type FormatName, openImage } from '../engine/block/index.ts';
import type { ImageFilesOptions } from './image-files.ts';
import { createImageHost } from './image-host.ts';

export interface ResizeRequest {
  readonly path: string;
  readonly format?: FormatName | undefined;
  readonly files?: ImageFilesOptions;
  readonly preallocation?: 'off' | 'metadata' | 'falloc' | 'full' | undefined;
  /** The new length, from the present one; throws what keeps it from being changed. */
  lengthFor(now: number): number;
}

/** Throws `BlockError`. */
export async function resizeImage({ path, format, files = {}, preallocation, lengthFor }: ResizeRequest): Promise<void> {
  const image = await openImage(createImageHost(files), { path, format, write: true });
  try {
    const length = lengthFor(image.length);
    if (image.resize === undefined)
      throw new BlockError(
        'unsupported',
        `“${path}”: images of the format ${image.format} cannot be resized; convert it to one of another size.`,
        { file: path, feature: 'resize' },
      );
    if (length !== image.length || preallocation !== undefined) await image.resize(length, preallocation);
    await image.flush();
  } finally {
    await image.close();
  }
}
