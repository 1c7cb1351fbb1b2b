// `img map`: what is stored where. Reference: qemu-img(1), map.

import { type ImageNode, type MapEntry, mapContent, openImage } from '../../engine/block/index.ts';
import { createImageHost } from '../../host/image-host.ts';
import { plainText } from '../plain-text.ts';
import { parseArguments, type VerbSpec } from './arguments.ts';
import { optionalFormat } from './format-options.ts';
import { ImgError } from './img-error.ts';
import { backingPath } from './layers.ts';
import { ALLOW_REFERENCES, FORCE_SHARE, FORMAT, OUTPUT, outputKind, REFUSED } from './option-rows.ts';
import { CommandJob, withJob } from './progress.ts';
import { requireSize } from './size.ts';
import { stdout } from './stdout.ts';
import type { ImageVerb } from './verb.ts';

const SPEC: VerbSpec = {
  name: 'map',
  operands: 'FILE',
  summary: 'Lists what an image and those behind it store, and where.',
  options: [
    FORMAT,
    OUTPUT,
    { names: ['-s', '--start-offset'], value: 'OFFSET', help: 'begin here' },
    { names: ['-l', '--max-length'], value: 'LENGTH', help: 'stop after so much' },
    FORCE_SHARE,
    ALLOW_REFERENCES,
    ...REFUSED,
  ],
};

export const map: ImageVerb = { spec: SPEC, main };

async function main(argv: readonly string[]): Promise<number> {
  const args = parseArguments(SPEC, argv);
  const [path = ''] = args.exactly('map: Expecting one image file name', 1);
  const output = outputKind(args);
  const from = requireSize(args.value('-s') ?? '0', 'start offset');
  const limit = requireSize(args.value('-l') ?? String(Number.MAX_SAFE_INTEGER - 1), 'max length');
  const host = createImageHost({ forceShare: args.has('-U'), anyReference: args.has('--allow-references') });
  const image = await openImage(host, { path, format: optionalFormat(args.value('-f')), write: false });
  try {
    const to = Math.min(image.length, from + limit);
    return await withJob(new CommandJob(false), async (job) => {
      const entries = mapContent(image, from, to, job);
      if (output === 'json') await printJson(entries);
      else await printTable(entries, filesOf(path, image));
    });
  } finally {
    await image.close();
  }
}

async function printJson(entries: AsyncIterable<MapEntry>): Promise<void> {
  let separator = '[';
  for await (const { start, length, depth, present, zero, data, fileOffset } of entries) {
    const offset = fileOffset === undefined ? '' : `, "offset": ${fileOffset}`;
    stdout.write(
      `${separator}{ "start": ${start}, "length": ${length}, "depth": ${depth}, "present": ${present}, "zero": ${zero}, "data": ${data}${offset}}`,
    );
    separator = ',\n';
  }
  stdout.write(separator === '[' ? '[]\n' : ']\n');
}

async function printTable(entries: AsyncIterable<MapEntry>, files: readonly string[]): Promise<void> {
  const row = (...[offset = '', length = '', at = '', file = '']: string[]) =>
    stdout.write(`${offset.padEnd(16)}${length.padEnd(16)}${at.padEnd(16)}${plainText(file)}\n`);
  const hex = (value: number) => (value === 0 ? '0' : `0x${value.toString(16)}`);
  row('Offset', 'Length', 'Mapped to', 'File');
  for await (const { start, length, zero, data, fileOffset, depth } of entries) {
    if (!data || zero) continue;
    if (fileOffset === undefined)
      throw new ImgError(
        'map: File contains external, encrypted or compressed clusters; --output=json lists those too',
      );
    row(hex(start), hex(length), hex(fileOffset), files[depth] ?? '');
  }
}

/** Names of the files, top first. */
function filesOf(path: string, image: ImageNode): string[] {
  const files = [path];
  for (
    let node: ImageNode = image;
    node.backing !== undefined && node.backingName !== undefined;
    node = node.backing as ImageNode
  )
    files.push(backingPath(files.at(-1) ?? path, node.backingName));
  return files;
}
