// The command line: `boxwright VERB ...`. Each verb is loaded only when it is called: the time to the first byte counts.

import { complain } from './plain-text.ts';
import { EXIT_USAGE, UsageError } from './usage-error.ts';

/** A verb with the arguments after its name; resolves with the exit status. */
type Main = (args: readonly string[]) => Promise<number>;

interface Verb {
  readonly help: string;
  load(): Promise<{ readonly usage: () => string; readonly main: Main }>;
}

const VERBS: Readonly<Record<string, Verb>> = {
  run: {
    help: 'start a machine from disks or a kernel, without a window',
    load: async () => {
      const [{ run }, { runHelp }] = await Promise.all([import('./run.ts'), import('./parse-run.ts')]);
      return { main: run, usage: runHelp };
    },
  },
  profile: {
    help: 'run a machine and say where its processor time went',
    load: async () => {
      const { profile, profileHelp } = await import('./profile.ts');
      return { main: profile, usage: profileHelp };
    },
  },
  img: {
    help: 'make, convert, check and compare disk images; qemu-img\'s verbs',
    load: async () => {
      const { img, imgHelp } = await import('./img/img.ts');
      return { main: img, usage: imgHelp };
    },
  },
};

/** Other words for what there is; not listed with the verbs, but with their help. */
const VM_WORDS = ['savevm', 'loadvm', 'delvm', 'info'];

async function vmWord(word: string): Promise<{ readonly usage: () => string; readonly main: Main }> {
  const { meaningOf, vmWordsHelp } = await import('./vm-words.ts');
  return {
    usage: vmWordsHelp,
    main: async (args) => {
      if (args.some((one) => HELP.includes(one))) {
        process.stdout.write(vmWordsHelp());
        return 0;
      }
      const meaning = meaningOf(word, args);
      const verb = await find(meaning.verb);
      return verb === undefined ? EXIT_USAGE : verb.main(meaning.args);
    },
  };
}

const HELP = ['--help', '-help', '-h', 'help'];

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || HELP.includes(name)) {
    const verb = rest[0] === undefined ? undefined : await find(rest[0]);
    process.stdout.write(verb === undefined ? await help() : verb.usage());
    return name === undefined ? EXIT_USAGE : 0;
  }
  const verb = await find(name);
  if (verb === undefined) throw new UsageError(`${name}: unknown command; \`boxwright --help\` lists them`);
  return verb.main(rest);
}

async function find(name: string): Promise<{ readonly usage: () => string; readonly main: Main } | undefined> {
  if (Object.hasOwn(VERBS, name)) return VERBS[name]?.load();
  if (VM_WORDS.includes(name)) return vmWord(name);
  const { MACHINE_VERBS } = await import('./machines/verbs.ts');
  const verb = MACHINE_VERBS.find((candidate) => candidate.name === name);
  if (verb === undefined) return undefined;
  const { runVerb, verbHelp } = await import('./machines/run-verb.ts');
  return { main: (args) => runVerb(verb, args), usage: () => verbHelp(verb) };
}

async function help(): Promise<string> {
  const { MACHINE_VERBS } = await import('./machines/verbs.ts');
  const rows = [...Object.entries(VERBS).map(([name, verb]) => ({ name, help: verb.help })), ...MACHINE_VERBS];
  const lines = rows.map(({ name, help }) => `  ${name.padEnd(16)} ${help}`);
  return ['usage: boxwright COMMAND [OPTION]...', '', ...lines, '', 'boxwright COMMAND --help says more; savevm, loadvm, delvm and `info snapshots` are known too.', ''].join('\n');
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  complain(error.message);
  process.exitCode = EXIT_USAGE;
}
