// `npm run bench`: how fast guests run, by tier. Times are the guest's own (a shell's: the host's); each line of the
// table is milliseconds for one round of a workload. Not a test: its figures depend on the machine, which it names.

import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { nodeBinary } from '../../src-main/launch/node-binary.mjs';
import { prepareGuests } from '../guests/prepare-guests.mjs';
import { contestants } from './contestants.mjs';
import { measureImages } from './images.mjs';
import { measureSnapshots } from './snapshots.mjs';
import { measureBare, measureLinux } from './measure.mjs';
import { table } from './report.mjs';
import { WORKLOADS } from './workloads.mjs';

const HELP = `usage: npm run bench -- [OPTION]...

  --guest LIST      bare-i386, bare-amd64 (no operating system), linux-i386, linux-amd64; default: all
  --workload LIST   ${WORKLOADS.map((workload) => workload.name).join(', ')};
                    default: all; none: only the way to the shell
  --tier LIST       interp, jit; default: both
  --peer qemu       another emulator for comparison
  --images          disk images instead: convert, compare, info and create beside qemu-img
  --snapshots       snapshots of a running Linux instead: take, restore, delete, beside qemu's savevm and loadvm
  --memory LIST     with --snapshots: MiB of the guest; default: 256,512
  --rounds COUNT    with --images: runs of each command, of which the best counts; default: 5
  --json            results as JSON instead of a table
  --help            this text

LIST is separated by commas.
`;

const GUESTS = ['bare-i386', 'bare-amd64', 'linux-i386', 'linux-amd64'];
const MB = 1e6;

/** @typedef {import('./build-programs.mjs').Arch} Arch */
/** @typedef {import('./contestants.mjs').Contestant} Contestant */
/** @typedef {import('./report.mjs').Result} Result */

/** Progress goes where it does not stand in the way of results. @param {string} line */
const say = (line) => process.stderr.write(`${line}\n`);

try {
  await main();
} catch (error) {
  say(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

async function main() {
  const { values } = parseArgs({
    options: {
      guest: { type: 'string' },
      workload: { type: 'string' },
      tier: { type: 'string' },
      peer: { type: 'string' },
      images: { type: 'boolean' },
      snapshots: { type: 'boolean' },
      memory: { type: 'string' },
      rounds: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  if (values.images) {
    const rows = await measureImages(Number(values.rounds ?? 5), say);
    process.stdout.write(`${machineName()}\n\n${rows}\n`);
    return;
  }
  if (values.snapshots) {
    const rows = await measureSnapshots((values.memory ?? '256,512').split(',').map(Number), say);
    process.stdout.write(`${machineName()}\n\n${rows}\n`);
    return;
  }
  const guests = chosen('guest', values.guest, GUESTS);
  const names = WORKLOADS.map((workload) => workload.name);
  const workloads = values.workload === 'none' ? [] : chosen('workload', values.workload, names);
  const runners = contestants(chosen('tier', values.tier, ['interp', 'jit']), values.peer);
  if (guests.some((guest) => guest.startsWith('linux'))) prepareGuests(say);
  /** @type {Result[]} */
  const results = [];
  for (const guest of guests)
    for (const contestant of runners) results.push(...(await measured(guest, contestant, workloads)));
  const machine = machineName();
  if (values.json) process.stdout.write(`${JSON.stringify({ machine, results }, undefined, 2)}\n`);
  else
    process.stdout.write(
      `${machine}\n\n${table(
        results,
        runners.map(({ name }) => name),
      )}\n`,
    );
}

/**
 * One guest of one contestant. What fails is said and left out, so that the rest is measured.
 * @param {string} guest
 * @param {Contestant} contestant
 * @param {readonly string[]} workloads
 * @returns {Promise<Result[]>}
 */
async function measured(guest, contestant, workloads) {
  const arch = /** @type {Arch} */ (guest.split('-')[1]);
  const common = { guest, contestant: contestant.name };
  const tell = (/** @type {string} */ line) => say(`${guest} ${contestant.name}: ${line}`);
  try {
    if (guest.startsWith('bare')) return await bare(contestant, arch, workloads, common, tell);
    const { shellSeconds, peakBytes, samples } = await measureLinux(contestant, arch, workloads, tell);
    return [
      { ...common, measure: 'shell', value: shellSeconds, unit: 's' },
      { ...common, measure: 'peak memory', value: peakBytes / MB, unit: 'MB' },
      ...samples.map(({ workload, msPerRound }) => ({
        ...common,
        measure: workload,
        value: msPerRound,
        unit: /** @type {const} */ ('ms'),
      })),
    ];
  } catch (error) {
    tell(`FAILED: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
    return [];
  }
}

/**
 * @param {Contestant} contestant
 * @param {Arch} arch
 * @param {readonly string[]} workloads
 * @param {{ guest: string, contestant: string }} common
 * @param {(line: string) => void} tell
 * @returns {Promise<Result[]>}
 */
async function bare(contestant, arch, workloads, common, tell) {
  /** @type {Result[]} */
  const results = [];
  for (const { name } of WORKLOADS.filter((w) => !w.needsLinux && workloads.includes(w.name))) {
    const { msPerRound, instructionsPerRound } = await measureBare(contestant, arch, name);
    tell(`${name}: ${msPerRound.toFixed(2)} ms`);
    const mips = instructionsPerRound === undefined ? {} : { mips: instructionsPerRound / msPerRound / 1000 };
    results.push({ ...common, measure: name, value: msPerRound, unit: 'ms', ...mips });
  }
  return results;
}

/**
 * @param {string} option
 * @param {string | undefined} list
 * @param {readonly string[]} known
 */
function chosen(option, list, known) {
  const names = list?.split(',') ?? known;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--${option} ${unknown}: there is ${known.join(', ')}`);
  return names;
}

function machineName() {
  const [processor] = os.cpus();
  const versions = JSON.parse(
    execFileSync(nodeBinary(), ['-p', 'JSON.stringify(process.versions)'], { encoding: 'utf8' }),
  );
  const load = os.loadavg()[0]?.toFixed(1);
  return `${os.cpus().length} × ${processor?.model.trim()}, load ${load}, Node ${versions.node}, V8 ${versions.v8}`;
}
