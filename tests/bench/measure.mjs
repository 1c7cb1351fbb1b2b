// Measures one contestant: a workload on the bare machine, a Linux guest's way to its shell, a workload in that shell.

import { setTimeout } from 'node:timers/promises';
import { linuxGuest } from '../guests/prepare-guests.mjs';
import { GuestSession, SHELL_PROMPT } from '../support/guest-session.mjs';
import { buildPrograms, initramfsWithPrograms } from './build-programs.mjs';
import { COMPILE_FOLDER, compileJob } from './compile-job.mjs';
import { WORKLOADS } from './workloads.mjs';

const WORKLOAD_LIMIT_MS = 60_000;
const BOOT_LIMIT_MS = 300_000;
const POWEROFF_LIMIT_MS = 30_000;
/** For what is late in a guest that has rested. */
const SETTLING_MS = 500;
/** The debug exit of a kernel that ended well: 0 × 2 + 1. */
const ENDED_WELL = 1;

/** @typedef {import('./build-programs.mjs').Arch} Arch */
/** @typedef {import('./contestants.mjs').Contestant} Contestant */

/**
 * @typedef {object} Sample
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
  if (contestant.run === undefined) return measureNative(arch, workload);
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
    if (!contestant.ours) return { msPerRound };
    return { msPerRound, instructionsPerRound: Number(session.stats()['instructions']) / allRounds };
  } finally {
    await session.stop();
  }
}

/**
 * The program that Linux guests run, without a guest.
 * @param {Arch} arch
 * @param {string} workload
 * @returns {Promise<Sample>}
 */
async function measureNative(arch, workload) {
  const folder = needsCompiler(workload) ? compileJob(arch).folder : undefined;
  const session = new GuestSession(buildPrograms(arch).linux, [workload], folder);
  try {
    await session.ended(WORKLOAD_LIMIT_MS);
    return { msPerRound: read(session.output, workload, arch).msPerRound };
  } finally {
    await session.stop();
  }
}

/**
 * @typedef {object} LinuxMachine A Linux at its shell; or the present one, of which there is nothing else to know.
 * @property {number} [shellSeconds] From the start of the emulator's process.
 * @property {() => number} [peakBytes] Resident memory, at most.
 * @property {(workload: string) => Promise<Sample>} measure
 * @property {() => Promise<void>} switchOff As the guest does it.
 * @property {() => Promise<void>} stop At once.
 */

/** @param {string} workload */
const needsCompiler = (workload) => WORKLOADS.some(({ name, needsCompiler }) => name === workload && needsCompiler);

/**
 * A machine does not run but while it is measured: an idle one may take as much as a third of a processor (v86), which is more of
 * a loss to those that use several at once.
 * @param {Contestant} contestant
 * @param {Arch} arch
 * @param {readonly string[]} workloads To be measured in it.
 * @param {readonly string[]} options Of the emulator, besides those that all have.
 * @returns {Promise<LinuxMachine>}
 */
export async function startLinux(contestant, arch, workloads, options) {
  if (contestant.run === undefined)
    return { measure: (workload) => measureNative(arch, workload), switchOff: async () => undefined, stop: async () => undefined };
  const { kernel, initrd } = linuxGuest(arch);
  const job = workloads.some(needsCompiler) ? compileJob(arch) : undefined;
  const boot = [
    '-kernel',
    kernel,
    '-initrd',
    initramfsWithPrograms(arch, initrd, job?.archive),
    '-append',
    'console=ttyS0',
  ];
  const session = await contestant.run(['-m', '256', '-nographic', '-no-reboot', ...boot, ...options]);
  try {
    await session.waitFor(SHELL_PROMPT, BOOT_LIMIT_MS);
  } catch (error) {
    await session.stop();
    throw error;
  }
  const shellSeconds = (performance.now() - session.startedMs) / 1000;
  session.rest();
  return {
    shellSeconds,
    peakBytes: () => session.residentBytes().peak,
    measure: async (workload) => {
      const folder = needsCompiler(workload) ? `cd ${COMPILE_FOLDER}; ` : '';
      session.wake();
      try {
        await setTimeout(SETTLING_MS);
        const output = await session.command(`${folder}bench ${workload}`, WORKLOAD_LIMIT_MS);
        return { msPerRound: read(output, workload, arch).msPerRound };
      } finally {
        session.rest();
      }
    },
    switchOff: async () => {
      session.wake();
      session.type('poweroff -f\n');
      const status = await session.ended(POWEROFF_LIMIT_MS);
      if (status !== 0) throw new Error(`ended with status ${status} when it was switched off: ${session.errors}`);
    },
    stop: () => session.stop(),
  };
}

/**
 * The first start of a Linux whose second one is to be measured: with the same work, so that the code for it is kept.
 * @param {Contestant} contestant
 * @param {Arch} arch
 * @param {readonly string[]} workloads
 * @param {readonly string[]} options
 */
export async function startOnce(contestant, arch, workloads, options) {
  const machine = await startLinux(contestant, arch, workloads, options);
  try {
    for (const workload of workloads) await machine.measure(workload);
    await machine.switchOff();
  } finally {
    await machine.stop();
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
