// `npm run bench`: how fast guests run, by tier. Times are the guest's own (a shell's: the host's); each line of the
// table is milliseconds for one round of a workload. Not a test: its figures depend on the machine, which it names.

import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { nodeBinary } from '../../src-main/launch/node-binary.mjs';
import { prepareGuests } from '../guests/prepare-guests.mjs';
import { contestants, NATIVE } from './contestants.mjs';
import { measureImages } from './images.mjs';
import { measureSnapshots } from './snapshots.mjs';
import { writeSpeeds } from './readme.mjs';
import { AGAIN, groupTable, table } from './report.mjs';
import { Rounds } from './rounds.mjs';
import { WORKLOADS } from './workloads.mjs';

const HELP = `usage: npm run bench -- [OPTION]...

  --guest LIST      bare-i386, bare-amd64 (no operating system), linux-i386, linux-amd64; default: all
  --workload LIST   ${WORKLOADS.map((workload) => workload.name).join(', ')};
                    default: all; none: only the way to the shell
  --tier LIST       interp, jit, again (the jit in the second start of a Linux guest, with the code that the first one
                    kept; that start is not measured, and comes before the others'); default: interp, jit
  --peer NAME       qemu or v86, for comparison; may be given for each. The processor itself comes with it ("native")
  --rounds COUNT    how often everything is measured, default: 1; with --images: runs of each command, of which the
                    best counts, default: 5
  --readme          the figures by group go into the README too
  --images          disk images instead: convert, compare, info and create beside qemu-img
  --snapshots       snapshots of a running Linux instead: take, restore, delete, beside qemu's savevm and loadvm
  --memory LIST     with --snapshots: MiB of the guest; default: 256,512,1024
  --json            results as JSON instead of a table
  --help            this text

LIST is separated by commas.
`;

const GUESTS = ['bare-i386', 'bare-amd64', 'linux-i386', 'linux-amd64'];
const USUAL_TIERS = ['interp', 'jit'];

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
      peer: { type: 'string', multiple: true, default: [] },
      images: { type: 'boolean' },
      snapshots: { type: 'boolean' },
      memory: { type: 'string' },
      rounds: { type: 'string' },
      readme: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))
    throw new Error(`--rounds ${values.rounds}: not a number of rounds`);
  if (values.images) {
    const rows = await measureImages(rounds ?? 5, say);
    process.stdout.write(`${machineName()}\n\n${rows}\n`);
    return;
  }
  if (values.snapshots) {
    const rows = await measureSnapshots((values.memory ?? '256,512,1024').split(',').map(Number), say);
    process.stdout.write(`${machineName()}\n\n${rows}\n`);
    return;
  }
  const guests = chosen('guest', values.guest, GUESTS);
  const known = WORKLOADS.map((workload) => workload.name);
  const workloads = values.workload === 'none' ? [] : chosen('workload', values.workload, known);
  const emulators = contestants(chosen('tier', values.tier, [...USUAL_TIERS, AGAIN], USUAL_TIERS), values.peer);
  const runners = values.peer.length === 0 ? emulators : [...emulators, NATIVE];
  const names = runners.map(({ name }) => name);
  if (values.readme && !(names.includes('jit') && names.some((name) => name !== 'jit' && name !== AGAIN)))
    throw new Error('--readme compares the tier jit: give --peer, and do not leave that tier out');
  if (guests.some((guest) => guest.startsWith('linux'))) prepareGuests(say);
  const machine = [machineName(), ...runners.flatMap(({ version }) => version ?? [])].join(', ');
  const measured = new Rounds(runners, workloads, say);
  await measured.measure(guests, rounds ?? 1);
  const { results } = measured;
  if (values.json) process.stdout.write(`${JSON.stringify({ machine, results }, undefined, 2)}\n`);
  else process.stdout.write(`${machine}\n\n${table(results, names)}\n\n${groupTable(results, names)}\n`);
  if (measured.failed) throw new Error('not everything could be measured, see above');
  if (values.readme) writeSpeeds(results, names, machine);
}

/**
 * @param {string} option
 * @param {string | undefined} list
 * @param {readonly string[]} known
 * @param {readonly string[]} [usual] Without a list.
 */
function chosen(option, list, known, usual = known) {
  const names = list?.split(',') ?? usual;
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
