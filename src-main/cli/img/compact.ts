// `img compact`: writes an image anew in its own format, without what is zero and what nobody uses any more. qemu-img
// has no such verb; people do it with convert and mv.

import * as fs from 'node:fs';
import { findFormat, type ImageNode, openImage } from '../../engine/block/index.ts';
import { createImageHost } from '../../host/image-host.ts';
import { convertImages } from '../../host/image-tools.ts';
import { parseArguments, type VerbSpec } from './arguments.ts';
import { optionalFormat } from './format-options.ts';
import { ImgError } from './img-error.ts';
import { ALLOW_REFERENCES, FORMAT, PROGRESS, QUIET, REFUSED } from './option-rows.ts';
import { CommandJob, withJob } from './progress.ts';
import { formatSize } from './size.ts';
import type { ImageVerb } from './verbs.ts';

const SPEC: VerbSpec = {
  name: 'compact',
  operands: 'FILE',
  summary:
    'Writes an image anew in its own format without stretches of zeroes, and puts it in place of the old one. Overlays over it must be rebased (rebase -u).',
  options: [FORMAT, { names: ['-c'], help: 'compress too' }, PROGRESS, QUIET, ALLOW_REFERENCES, ...REFUSED],
};

export const compact: ImageVerb = { spec: SPEC, main };

async function main(argv: readonly string[]): Promise<number> {
  const args = parseArguments(SPEC, argv);
  const [path = ''] = args.exactly('compact: Expecting one image file name', 1);
  const files = { anyReference: args.has('--allow-references') };
  const image = await openImage(createImageHost(files), {
    path,
    format: optionalFormat(args.value('-f')),
    write: false,
    noBacking: true,
  });
  const { format: name, backingName, backingFormat } = image;
  let options: Record<string, string>;
  try {
    options = sameOptions(image, path);
  } finally {
    await image.close();
  }
  const format = findFormat(name);
  if (format?.create === undefined)
    throw new ImgError(
      `compact: “${path}”: images of the format ${name} cannot be written; convert it to another format`,
    );
  if (backingName !== undefined && backingFormat === undefined)
    throw new ImgError(
      `compact: “${path}” does not say which format “${backingName}” behind it has; say it first with “img rebase -u”`,
    );
  const before = fs.statSync(path).size;
  const status = await withJob(new CommandJob(args.has('-p') && !args.has('-q')), (job) =>
    convertImages({
      sources: [{ path, format: name }],
      target: {
        path,
        format,
        options,
        ...(backingName === undefined || backingFormat === undefined
          ? {}
          : { backing: { name: backingName, format: backingFormat } }),
      },
      replace: 'replace-own',
      copy: { compressed: args.has('-c') },
      files: { ...files, durable: true },
      job,
    }),
  );
  if (status === 0 && !args.has('-q'))
    process.stdout.write(
      `Image compacted: ${formatSize(before)} before, ${formatSize(fs.statSync(path).size)} now.\n`,
    );
  return status;
}

/** The options with which the image must have been created. */
function sameOptions(image: ImageNode, path: string): Record<string, string> {
  if ((image.snapshots?.list().length ?? 0) > 0)
    throw new ImgError(
      `compact: “${path}” has snapshots inside, which would be lost; delete them first (img snapshot -d), or convert a copy`,
    );
  const details = image.details();
  if (details['data-file'] !== undefined)
    throw new ImgError(`compact: “${path}” keeps its data in another file; convert it instead`);
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
