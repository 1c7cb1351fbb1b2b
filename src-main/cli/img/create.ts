// `img create`: an empty image, or an overlay over another one. Reference: qemu-img(1), create.

import { type ImageHost, openImage } from '../../engine/block/index.ts';
import { createImage, stageFiles, trusting } from '../../host/image-tools.ts';
import { announcement } from './announcement.ts';
import { type Arguments, parseArguments, type VerbSpec } from './arguments.ts';
import {
  formatHelp,
  parseOptionLists,
  requireFormat,
  requireTargetFormat,
  type TargetOptions,
  targetOptions,
  wantsHelp,
} from './format-options.ts';
import { ImgError } from './img-error.ts';
import { FORMAT_OPTIONS, QUIET, REFUSED } from './option-rows.ts';
import { requireSize, wholeSectors } from './size.ts';
import { stdout } from './stdout.ts';
import type { ImageVerb } from './verb.ts';

const SPEC: VerbSpec = {
  name: 'create',
  operands: 'FILE [SIZE]',
  summary:
    'Makes an empty image, or with -b an overlay over another image, which keeps its size unless told otherwise.',
  options: [
    { names: ['-f'], value: 'FORMAT', help: 'format of the new image; raw if left out' },
    FORMAT_OPTIONS,
    {
      names: ['-b', '--backing'],
      value: 'FILE',
      help: 'the image behind it; relative names count from the new image',
    },
    {
      names: ['-F', '--backing-format'],
      value: 'FORMAT',
      help: 'format of the image behind it, required with -b',
    },
    { names: ['-u', '--backing-unsafe'], help: 'do not look at the image behind it' },
    QUIET,
    ...REFUSED,
  ],
};

export const create: ImageVerb = { spec: SPEC, main };

async function main(argv: readonly string[]): Promise<number> {
  const args = parseArguments(SPEC, argv);
  const lists = args.all('-o');
  if (wantsHelp(lists)) {
    stdout.write(formatHelp(requireFormat(args.value('-f') ?? 'raw')));
    return 0;
  }
  const [path, sizeText] = args.operands;
  if (path === undefined) throw new ImgError('create: Expecting image file name');
  if (args.operands.length > 2) throw new ImgError(`create: Unexpected argument: ${args.operands[2]}`);
  const format = requireTargetFormat(args.value('-f') ?? 'raw', path);
  const options = targetOptions(format, lists);
  if (sizeText !== undefined && options.size !== undefined)
    throw new ImgError(`${path}: the size is given twice, as ${sizeText} and as -o size=${options.size}`);
  const typedSize = sizeText ?? options.size;
  const size = typedSize === undefined ? undefined : requireSize(typedSize, 'image size');
  const backing = backingOf(args, options, path);
  await stageFiles(
    trusting({ durable: true }, { path, ...(backing === undefined ? {} : { backing }) }),
    async (host) => {
      const bytes = size ?? (await backingSize(host, args, path, backing));
      const length = wholeSectors(bytes);
      if (!args.has('-q'))
        stdout.write(announcement(path, format.name, bytes, backing, parseOptionLists(lists)));
      await createImage(host, {
        path,
        format,
        length,
        options: options.own,
        ...(options.preallocation === undefined ? {} : { preallocation: options.preallocation }),
        ...(backing === undefined ? {} : { backing }),
      });
      // An overlay without its base is refused now rather than when a machine starts.
      if (size !== undefined && backing !== undefined && !args.has('-u'))
        await backingSize(host, args, path, backing);
    },
  );
  return 0;
}

type Backing = NonNullable<Parameters<typeof createImage>[1]['backing']>;

function backingOf(args: Arguments, options: TargetOptions, path: string): Backing | undefined {
  const name = args.value('-b') ?? options.backingFile;
  const formatName = args.value('-F') ?? options.backingFormat;
  if (name === undefined || name === '') {
    if (formatName !== undefined)
      throw new ImgError(`${path}: a backing format (-F ${formatName}) needs a backing file (-b)`);
    return undefined;
  }
  if (formatName === undefined)
    throw new ImgError(
      `${path}: Backing file specified without backing format; say which one “${name}” has with -F`,
    );
  return { name, format: requireFormat(formatName).name };
}

async function backingSize(
  host: ImageHost,
  args: Arguments,
  path: string,
  backing: Backing | undefined,
): Promise<number> {
  if (backing === undefined || args.has('-u'))
    throw new ImgError(`${path}: Image creation needs a size parameter, such as 20G`);
  const image = await openImage(host, {
    path: host.files.resolve(path, backing.name),
    format: backing.format,
    write: false,
  });
  try {
    return image.length;
  } finally {
    await image.close();
  }
}
