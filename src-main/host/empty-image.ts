// Makes an empty disk image for a new machine.

import { FailureError } from '../../shared/rpc/failure.ts';
import { BlockError, findFormat, type FormatName } from '../engine/block/index.ts';
import { saidBy } from './image-failure.ts';
import { createImage, stageFiles } from './image-tools.ts';

export interface EmptyImage {
  readonly path: string;
  readonly format: FormatName;
  readonly bytes: number;
}

/** Throws `FailureError`; no file is left then. */
export async function createEmptyImage({ path, format, bytes }: EmptyImage): Promise<void> {
  try {
    const known = findFormat(format);
    if (known === undefined)
      throw new BlockError('unsupported', `“${path}”: images of the format ${format} cannot be created.`, { file: path });
    await stageFiles({ durable: true, existing: 'refuse' }, (host) => createImage(host, { path, format: known, length: bytes, options: {} }));
  } catch (error) {
    if (!(error instanceof BlockError)) throw error;
    throw new FailureError('store.writeFailed', saidBy(error), { path });
  }
}
