// `savevm`, `loadvm`, `delvm` and `info snapshots`, the words of QEMU's monitor, for those who know them: of a machine they
// are `snapshot take`, `restore`, `delete` and `list`; of an image file they are `img snapshot`, about the snapshots inside.

import { existsSync } from 'node:fs';
import { UsageError } from './usage-error.ts';

interface Word {
  /** Of `img snapshot`. */
  readonly option: string;
  /** Of `snapshot`, and what it is given besides. */
  readonly action: string;
  readonly more: readonly string[];
  readonly needsName: boolean;
}

const WORDS: Readonly<Record<string, Word>> = {
  savevm: { option: '-c', action: 'take', more: [], needsName: false },
  loadvm: { option: '-a', action: 'restore', more: [], needsName: true },
  delvm: { option: '-d', action: 'delete', more: ['--yes'], needsName: true },
  'info snapshots': { option: '-l', action: 'list', more: ['--tree'], needsName: false },
};

export function vmWordsHelp(): string {
  return [
    'usage: boxwright savevm <machine|image> [name]',
    '       boxwright loadvm <machine|image> <name>',
    '       boxwright delvm <machine|image> <name>',
    '       boxwright info snapshots <machine|image>',
    '',
    'Of a machine: `snapshot take`, `restore`, `delete` and `list --tree`, whose options go here too. A machine has to be off for',
    'loadvm, and what it is now is kept. Of an image file: `img snapshot`, the snapshots inside a qcow2 image, disks alone.',
    '',
  ].join('\n');
}

/** What it stands for: the verb and its arguments. */
export function meaningOf(word: string, args: readonly string[], isFile: (path: string) => boolean = existsSync): { readonly verb: 'img' | 'snapshot'; readonly args: readonly string[] } {
  const [what, rest] = word === 'info' ? [`info ${args[0] ?? ''}`, args.slice(1)] : [word, args];
  const found = Object.hasOwn(WORDS, what) ? WORDS[what] : undefined;
  if (found === undefined) throw new UsageError(`${what.trim()}: there is \`info snapshots\``);
  const words = rest.filter((one) => !one.startsWith('-'));
  const [subject, name] = words;
  if (subject === undefined) throw new UsageError(`${what}: name a machine or an image`);
  if (found.needsName && name === undefined) throw new UsageError(`${what} ${subject}: name the snapshot`);
  if (!isFile(subject)) return { verb: 'snapshot', args: [found.action, ...rest, ...found.more] };
  if (found.option !== '-l' && name === undefined) throw new UsageError(`${what} ${subject}: name the snapshot`);
  if (words.length < rest.length) throw new UsageError(`${what} ${subject}: an image takes no options here; see \`boxwright img snapshot --help\``);
  return { verb: 'img', args: ['snapshot', found.option, ...(found.option === '-l' || name === undefined ? [] : [name]), subject] };
}
