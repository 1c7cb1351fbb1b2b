// Measures one contestant: workloads on the bare machine, a Linux guest's way to its shell, workloads in that shell.

import { linuxGuest } from '../guests/prepare-guests.mjs';
import { SHELL_PROMPT } from '../support/guest-session.mjs';
import { buildPrograms, initramfsWithPrograms } from './build-programs.mjs';
import { WORKLOADS } from './workloads.mjs';

const WORKLOAD_LIMIT_MS = 60_000;
const BOOT_LIMIT_MS = 300_000;
const END_LIMIT_MS = 20_000;
/** The debug exit of a kernel that ended well: 0 × 2 + 1. */
const ENDED_WELL = 1;

/** @typedef {import('./build-programs.mjs').Arch} Arch */
/** @typedef {import('./contestants.mjs').Contestant} Contestant */

/**
 * @typedef {object} Sample
 * @property {string} workload
 * @property {number} msPerRound
 * @property {number} [instructionsPerRound]
 */

/**
 * @param {Contestant} contestant
 * @param {Arch} arch
 * @param {string} workload
 * @returns {Promise<Sample>}
 */
export async function measureBare(contestant, arch, workload) {
  const exit = ['-no-reboot', '-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04'];
  const machine = ['-m', '64', '-display', 'none', '-debugcon', 'stdio', ...exit];
  const session = await contestant.run([
    ...machine,
    '-kernel',
    buildPrograms(arch).kernel,
    '-append',
    workload,
  ]);
  try {
    const status = await session.ended(WORKLOAD_LIMIT_MS);
    if (status !== ENDED_WELL) throw new Error(`${workload} ended with status ${status}: ${session.output}`);
    const { msPerRound, allRounds } = read(session.output, workload, arch);
    if (!contestant.ours) return { workload, msPerRound };
    return {
      workload,
      msPerRound,
      instructionsPerRound: Number(session.stats()['instructions']) / allRounds,
    };
  } finally {
    await session.stop();
  }
}

/**
 * @typedef {object} LinuxResult
 * @property {number} shellSeconds From the start of the emulator's process.
 * @property {number} peakBytes Resident memory, at most.
 * @property {Sample[]} samples
 */

/**
 * @param {Contestant} contestant
 * @param {Arch} arch
 * @param {readonly string[]} workloads
 * @param {(line: string) => void} say
 * @returns {Promise<LinuxResult>}
 */
export async function measureLinux(contestant, arch, workloads, say) {
  const { kernel, initrd } = linuxGuest(arch);
  const boot = [
    '-kernel',
    kernel,
    '-initrd',
    initramfsWithPrograms(arch, initrd),
    '-append',
    'console=ttyS0',
  ];
  const session = await contestant.run(['-m', '256', '-nographic', '-no-reboot', ...boot]);
  try {
    await session.waitFor(SHELL_PROMPT, BOOT_LIMIT_MS);
    const shellSeconds = (performance.now() - session.startedMs) / 1000;
    say(`shell after ${shellSeconds.toFixed(1)} s`);
    const samples = [];
    for (const workload of workloads) {
      const output = await session.command(`bench ${workload}`, WORKLOAD_LIMIT_MS);
      const { msPerRound } = read(output, workload, arch);
      say(`${workload}: ${msPerRound.toFixed(2)} ms`);
      samples.push({ workload, msPerRound });
    }
    const peakBytes = session.residentBytes().peak;
    session.type('poweroff -f\n');
    await session.ended(END_LIMIT_MS);
    return { shellSeconds, peakBytes, samples };
  } finally {
    await session.stop();
  }
}

/**
 * The last run counts: it was long enough, and the first ones warmed up. The first one's sum is known.
 * @param {string} output
 * @param {string} name
 * @param {Arch} arch
 */
function read(output, name, arch) {
  const runs = [...output.matchAll(/^BENCH (\S+) (\d+) ([0-9a-f]+) (\d+)\r?$/gm)].filter(
    (run) => run[1] === name,
  );
  const last = runs.at(-1);
  const expected = WORKLOADS.find((workload) => workload.name === name)?.checksum[arch];
  const first = runs[0]?.[3];
  if (!last || first !== expected)
    throw new Error(`${name} on ${arch}: expected the sum ${expected}, got ${first}: ${output}`);
  const allRounds = runs.reduce((sum, run) => sum + Number(run[2]), 0);
  return { msPerRound: Number(last[4]) / Number(last[2]), allRounds };
}
