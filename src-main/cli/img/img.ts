// `boxwright img VERB ...`: disk images, with qemu-img's verbs, options, words and exit statuses.

import { BlockError } from '../../engine/block/index.ts';
import { complain } from '../plain-text.ts';
import { verbHelp } from './arguments.ts';
import { EXIT_FAILURE, ImgError } from './img-error.ts';
import { stdout } from './stdout.ts';
import { IMAGE_VERBS } from './verbs.ts';

const HELP = ['-h', '--help', 'help'];

export async function img(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || HELP.includes(name)) {
    stdout.write(imgHelp());
    return name === undefined ? EXIT_FAILURE : 0;
  }
  const row = IMAGE_VERBS.find((verb) => verb.name === name);
  if (row === undefined)
    return fail(`img: Command not found: ${name}; “boxwright img --help” lists them`, EXIT_FAILURE);
  const { verb } = row;
  const ownArguments = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  if (ownArguments.some((argument) => argument === '-h' || argument === '--help')) {
    stdout.write(verbHelp(verb.spec));
    return 0;
  }
  try {
    return await verb.main(rest);
  } catch (error) {
    if (error instanceof ImgError)
      return fail(
        error.message,
        error.status === EXIT_FAILURE ? (row.failureStatus ?? EXIT_FAILURE) : error.status,
      );
    if (error instanceof BlockError) return fail(wording(error, name), row.failureStatus ?? EXIT_FAILURE);
    throw error;
  }
}

export function imgHelp(): string {
  const lines = IMAGE_VERBS.map(({ name, help }) => `  ${name.padEnd(9)} ${help}`);
  return [
    'usage: boxwright img VERB [OPTION]... FILE...',
    '',
    'Disk images. Verbs and options are those of qemu-img.',
    '',
    ...lines,
    '',
    'SIZE is in bytes, or ends in k, M, G, T, P or E. boxwright img VERB --help says more.',
    '',
  ].join('\n');
}

/** Damage comes with what can be done about it. */
function wording(error: BlockError, verb: string): string {
  const file = error.detail['file'];
  const told = verb === 'check' || /repair|check/.test(error.message);
  if (error.code !== 'corrupt' || typeof file !== 'string' || file === '' || told) return error.message;
  return `${error.message} “boxwright img check ${file}” tells more; where the format can be repaired, “check -r all” does it.`;
}

function fail(message: string, status: number): number {
  complain(message);
  return status;
}
