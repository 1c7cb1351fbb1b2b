// `img measure`: how large an image would become. Reference: qemu-img(1), measure.

import { measureImage, openImage } from '../../engine/block/index.ts';
import { createImageHost } from '../../host/image-host.ts';
import { openSnapshot } from '../../host/image-tools.ts';
import { type Arguments, parseArguments, type VerbSpec } from './arguments.ts';
import { formatHelp, optionalFormat, requireFormat, targetOptions, wantsHelp } from './format-options.ts';
import { ImgError } from './img-error.ts';
import {
  ALLOW_REFERENCES,
  FORCE_SHARE,
  FORMAT,
  FORMAT_OPTIONS,
  OUTPUT,
  outputKind,
  REFUSED,
} from './option-rows.ts';
import { requireSize, wholeSectors } from './size.ts';
import { snapshotName } from './snapshot-name.ts';
import { stdout } from './stdout.ts';
import type { ImageVerb } from './verb.ts';

const SPEC: VerbSpec = {
  name: 'measure',
  operands: '[FILE]',
  summary:
    'Tells how large the file of a new image would become that holds what FILE holds, or an empty disk of --size.',
  options: [
    FORMAT,
    { names: ['-O'], value: 'FORMAT', help: 'format of the new image; raw if left out' },
    FORMAT_OPTIONS,
    { names: ['-s', '--size'], value: 'SIZE', help: 'of an empty disk of this size' },
    { names: ['-l', '--snapshot'], value: 'SNAPSHOT', help: 'of the disk as this internal snapshot has it' },
    OUTPUT,
    FORCE_SHARE,
    ALLOW_REFERENCES,
    ...REFUSED,
  ],
};

export const measure: ImageVerb = { spec: SPEC, main };

async function main(argv: readonly string[]): Promise<number> {
  const args = parseArguments(SPEC, argv);
  const output = outputKind(args);
  const format = requireFormat(args.value('-O') ?? 'raw');
  if (wantsHelp(args.all('-o'))) {
    stdout.write(formatHelp(format));
    return 0;
  }
  const options = targetOptions(format, args.all('-o'));
  const request = {
    format,
    options: options.own,
    ...(options.preallocation === undefined ? {} : { preallocation: options.preallocation }),
  };
  let bitmaps = false;
  const { required, fullyAllocated } = await withSource(args, (source, mayHaveBitmaps) => {
    // None are copied; like qemu-img, only where the source could have some is it worth a line.
    bitmaps = format.name === 'qcow2' && mayHaveBitmaps;
    return measureImage({ ...request, source });
  });
  if (output === 'json')
    stdout.write(
      `${JSON.stringify({ ...(bitmaps ? { bitmaps: 0 } : {}), required, 'fully-allocated': fullyAllocated }, undefined, 4)}\n`,
    );
  else
    stdout.write(
      `required size: ${required}\nfully allocated size: ${fullyAllocated}\n${bitmaps ? 'bitmaps size: 0\n' : ''}`,
    );
  return 0;
}

async function withSource<T>(
  args: Arguments,
  work: (source: Parameters<typeof measureImage>[0]['source'], mayHaveBitmaps: boolean) => Promise<T>,
): Promise<T> {
  const [path, ...more] = args.operands;
  const size = args.value('-s');
  if (more.length > 0) throw new ImgError('measure: At most one filename argument is allowed.');
  if ((path === undefined) === (size === undefined))
    throw new ImgError('measure: Either --size N or one filename must be specified.');
  if (path === undefined) return work(wholeSectors(requireSize(size ?? '', 'image size')), false);
  const host = createImageHost({ forceShare: args.has('-U'), anyReference: args.has('--allow-references') });
  const image = await openImage(host, { path, format: optionalFormat(args.value('-f')), write: false });
  try {
    const snapshot = snapshotName(args.value('-l'));
    const source = snapshot === undefined ? image : await openSnapshot(image, path, snapshot);
    return await work(source, image.format === 'qcow2' && image.details()['compat'] === '1.1');
  } finally {
    await image.close();
  }
}
