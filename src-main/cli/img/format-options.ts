// `-o NAME=VALUE,...` and format names, checked against what the formats offer.

import { findFormat, IMAGE_FORMATS, type ImageFormat } from '../../engine/block/index.ts';
import type { FormatName } from '../../engine/block/index.ts';
import { ImgError } from './img-error.ts';

/** Other programs' words for formats. */
const ALIASES: Readonly<Record<string, string>> = { vhd: 'vpc', file: 'raw', hdd: 'parallels' };

export function requireFormat(name: string, file?: string): ImageFormat {
  const format = findFormat(ALIASES[name] ?? name);
  if (format !== undefined) return format;
  const known = IMAGE_FORMATS.map((each) => each.name)
    .sort()
    .join(', ');
  throw new ImgError(
    `${file === undefined ? '' : `${file}: `}Unknown file format '${name}'; there is ${known}`,
  );
}

export function optionalFormat(name: string | undefined): FormatName | undefined {
  return name === undefined ? undefined : requireFormat(name).name;
}

/** A format that can be created. */
export function requireTargetFormat(name: string, file: string): ImageFormat {
  const format = requireFormat(name, file);
  if (format.create !== undefined) return format;
  const others = IMAGE_FORMATS.filter((each) => each.create !== undefined)
    .map((each) => each.name)
    .sort()
    .join(', ');
  throw new ImgError(
    `${file}: Format driver '${format.name}' does not support image creation; use one of ${others}`,
  );
}

/** Lists may be repeated; a comma in a value is written twice. A name alone means `on`. */
export function parseOptionLists(lists: readonly string[]): Readonly<Record<string, string>> {
  const options = new Map<string, string>();
  for (const list of lists)
    for (const item of list.replaceAll(',,', '\0').split(',')) {
      const text = item.replaceAll('\0', ',');
      if (text === '') continue;
      const equals = text.indexOf('=');
      if (equals < 0) options.set(text, 'on');
      else options.set(text.slice(0, equals), text.slice(equals + 1));
    }
  return Object.fromEntries(options);
}

export function wantsHelp(lists: readonly string[]): boolean {
  return lists.some((list) => list.split(',').some((item) => item === 'help' || item === '?'));
}

export function formatHelp(format: ImageFormat): string {
  const rows = [...(format.createOptions ?? []), { name: 'size', help: 'Virtual disk size' }];
  const lines = rows
    .filter(({ name }, index) => rows.findIndex((row) => row.name === name) === index)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, help }) => `  ${name.padEnd(22)} - ${help}`);
  return ['Supported options:', ...lines, ''].join('\n');
}

const PREALLOCATIONS = ['off', 'metadata', 'falloc', 'full'] as const;
export type Preallocation = (typeof PREALLOCATIONS)[number];

export function parsePreallocation(text: string): Preallocation {
  const found = PREALLOCATIONS.find((mode) => mode === text);
  if (found === undefined)
    throw new ImgError(
      `Invalid parameter '${text}' for preallocation; there is ${PREALLOCATIONS.join(', ')}`,
    );
  return found;
}

/** What every format takes in the same way, apart from the format's own. */
export interface TargetOptions {
  readonly size: string | undefined;
  readonly backingFile: string | undefined;
  readonly backingFormat: string | undefined;
  readonly preallocation: Preallocation | undefined;
  readonly own: Readonly<Record<string, string>>;
}

const SHARED = ['size', 'backing_file', 'backing_fmt', 'preallocation'];

/** Throws `ImgError` for names that the format does not know. */
export function targetOptions(format: ImageFormat, lists: readonly string[]): TargetOptions {
  const options = parseOptionLists(lists);
  const known = new Set([...(format.createOptions ?? []).map(({ name }) => name), ...SHARED]);
  for (const name of Object.keys(options))
    if (!known.has(name))
      throw new ImgError(`Invalid parameter '${name}'; “-o help” lists the options of ${format.name}`);
  return {
    size: options['size'],
    backingFile: options['backing_file'],
    backingFormat: options['backing_fmt'],
    preallocation:
      options['preallocation'] === undefined ? undefined : parsePreallocation(options['preallocation']),
    own: Object.fromEntries(Object.entries(options).filter(([name]) => !SHARED.includes(name))),
  };
}
