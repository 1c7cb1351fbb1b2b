// The order in which a benchmark measures: contestants take turns at each workload, so that whatever else the machine
// does meets all of them, and everything comes round as often as asked for. What fails is said and left out.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureBare, startLinux, startOnce } from './measure.mjs';
import { WORKLOADS } from './workloads.mjs';

const MB = 1e6;

/** @typedef {import('./build-programs.mjs').Arch} Arch */
/** @typedef {import('./contestants.mjs').Contestant} Contestant */
/** @typedef {import('./report.mjs').Result} Result */

export class Rounds {
  /** @type {Result[]} */
  results = [];
  failed = false;
  #contestants;
  #workloads;
  #say;
  #round = 0;

  /**
   * @param {readonly Contestant[]} contestants
   * @param {readonly string[]} workloads
   * @param {(line: string) => void} say
   */
  constructor(contestants, workloads, say) {
    this.#contestants = contestants;
    this.#workloads = WORKLOADS.filter(({ name }) => workloads.includes(name));
    this.#say = say;
  }

  /** @param {readonly string[]} guests @param {number} count */
  async measure(guests, count) {
    for (this.#round = 0; this.#round < count; this.#round++)
      for (const guest of guests) await (guest.startsWith('bare') ? this.#bare(guest) : this.#linux(guest));
  }

  /** @param {string} guest */
  async #bare(guest) {
    const arch = archOf(guest);
    // Programs this short have no later start worth measuring.
    const contestants = this.#for(arch).filter(({ startsAgain }) => !startsAgain);
    for (const { name } of this.#workloads.filter((workload) => !workload.needsLinux))
      for (const contestant of contestants)
        await this.#attempt(guest, contestant, async () => {
          const { msPerRound, instructionsPerRound } = await measureBare(contestant, arch, name);
          const mips = instructionsPerRound === undefined ? {} : { mips: instructionsPerRound / msPerRound / 1000 };
          this.#add(guest, contestant, { measure: name, value: msPerRound, unit: 'ms', ...mips });
        });
  }

  /** @param {string} guest */
  async #linux(guest) {
    const folder = mkdtempSync(join(tmpdir(), 'boxwright-bench-'));
    try {
      await this.#measureLinux(guest, await this.#prepare(guest, folder));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /**
   * Everybody's options besides the usual ones. First starts take place here, as long as there is no machine they could disturb.
   * @param {string} guest
   * @param {string} folder For code that is kept, anew in each round: otherwise it would be a third start, a fourth and so on.
   */
  async #prepare(guest, folder) {
    /** @type {Map<Contestant, readonly string[]>} */
    const options = new Map();
    for (const contestant of this.#for(archOf(guest)))
      await this.#attempt(guest, contestant, async () => {
        options.set(contestant, contestant.startsAgain ? await this.#keepCode(guest, contestant, folder) : []);
      });
    return options;
  }

  /** @param {string} guest @param {Contestant} contestant @param {string} folder */
  async #keepCode(guest, contestant, folder) {
    const file = join(folder, contestant.name);
    const options = ['-code-cache', file];
    await startOnce(contestant, archOf(guest), this.#workloads.map(({ name }) => name), options);
    this.#say(`${guest} ${contestant.name}: started once, ${(statSync(file).size / MB).toFixed(1)} MB of code kept`);
    return options;
  }

  /** @param {string} guest @param {ReadonlyMap<Contestant, readonly string[]>} optionsOf */
  async #measureLinux(guest, optionsOf) {
    const arch = archOf(guest);
    /** @type {Map<Contestant, import('./measure.mjs').LinuxMachine>} */
    const machines = new Map();
    try {
      for (const [contestant, options] of optionsOf)
        await this.#attempt(guest, contestant, async () => {
          const machine = await startLinux(contestant, arch, this.#workloads.map(({ name }) => name), options);
          machines.set(contestant, machine);
          if (machine.shellSeconds === undefined) return;
          this.#add(guest, contestant, { measure: 'shell', value: machine.shellSeconds, unit: 's' });
        });
      for (const { name } of this.#workloads)
        for (const [contestant, machine] of machines)
          await this.#attempt(guest, contestant, async () => {
            const { msPerRound } = await machine.measure(name);
            this.#add(guest, contestant, { measure: name, value: msPerRound, unit: 'ms' });
          });
      for (const [contestant, { peakBytes }] of machines)
        if (peakBytes !== undefined)
          this.#add(guest, contestant, { measure: 'peak memory', value: peakBytes() / MB, unit: 'MB' });
    } finally {
      for (const machine of machines.values()) await machine.stop();
    }
  }

  /** @param {Arch} arch */
  #for(arch) {
    return this.#contestants.filter((contestant) => contestant.archs.includes(arch));
  }

  /**
   * @param {string} guest
   * @param {Contestant} contestant
   * @param {() => Promise<void>} work
   */
  async #attempt(guest, contestant, work) {
    try {
      await work();
    } catch (error) {
      this.#say(`${guest} ${contestant.name}: FAILED: ${error instanceof Error ? error.message : error}`);
      this.failed = true;
    }
  }

  /**
   * @param {string} guest
   * @param {Contestant} contestant
   * @param {Pick<Result, 'measure' | 'value' | 'unit' | 'mips'>} measured
   */
  #add(guest, { name: contestant }, measured) {
    this.#say(`${guest} ${contestant}: ${measured.measure}: ${measured.value.toFixed(2)} ${measured.unit}`);
    this.results.push({ guest, contestant, round: this.#round, ...measured });
  }
}

/** @param {string} guest */
const archOf = (guest) => /** @type {Arch} */ (guest.split('-')[1]);
