// A disk image as one file that needs no other: as it is where it is that already and has no holes to carry along, else
// written anew as qcow2.

import { findFormat, openImage, type BlockJob, type FormatName } from '../../engine/block/index.ts';
import { createImageHost } from '../image-host.ts';
import { convertImages } from '../image-tools.ts';
import { unsupported } from './appliance-error.ts';

export interface PlainImageRequest {
  readonly path: string;
  readonly format: FormatName | null;
  /** It lies on another, which is packed too: what it says of that does not matter. */
  readonly isLayer: boolean;
  readonly folders: readonly string[];
}

/** Formats that keep everything in one file and know what is empty. */
const COMPACT: readonly FormatName[] = ['qcow2', 'vdi', 'vhdx'];

/** undefined: it can stay as it is. */
export async function asPlainImage(
  { path, format, isLayer, folders }: PlainImageRequest,
  target: string,
  job: BlockJob,
): Promise<{ readonly path: string; readonly format: FormatName } | undefined> {
  if (isLayer) return undefined;
  const image = await openImage(createImageHost({ folders }), { path, format: format ?? undefined, write: false, noBacking: true });
  const needsOthers = image.backingName !== undefined || 'data-file' in image.details();
  const known = image.format;
  await image.close();
  if (COMPACT.includes(known) && !needsOthers) return undefined;
  const qcow2 = findFormat('qcow2');
  if (qcow2 === undefined) throw unsupported(path, 'cannot be written as qcow2.');
  await convertImages({
    sources: [{ path, format: known }],
    target: { path: target, format: qcow2, options: {} },
    replace: 'refuse',
    copy: { compressed: true },
    files: { durable: false, folders },
    job,
  });
  return { path: target, format: 'qcow2' };
}
