// `img convert`: copies disks into an image of any format that can be written. Reference: qemu-img(1), convert.

import type { FormatName } from '../../engine/block/index.ts';
import { convertImages } from '../../host/image-tools.ts';
import { complain } from '../plain-text.ts';
import { type Arguments, parseArguments, type VerbSpec } from './arguments.ts';
import {
  formatHelp,
  optionalFormat,
  requireFormat,
  requireTargetFormat,
  targetOptions,
  wantsHelp,
} from './format-options.ts';
import { ImgError } from './img-error.ts';
import {
  ALLOW_REFERENCES,
  CACHE,
  FORCE_SHARE,
  FORMAT_OPTIONS,
  isDurable,
  PROGRESS,
  QUIET,
  RATE_LIMIT,
  REFUSED,
  SOURCE_CACHE,
  TARGET_IMAGE_OPTS,
} from './option-rows.ts';
import { CommandJob, withJob } from './progress.ts';
import { requireNumber, requireSize } from './size.ts';
import { snapshotName } from './snapshot-name.ts';
import { stdout } from './stdout.ts';
import type { ImageVerb } from './verb.ts';

const SPEC: VerbSpec = {
  name: 'convert',
  operands: 'FILE... TARGET',
  summary:
    'Copies an image, or several one behind the other, into a new image. Stretches of zeroes are left out.',
  options: [
    { names: ['-f'], value: 'FORMAT', help: 'format of the sources; found out where it is left out' },
    { names: ['-O'], value: 'FORMAT', help: 'format of the target; raw if left out' },
    FORMAT_OPTIONS,
    { names: ['-c'], help: 'compress (qcow2, qcow, streamOptimized vmdk)' },
    PROGRESS,
    QUIET,
    { names: ['-n'], help: 'write into a target that is there already' },
    { names: ['--target-is-zero'], help: 'with -n: the target reads zero throughout' },
    {
      names: ['-B', '-b'],
      value: 'FILE',
      help: 'make the target an overlay over FILE, holding only what the source image itself holds',
    },
    { names: ['-F'], value: 'FORMAT', help: 'format of the backing file of -B' },
    { names: ['-l'], value: 'SNAPSHOT', help: 'convert the disk as this internal snapshot has it' },
    { names: ['-S'], value: 'SIZE', help: 'leave out zeroes in runs of this size (4k); 0: write them all' },
    { names: ['-m'], value: 'COUNT', help: 'pieces copied at a time, 1 to 16 (3; with -c 8)' },
    { names: ['-W'], help: 'write pieces out of order' },
    { names: ['--salvage'], help: 'put zeroes where the source cannot be read' },
    CACHE,
    SOURCE_CACHE,
    FORCE_SHARE,
    ALLOW_REFERENCES,
    { names: ['-C'], help: '', refused: 'offloading the copy is not supported' },
    { names: ['--bitmaps'], help: '', refused: 'copying bitmaps is not supported' },
    RATE_LIMIT,
    TARGET_IMAGE_OPTS,
    ...REFUSED,
  ],
};

export const convert: ImageVerb = { spec: SPEC, main };

async function main(argv: readonly string[]): Promise<number> {
  const args = parseArguments(SPEC, argv);
  if (wantsHelp(args.all('-o'))) {
    stdout.write(formatHelp(requireFormat(args.value('-O') ?? 'raw')));
    return 0;
  }
  const sources = args.operands.slice(0, -1);
  const target = args.operands.at(-1);
  if (target === undefined || sources.length === 0)
    throw new ImgError('convert: Must specify image file name');
  refuseCombinations(args, sources.length);
  const format = requireTargetFormat(args.value('-O') ?? 'raw', target);
  const options = targetOptions(format, args.all('-o'));
  const backing = backingOf(args, options.backingFile, options.backingFormat);
  const sourceFormat = optionalFormat(args.value('-f'));
  const unreadable = (offset: number) => {
    if (!args.has('-q')) complain(`warning: ${sources.join(', ')}: cannot be read at ${offset}; zeroes instead`);
  };
  const sparse = args.value('-S');
  const pieces = args.value('-m');
  return withJob(new CommandJob(args.has('-p') && !args.has('-q')), (job) =>
    convertImages({
      sources: sources.map((path) => ({
        path,
        ...(sourceFormat === undefined ? {} : { format: sourceFormat }),
      })),
      snapshot: snapshotName(args.value('-l')),
      target: {
        path: target,
        format,
        options: options.own,
        ...(options.preallocation === undefined ? {} : { preallocation: options.preallocation }),
        ...(backing === undefined ? {} : { backing }),
      },
      existing: args.has('-n'),
      copy: {
        ...(args.has('--target-is-zero') ? { targetIsZero: true } : {}),
        ...(sparse === undefined ? {} : { sparseBytes: sparseBytes(sparse) }),
        ...(pieces === undefined ? {} : { inFlight: requireNumber(pieces, 'number of coroutines', 1, 16) }),
        outOfOrder: args.has('-W'),
        compressed: args.has('-c'),
        ...(args.has('--salvage') ? { onUnreadable: unreadable } : {}),
      },
      files: {
        forceShare: args.has('-U'),
        anyReference: args.has('--allow-references'),
        durable: isDurable(args, 'unsafe'),
      },
      job,
    }),
  );
}

function refuseCombinations(args: Arguments, sources: number): void {
  if (args.has('-n') && args.has('-o'))
    throw new ImgError('convert: -o has no meaning with -n, which makes no new image');
  if (args.has('--target-is-zero') && !args.has('-n'))
    throw new ImgError('convert: --target-is-zero requires use of -n flag');
  if (args.has('-W') && args.has('-c'))
    throw new ImgError('convert: Out of order write and compress are mutually exclusive');
  if (args.has('-B') && sources > 1)
    throw new ImgError(
      'convert: Having a backing file for the target makes no sense when concatenating multiple input images',
    );
  if (args.has('-l') && sources > 1)
    throw new ImgError('convert: a snapshot (-l) can be taken from one image only');
  if (args.has('-S') && args.value('-S') === '0' && args.has('-c'))
    throw new ImgError('convert: Cannot use -S 0 with compression (-c)');
}

function backingOf(
  args: Arguments,
  optionFile: string | undefined,
  optionFormat: string | undefined,
): { name: string; format: FormatName } | undefined {
  const name = args.value('-B') ?? optionFile;
  if (name === undefined) return undefined;
  const format = args.value('-F') ?? optionFormat;
  if (format === undefined)
    throw new ImgError(
      `convert: Use of backing file requires explicit backing format; say which one “${name}” has with -F`,
    );
  return { name, format: requireFormat(format).name };
}

const MIN_SPARSE = 512;

function sparseBytes(text: string): number {
  const bytes = requireSize(text, 'buffer size for sparse output');
  if (bytes % MIN_SPARSE !== 0)
    throw new ImgError(`convert: -S ${text}: must be a multiple of ${MIN_SPARSE}`);
  return bytes;
}
