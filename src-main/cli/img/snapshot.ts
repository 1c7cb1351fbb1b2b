// `img snapshot`: the snapshots inside an image. Reference: qemu-img(1), snapshot.

import { BlockError, type ImageSnapshots, openImage } from '../../engine/block/index.ts';
import { createImageHost } from '../../host/image-host.ts';
import { plainText } from '../plain-text.ts';
import { type Arguments, parseArguments, type VerbSpec } from './arguments.ts';
import { optionalFormat } from './format-options.ts';
import { ImgError } from './img-error.ts';
import { FORCE_SHARE, FORMAT, QUIET, REFUSED } from './option-rows.ts';
import { snapshotTable } from './snapshot-table.ts';
import { stdout } from './stdout.ts';
import type { ImageVerb } from './verb.ts';

const ACTIONS = ['-l', '-c', '-a', '-d'] as const;
type Action = (typeof ACTIONS)[number];

const SPEC: VerbSpec = {
  name: 'snapshot',
  operands: 'FILE',
  summary: 'Lists the snapshots inside an image, makes one, goes back to one or deletes one.',
  options: [
    { names: ['-l'], help: 'list them; also when no action is given' },
    { names: ['-c'], value: 'NAME', help: 'make one' },
    { names: ['-a'], value: 'NAME', help: 'make the disk what it was then (name or number)' },
    { names: ['-d'], value: 'NAME', help: 'delete one (name or number)' },
    FORMAT,
    QUIET,
    FORCE_SHARE,
    ...REFUSED,
  ],
};

export const snapshot: ImageVerb = { spec: SPEC, main };

async function main(argv: readonly string[]): Promise<number> {
  const args = parseArguments(SPEC, argv);
  const [path = ''] = args.exactly('snapshot: Expecting one image file name', 1);
  const [action = '-l', ...others] = ACTIONS.filter((each) => args.has(each));
  if (others.length > 0) throw new ImgError("snapshot: Cannot mix '-l', '-a', '-c', '-d'");
  const host = createImageHost({ forceShare: args.has('-U') });
  // Snapshots are a matter of this file alone.
  const image = await openImage(host, {
    path,
    format: optionalFormat(args.value('-f')),
    write: action !== '-l',
    noBacking: true,
  });
  try {
    if (image.snapshots === undefined) {
      if (action === '-l') return 0;
      throw new BlockError(
        'unsupported',
        `“${path}”: Could not ${WORDS[action]} snapshot: images of the format ${image.format} have none inside; qcow2 has.`,
        { file: path, feature: 'snapshots' },
      );
    }
    await act(action, image.snapshots, args);
  } finally {
    await image.close();
  }
  return 0;
}

const WORDS: Readonly<Record<Action, string>> = {
  '-l': 'list',
  '-c': 'create',
  '-a': 'apply',
  '-d': 'delete',
};

async function act(action: Action, snapshots: ImageSnapshots, args: Arguments): Promise<void> {
  const name = args.value(action) ?? '';
  if (action === '-l') {
    const list = snapshots.list();
    if (list.length > 0) stdout.write(`${plainText(snapshotTable(list))}\n`);
    return;
  }
  try {
    if (action === '-c') await snapshots.create(name);
    else if (action === '-a') await snapshots.apply(name);
    else await snapshots.delete(name);
  } catch (error) {
    if (!(error instanceof BlockError) || error.code !== 'not-found') throw error;
    throw new ImgError(
      `Could not ${WORDS[action]} snapshot '${name}': snapshot not found; “img snapshot -l” lists them`,
    );
  }
}
