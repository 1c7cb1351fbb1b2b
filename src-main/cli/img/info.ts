// `img info`: what an image is. The images behind it are looked at only with --backing-chain. Reference: qemu-img(1).

import * as fs from 'node:fs';
import { createImageHost } from '../../host/image-host.ts';
import { plainText } from '../plain-text.ts';
import { parseArguments, type VerbSpec } from './arguments.ts';
import { optionalFormat } from './format-options.ts';
import { backingPath, type Layer, walkLayers } from './layers.ts';
import { ALLOW_REFERENCES, FORCE_SHARE, FORMAT, OUTPUT, outputKind, REFUSED } from './option-rows.ts';
import { formatSize, wholeSectors } from './size.ts';
import { snapshotTable } from './snapshot-table.ts';
import { stdout } from './stdout.ts';
import type { ImageVerb } from './verb.ts';

const SPEC: VerbSpec = {
  name: 'info',
  operands: 'FILE',
  summary: 'Tells the format, the sizes and the particulars of an image.',
  options: [
    FORMAT,
    OUTPUT,
    { names: ['--backing-chain'], help: 'the images behind it too' },
    FORCE_SHARE,
    ALLOW_REFERENCES,
    ...REFUSED,
  ],
};

export const info: ImageVerb = { spec: SPEC, main };

async function main(argv: readonly string[]): Promise<number> {
  const args = parseArguments(SPEC, argv);
  const [path = ''] = args.exactly('info: Expecting one image file name', 1);
  const output = outputKind(args);
  const host = createImageHost({ forceShare: args.has('-U'), anyReference: args.has('--allow-references') });
  const chain = args.has('--backing-chain');
  const texts: string[] = [];
  const values: unknown[] = [];
  await walkLayers(host, path, optionalFormat(args.value('-f')), async (layer) => {
    if (output === 'json') values.push(jsonInfo(layer));
    else texts.push(humanInfo(layer));
    return chain;
  });
  const text = output === 'json' ? `${JSON.stringify(chain ? values : values[0], undefined, 4)}\n` : texts.join('\n');
  stdout.write(plainText(text));
  return 0;
}

/** What the file takes of the disk; a sparse one less than it is long. */
function diskSize(path: string): number {
  const { blocks, size } = fs.statSync(path);
  return process.platform === 'win32' ? size : blocks * 512;
}

/** Details that qemu-img tells elsewhere than among the format's own. */
const DIRTY = 'dirty';

function formatSpecific({ image }: Layer): Record<string, unknown> {
  const { [DIRTY]: _dirty, ...rest } = image.details();
  return rest;
}

function humanInfo(layer: Layer): string {
  const { path, image } = layer;
  const lines = [
    `image: ${path}`,
    `file format: ${image.format}`,
    `virtual size: ${formatSize(wholeSectors(image.length))} (${wholeSectors(image.length)} bytes)`,
    `disk size: ${formatSize(diskSize(path))}`,
  ];
  if (image.clusterSize !== undefined) lines.push(`cluster_size: ${image.clusterSize}`);
  if (image.details()[DIRTY] === true) lines.push('cleanly shut down: no');
  if (image.backingName !== undefined) {
    const full = backingPath(path, image.backingName);
    lines.push(
      `backing file: ${image.backingName}${full === image.backingName ? '' : ` (actual path: ${full})`}`,
    );
    if (image.backingFormat !== undefined) lines.push(`backing file format: ${image.backingFormat}`);
  }
  const snapshots = image.snapshots?.list() ?? [];
  if (snapshots.length > 0) lines.push(snapshotTable(snapshots));
  const specific = formatSpecific(layer);
  if (Object.keys(specific).length > 0) lines.push('Format specific information:', ...humanTree(specific, 1));
  return `${lines.join('\n')}\n`;
}

function humanTree(value: object, depth: number): string[] {
  const indent = '    '.repeat(depth);
  return Object.entries(value).flatMap(([name, entry]): string[] => {
    const label = Array.isArray(value) ? `[${name}]` : name.replaceAll('-', ' ');
    return typeof entry === 'object' && entry !== null
      ? [`${indent}${label}:`, ...humanTree(entry, depth + 1)]
      : [`${indent}${label}: ${String(entry)}`];
  });
}

const NS = 1e9;

function jsonInfo(layer: Layer): Record<string, unknown> {
  const { path, image } = layer;
  const specific = formatSpecific(layer);
  const snapshots = image.snapshots?.list() ?? [];
  return {
    ...(snapshots.length === 0
      ? {}
      : {
          snapshots: snapshots.map((snapshot) => ({
            ...(snapshot.instructionCount === undefined ? {} : { icount: snapshot.instructionCount }),
            'vm-clock-nsec': snapshot.vmClockNanoseconds % NS,
            name: snapshot.name,
            'date-sec': snapshot.dateSeconds,
            'date-nsec': snapshot.dateNanoseconds,
            'vm-clock-sec': Math.floor(snapshot.vmClockNanoseconds / NS),
            id: snapshot.id,
            'vm-state-size': snapshot.vmStateSize,
          })),
        }),
    ...(image.backingFormat === undefined ? {} : { 'backing-filename-format': image.backingFormat }),
    'virtual-size': wholeSectors(image.length),
    filename: path,
    ...(image.clusterSize === undefined ? {} : { 'cluster-size': image.clusterSize }),
    format: image.format,
    'actual-size': diskSize(path),
    ...(Object.keys(specific).length === 0
      ? {}
      : { 'format-specific': { type: image.format, data: specific } }),
    ...(image.backingName === undefined
      ? {}
      : {
          'full-backing-filename': backingPath(path, image.backingName),
          'backing-filename': image.backingName,
        }),
    'dirty-flag': image.details()[DIRTY] === true,
  };
}
