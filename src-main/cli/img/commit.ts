// `img commit`: writes what an overlay holds into the image behind it. Reference: qemu-img(1), commit.

import {
  BlockError,
  commitInto,
  type ImageHost,
  type ImageNode,
  LayerStack,
  openImage,
} from '../../engine/block/index.ts';
import { createImageHost } from '../../host/image-host.ts';
import { parseArguments, type VerbSpec } from './arguments.ts';
import { optionalFormat } from './format-options.ts';
import { ImgError } from './img-error.ts';
import { backingPath } from './layers.ts';
import {
  ALLOW_REFERENCES,
  CACHE,
  FORMAT,
  isDurable,
  PROGRESS,
  QUIET,
  RATE_LIMIT,
  REFUSED,
} from './option-rows.ts';
import { CommandJob, withJob } from './progress.ts';
import { stdout } from './stdout.ts';
import type { ImageVerb } from './verb.ts';

const SPEC: VerbSpec = {
  name: 'commit',
  operands: 'FILE',
  summary: 'Writes what an overlay holds into the image behind it, and empties the overlay.',
  options: [
    FORMAT,
    {
      names: ['-b'],
      value: 'FILE',
      help: 'commit down to this image of the chain; the overlay is not emptied then',
    },
    { names: ['-d'], help: 'do not empty the overlay: it is thrown away anyway' },
    PROGRESS,
    QUIET,
    CACHE,
    ALLOW_REFERENCES,
    RATE_LIMIT,
    ...REFUSED,
  ],
};

export const commit: ImageVerb = { spec: SPEC, main };

async function main(argv: readonly string[]): Promise<number> {
  const args = parseArguments(SPEC, argv);
  const [path = ''] = args.exactly('commit: Expecting one image file name', 1);
  const wantedBase = args.value('-b');
  const host = createImageHost({
    anyReference: args.has('--allow-references'),
    durable: isDurable(args, 'writeback'),
  });
  const layers: ImageNode[] = [];
  let base: ImageNode | undefined;
  try {
    const top = await openImage(host, {
      path,
      format: optionalFormat(args.value('-f')),
      write: true,
      noBacking: true,
    });
    layers.push(top);
    base = await openBase(host, path, wantedBase, layers);
    const target = base;
    const status = await withJob(new CommandJob(args.has('-p') && !args.has('-q')), async (job) => {
      await commitInto(new LayerStack(layers), target, { job });
      if (!args.has('-d') && wantedBase === undefined) await top.clear?.();
      await top.flush();
    });
    if (status === 0 && !args.has('-q')) stdout.write('Image committed.\n');
    return status;
  } finally {
    await base?.close();
    for (const layer of layers) await layer.close();
  }
}

/** Follows the chain from the top; images above the base are added to `layers`, the base is opened for writing. */
async function openBase(
  host: ImageHost,
  path: string,
  wanted: string | undefined,
  layers: ImageNode[],
): Promise<ImageNode> {
  let from = path;
  const seen = new Set([path]);
  for (;;) {
    const above = layers.at(-1);
    if (above?.backingName === undefined) {
      if (from === path) throw new ImgError(`commit: “${path}”: Image does not have a backing file`);
      throw new ImgError(`commit: Did not find '${wanted}' in the backing chain of '${path}'`);
    }
    const { backingName, backingFormat } = above;
    const file = host.files.resolve(from, backingName);
    if (seen.has(file))
      throw new BlockError('backing-cycle', `“${path}”: its backing files go in a circle at “${file}”.`, {
        file: path,
        backing: file,
      });
    seen.add(file);
    const isBase =
      wanted === undefined || wanted === backingName || wanted === file || backingPath(path, wanted) === file;
    const image = await openImage(host, {
      path: file,
      format: backingFormat,
      write: isBase,
      noBacking: !isBase,
    });
    if (isBase) return image;
    layers.push(image);
    from = file;
  }
}
