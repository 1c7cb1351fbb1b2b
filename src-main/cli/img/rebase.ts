// `img rebase`: puts another image behind an overlay, or none. Reference: qemu-img(1), rebase.

import {
  BlockError,
  copyDifferences,
  type FormatName,
  type ImageNode,
  openImage,
} from '../../engine/block/index.ts';
import { createImageHost } from '../../host/image-host.ts';
import { trusting } from '../../host/image-tools.ts';
import { type Arguments, parseArguments, type VerbSpec } from './arguments.ts';
import { optionalFormat, requireFormat } from './format-options.ts';
import { ImgError } from './img-error.ts';
import { ALLOW_REFERENCES, CACHE, FORMAT, PROGRESS, QUIET, REFUSED, SOURCE_CACHE } from './option-rows.ts';
import { CommandJob, withJob } from './progress.ts';
import type { ImageVerb } from './verb.ts';

const SPEC: VerbSpec = {
  name: 'rebase',
  operands: 'FILE',
  summary:
    'Puts another image behind an overlay. What the new one holds differently is copied into the overlay first, so that the disk stays as it is.',
  options: [
    FORMAT,
    { names: ['-b', '--backing'], value: 'FILE', help: 'the new image behind it; "" for none' },
    { names: ['-F', '-B'], value: 'FORMAT', help: 'its format, required' },
    { names: ['-u'], help: 'only change the name: old and new hold the same (after moving a file)' },
    PROGRESS,
    QUIET,
    CACHE,
    SOURCE_CACHE,
    { names: ['-U', '--force-share'], help: '', refused: 'not possible for an image that is written' },
    ALLOW_REFERENCES,
    ...REFUSED,
  ],
};

export const rebase: ImageVerb = { spec: SPEC, main };

const DEFAULT_CLUSTER = 64 * 1024;

interface NewBacking {
  readonly name: string;
  readonly format: FormatName;
}

async function main(argv: readonly string[]): Promise<number> {
  const args = parseArguments(SPEC, argv);
  const [path = ''] = args.exactly('rebase: Expecting one image file name', 1);
  const name = args.value('-b');
  const format = args.value('-F');
  if (name === undefined) {
    if (!args.has('-u')) throw new ImgError('rebase: Must specify backing file (-b) or use unsafe mode (-u)');
    if (format !== undefined) throw new ImgError('rebase: a backing format (-F) needs a backing file (-b)');
  }
  if (name !== undefined && name !== '' && format === undefined)
    throw new ImgError(
      `rebase: “${path}”: backing format must be specified; say which one “${name}” has with -F`,
    );
  const backing =
    name === undefined || name === '' ? undefined : { name, format: requireFormat(format ?? '').name };
  const host = createImageHost({ anyReference: args.has('--allow-references') });
  const overlay = await openImage(host, {
    path,
    format: optionalFormat(args.value('-f')),
    write: true,
    noBacking: args.has('-u'),
  });
  try {
    if (overlay.setBacking === undefined)
      throw new BlockError(
        'unsupported',
        `“${path}”: images of the format ${overlay.format} cannot have another image behind them.`,
        { file: path, feature: 'backing' },
      );
    const setBacking = overlay.setBacking.bind(overlay);
    return await withJob(new CommandJob(args.has('-p') && !args.has('-q')), async (job) => {
      if (!args.has('-u')) await keepContent(path, overlay, backing, args, job);
      await setBacking(backing);
      await overlay.flush();
    });
  } finally {
    await overlay.close();
  }
}

async function keepContent(
  path: string,
  overlay: ImageNode,
  backing: NewBacking | undefined,
  args: Arguments,
  job: CommandJob,
): Promise<void> {
  const any = { anyReference: args.has('--allow-references') };
  const host = createImageHost(backing === undefined ? any : trusting(any, { path, backing }));
  const after =
    backing === undefined
      ? undefined
      : await openImage(host, {
          path: host.files.resolve(path, backing.name),
          format: backing.format,
          write: false,
        });
  try {
    await copyDifferences({
      overlay,
      before: overlay.backing,
      after,
      clusterBytes: overlay.clusterSize ?? DEFAULT_CLUSTER,
      job,
    });
  } finally {
    await after?.close();
  }
}
