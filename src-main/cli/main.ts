// The command line: `boxwright VERB ...`. Each verb is a file of its own.

import { run } from './run.ts';
import { runHelp } from './parse-run.ts';
import { EXIT_USAGE, UsageError } from './usage-error.ts';

interface Verb {
  readonly help: string;
  usage(): string;
  /** Resolves with the exit status. */
  main(args: readonly string[]): Promise<number>;
}

const VERBS: Readonly<Record<string, Verb>> = {
  run: { help: 'start a machine from a kernel, without a window', usage: runHelp, main: run },
};

const HELP = ['--help', '-help', '-h', 'help'];

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || HELP.includes(name)) {
    const verb = VERBS[rest[0] ?? ''];
    process.stdout.write(verb === undefined ? help() : verb.usage());
    return name === undefined ? EXIT_USAGE : 0;
  }
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb === undefined) throw new UsageError(`${name}: unknown command; there is ${Object.keys(VERBS).join(', ')}`);
  return verb.main(rest);
}

function help(): string {
  const lines = Object.entries(VERBS).map(([name, verb]) => `  ${name.padEnd(8)} ${verb.help}`);
  return ['usage: boxwright COMMAND [OPTION]...', '', ...lines, '', 'boxwright COMMAND --help says more.', ''].join('\n');
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`boxwright: ${error.message}\n`);
  process.exitCode = EXIT_USAGE;
}
