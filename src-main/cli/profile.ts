// `boxwright profile`: a run of a machine that ends with a table of where the processor time of its thread went: tiers,
// translations, helpers, the board, and within these the guest's hot regions by address.

import type { ProfileRow } from '../host/thread-profile.ts';
import { parseSeconds } from './run-settings.ts';
import { run } from './run.ts';
import { UsageError } from './usage-error.ts';

const HOTTEST = 30;

export async function profile(args: readonly string[]): Promise<number> {
  if (args.some((argument) => ['-h', '-help', '--help'].includes(argument))) {
    process.stdout.write(profileHelp());
    return 0;
  }
  const json = args.includes('--json');
  const rest = args.filter((argument) => argument !== '--json');
  const seconds = takeSeconds(rest);
  return run(rest, {
    seconds,
    show: (rows, statistics) => {
      const text = json ? `${JSON.stringify({ ...sums(rows), rows, statistics })}\n` : table(rows);
      process.stderr.write(text);
    },
  });
}

/** Takes `--for SECONDS` out of the arguments. */
function takeSeconds(args: string[]): number | undefined {
  const at = args.indexOf('--for');
  if (at < 0) return undefined;
  const [, value] = args.splice(at, 2);
  if (value === undefined) throw new UsageError('--for: needs a value (SECONDS)');
  return parseSeconds(value, '--for');
}

function sums(rows: readonly ProfileRow[]): { totalMs: number; kindsMs: Record<string, number> } {
  const kindsMs: Record<string, number> = {};
  let totalMs = 0;
  for (const { kind, ms } of rows) {
    kindsMs[kind] = (kindsMs[kind] ?? 0) + ms;
    totalMs += ms;
  }
  return { totalMs, kindsMs };
}

function table(rows: readonly ProfileRow[]): string {
  const { totalMs, kindsMs } = sums(rows);
  const line = (ms: number, kind: string, name: string): string =>
    `${((100 * ms) / totalMs).toFixed(1).padStart(6)} %  ${ms.toFixed(0).padStart(8)} ms  ${kind.padEnd(11)}  ${name}`.trimEnd();
  const kinds = Object.entries(kindsMs).sort(([, a], [, b]) => b - a);
  return [
    '',
    ...kinds.map(([kind, ms]) => line(ms, kind, '')),
    '',
    ...rows.slice(0, HOTTEST).map(({ kind, name, ms }) => line(ms, kind, name)),
    '',
  ].join('\n');
}

export function profileHelp(): string {
  return `usage: boxwright profile [--for SECONDS] [--json] [OPTION OF run]...

Runs a machine as \`boxwright run\` does, and prints on standard error where its thread spent its time, by samples of a
millisecond: first by kind, then the hottest places. Sampling costs some percent.

  region       compiled guest code, by the linear address it is entered at
  interpreter  the dispatch loop and handlers, by the shape of their instruction
  run loop     entering and leaving generated code, looking blocks up, decoding
  memory       translations that were not in the TLB, page walks
  helper       instructions in TypeScript, exceptions and interrupts
  compile      finding, translating and compiling regions and handlers on this thread
  board        devices, timers, commands
  host         V8 and system calls; collector: garbage; idle: the guest waits

  --for SECONDS  pull the plug after so long
  --json         everything as JSON, with the figures of --stats
`;
}
