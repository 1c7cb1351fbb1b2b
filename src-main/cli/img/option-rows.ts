// Options that several image commands share, by qemu-img's spellings, and how their values are read.

import type { Arguments, OptionRow } from './arguments.ts';
import { ImgError } from './img-error.ts';

const FILES_ONLY = 'not supported; images are named as plain files';

export const FORMAT: OptionRow = {
  names: ['-f'],
  value: 'FORMAT',
  help: 'format of the image; found out where it is left out',
};
export const QUIET: OptionRow = { names: ['-q', '--quiet'], help: 'say nothing but errors' };
export const PROGRESS: OptionRow = { names: ['-p', '--progress'], help: 'show progress' };
export const FORCE_SHARE: OptionRow = {
  names: ['-U', '--force-share'],
  help: 'read although another process has the image open for writing',
};
export const OUTPUT: OptionRow = { names: ['--output'], value: 'human|json', help: 'kind of output' };
export const FORMAT_OPTIONS: OptionRow = {
  names: ['-o'],
  value: 'NAME=VALUE,...',
  help: 'options of the new image; -o help lists them',
};
export const CACHE: OptionRow = {
  names: ['-t'],
  value: 'CACHE',
  help: 'cache mode of writing: none, writeback, writethrough, directsync, unsafe',
};
export const SOURCE_CACHE: OptionRow = {
  names: ['-T'],
  value: 'CACHE',
  help: 'cache mode of reading; makes no difference',
};
export const ALLOW_REFERENCES: OptionRow = {
  names: ['--allow-references'],
  help: 'follow names inside images also to files outside their folder',
};
/** Refused by name, so that nobody takes them for a spelling mistake. */
export const REFUSED: readonly OptionRow[] = [
  {
    names: ['--object'],
    value: 'OBJECT',
    help: '',
    refused: 'not supported; there are no encrypted images and no secrets',
  },
  { names: ['--image-opts'], help: '', refused: FILES_ONLY },
];
export const TARGET_IMAGE_OPTS: OptionRow = { names: ['--target-image-opts'], help: '', refused: FILES_ONLY };
export const RATE_LIMIT: OptionRow = {
  names: ['-r'],
  value: 'RATE',
  help: '',
  refused: 'limiting the rate is not supported',
};

export type OutputKind = 'human' | 'json';

export function outputKind(args: Arguments): OutputKind {
  const kind = args.value('--output') ?? 'human';
  if (kind === 'human' || kind === 'json') return kind;
  throw new ImgError('--output must be used with human or json as argument.');
}

const CACHE_MODES = ['none', 'writeback', 'writethrough', 'directsync', 'unsafe'];

/** Whether what is written must reach the disk before the command ends. */
export function isDurable(args: Arguments, standard: 'unsafe' | 'writeback'): boolean {
  for (const option of ['-t', '-T']) {
    const mode = args.value(option);
    if (mode !== undefined && !CACHE_MODES.includes(mode))
      throw new ImgError(`${option} ${mode}: Invalid cache option; there is ${CACHE_MODES.join(', ')}`);
  }
  return (args.value('-t') ?? standard) !== 'unsafe';
}
