// Writes an image anew in its own format, without what is zero and what nobody uses any more, and puts it in place of the
// old one. What the image was created with is kept; what cannot be kept is refused.

import { BlockError, type BlockJob, findFormat, type FormatName, type ImageNode, openImage } from '../engine/block/index.ts';
import type { ImageFilesOptions } from './image-files.ts';
import { createImageHost } from './image-host.ts';
import { convertImages } from './image-tools.ts';

export interface CompactRequest {
  readonly path: string;
  readonly format?: FormatName | undefined;
  readonly compressed: boolean;
  readonly files?: ImageFilesOptions;
  readonly job: BlockJob;
}

/** Throws `BlockError`. Overlays over the image must be rebased afterwards. */
export async function compactImage({ path, format: wanted, compressed, files = {}, job }: CompactRequest): Promise<void> {
  const image = await openImage(createImageHost(files), { path, format: wanted, write: false, noBacking: true });
  const { format: name, backingName, backingFormat } = image;
  let options: Record<string, string>;
  try {
    options = sameOptions(image, path);
  } finally {
    await image.close();
  }
  const format = findFormat(name);
  if (format?.create === undefined)
    throw refused(path, `“${path}”: images of the format ${name} cannot be written; convert it to another format`);
  if (backingName !== undefined && backingFormat === undefined)
    throw refused(path, `“${path}” does not say which format “${backingName}” behind it has; say it first with “img rebase -u”`);
  const backing =
    backingName === undefined || backingFormat === undefined ? {} : { backing: { name: backingName, format: backingFormat } };
  await convertImages({
    sources: [{ path, format: name }],
    target: { path, format, options, ...backing },
    replace: 'replace-own',
    copy: { compressed },
    files: { ...files, durable: true },
    job,
  });
}

function refused(file: string, message: string): BlockError {
  return new BlockError('unsupported', message, { file, feature: 'compact' });
}

/** The options with which the image must have been created. */
function sameOptions(image: ImageNode, path: string): Record<string, string> {
  if ((image.snapshots?.list().length ?? 0) > 0)
    throw refused(
      path,
      `“${path}” has snapshots inside, which would be lost; delete them first (img snapshot -d), or convert a copy`,
    );
  const details = image.details();
  if (details['data-file'] !== undefined)
    throw refused(path, `“${path}” keeps its data in another file; convert it instead`);
  const known = new Set((findFormat(image.format)?.createOptions ?? []).map(({ name }) => name));
  const options: Record<string, string> = {};
  for (const [key, value] of Object.entries(details)) {
    const name = key === 'create-type' ? 'subformat' : key.replaceAll('-', '_');
    if (known.has(name) && ['string', 'number', 'boolean'].includes(typeof value))
      options[name] = typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);
  }
  if (image.clusterSize !== undefined && known.has('cluster_size'))
    options['cluster_size'] = String(image.clusterSize);
  return options;
}
