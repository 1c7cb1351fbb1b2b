// A state file on its way into a machine: checked before the machine has any of it, then its memory, page by page, while
// the guest runs already.

import { clearPages, PageBringer, STATE_PAGE, type StateMachine, type StatePageGroup, type StateReader, type StateSection } from '../engine/snapshot/index.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { type Clause, say, wordOf } from '../../shared/units/phrase.ts';
import { MIB } from '../../shared/units/bytes.ts';
import { openState, stateFailure } from './state-files.ts';

/** Chunks that are checked between two looks around. */
const STEP = 64;

export class StateLoading {
  readonly path: string;
  readonly sections: readonly StateSection[];
  readonly #reader: StateReader;
  readonly #groups: readonly StatePageGroup[];

  /** Throws `FailureError`, as all its methods do. */
  constructor(path: string) {
    this.path = path;
    this.#reader = openState(path);
    try {
      this.sections = this.#reader.sections();
      this.#groups = this.#reader.groups();
    } catch (error) {
      this.#reader.close();
      throw stateFailure(error, path);
    }
  }

  /** Compares the checksums of everything that the machine will need: later, it would be too late. */
  async check(): Promise<void> {
    await this.#told(async () => {
      for (const [n, group] of this.#groups.entries()) {
        group.check();
        if (n % STEP === STEP - 1) await new Promise((resolve) => setImmediate(resolve));
      }
    });
  }

  /** Into `memory`, whose RAM is all zero. What this answers brings all that the guest can wait for. */
  async begin(machine: StateMachine, memory: Uint8Array): Promise<PageBringer> {
    checkMachine(this.path, this.#reader.index.machine, machine);
    clearPages(memory.subarray(machine.memoryBytes));
    const bringer = new PageBringer(memory, machine.memoryBytes / STATE_PAGE, this.#groups);
    await this.#told(() => bringer.beforehand());
    return bringer;
  }

  rest(bringer: PageBringer, isOver: () => boolean): Promise<void> {
    return this.#told(() => bringer.rest(isOver));
  }

  /** A section that the machine does not take. */
  refusal(section: string, message: string): FailureError {
    const { path } = this;
    return new FailureError('state.mismatch', say`The state “${path}” does not fit this machine: ${message}.`, { path, section });
  }

  close(): void {
    this.#reader.close();
  }

  async #told(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw stateFailure(error, this.path);
    }
  }
}

function checkMachine(path: string, saved: StateMachine, machine: StateMachine): void {
  const refuse = (why: Clause): FailureError =>
    new FailureError('state.mismatch', say`The state “${path}” does not fit this machine: ${why}.`, { path });
  if (saved.memoryBytes !== machine.memoryBytes)
    throw refuse(say`it is of one with ${saved.memoryBytes / MIB} MiB of memory, this one has ${machine.memoryBytes / MIB}`);
  if (saved.cpuModel !== machine.cpuModel)
    throw refuse(say`it is of one with the processor ${saved.cpuModel}, this one has ${machine.cpuModel}`);
  if (saved.tailBytes !== machine.tailBytes)
    throw refuse(wordOf('it is of one with another BIOS or another amount of video memory'));
}
