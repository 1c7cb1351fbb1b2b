// `img resize`: makes a disk larger, or with --shrink smaller. Reference: qemu-img(1), resize.

import { resizeImage } from '../../host/resize-image.ts';
import { type Arguments, parseArguments, type VerbSpec } from './arguments.ts';
import { optionalFormat, parsePreallocation } from './format-options.ts';
import { ImgError } from './img-error.ts';
import { ALLOW_REFERENCES, FORMAT, QUIET, REFUSED } from './option-rows.ts';
import { requireSize, wholeSectors } from './size.ts';
import { stdout } from './stdout.ts';
import type { ImageVerb } from './verb.ts';

const SPEC: VerbSpec = {
  name: 'resize',
  operands: 'FILE [+|-]SIZE',
  summary: 'Changes the size of a disk. Partitions and file systems on it do not follow by themselves.',
  options: [
    FORMAT,
    { names: ['--shrink'], help: 'allow a smaller size; what lies behind it is lost' },
    {
      names: ['--preallocation'],
      value: 'MODE',
      help: 'how room for what is new is set aside: off, metadata, falloc, full',
    },
    QUIET,
    ALLOW_REFERENCES,
    ...REFUSED,
  ],
};

export const resize: ImageVerb = { spec: SPEC, main };

async function main(argv: readonly string[]): Promise<number> {
  // The size comes last, and "-1G" is not an option.
  const sizeText = argv.at(-1);
  if (sizeText === undefined || argv.length < 2)
    throw new ImgError('resize: Not enough arguments; it takes a file and a size');
  const args = parseArguments(SPEC, argv.slice(0, -1));
  const [path = ''] = args.exactly('resize: Expecting image file name and size', 1);
  const preallocation = args.value('--preallocation');
  const mode = preallocation === undefined ? undefined : parsePreallocation(preallocation);
  await resizeImage({
    path,
    format: optionalFormat(args.value('-f')),
    files: { anyReference: args.has('--allow-references') },
    preallocation: mode,
    lengthFor: (now) => {
      const length = wantedLength(sizeText, now);
      if (length < now) checkShrink(args, path, now, length, mode);
      return length;
    },
  });
  if (!args.has('-q')) stdout.write('Image resized.\n');
  return 0;
}

function wantedLength(text: string, now: number): number {
  const sign = text[0] === '+' || text[0] === '-' ? text[0] : '';
  const size = requireSize(sign === '' ? text : text.slice(1), 'image size');
  const length = sign === '' ? size : sign === '+' ? now + size : now - size;
  if (length <= 0) throw new ImgError(`New image size must be positive; ${text} would leave ${length} bytes`);
  return wholeSectors(length);
}

function checkShrink(
  args: Arguments,
  path: string,
  now: number,
  length: number,
  mode: string | undefined,
): void {
  if (mode !== undefined && mode !== 'off')
    throw new ImgError('Preallocation can only be used for growing images');
  if (args.has('--shrink')) return;
  throw new ImgError(
    `Use the --shrink option to perform a shrink operation: “${path}” has ${now} bytes, and everything beyond ${length} would be lost. Make sure there is no important data there.`,
  );
}
