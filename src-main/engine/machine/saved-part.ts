// Parts of a machine that are no devices but have a section of the state all the same.

import type { Timer } from '../base/clock.ts';
import type { StateSpec } from '../snapshot/define-state.ts';

export interface SavedPart {
  readonly id: string;
  readonly version: number;
  save(): Uint8Array;
  /** Throws `StateError` and changes nothing when the section is of another form. */
  restore(version: number, bytes: Uint8Array): void;
  /** All parts and devices have their values. */
  afterRestore?(): void;
}

/** A part whose values are read and put in place as a whole. */
export function savedPart<T extends object>(spec: StateSpec<T>, read: () => T, write: (values: T) => void, id = spec.name): SavedPart {
  return {
    id,
    version: spec.version,
    save: () => spec.save(read()),
    restore: (version, bytes) => {
      const values = spec.create();
      spec.restore(values, version, bytes);
      write(values);
    },
  };
}

/** Infinity: not armed. */
export function armAgain(timer: Timer, deadlineNs: number): void {
  if (deadlineNs === Number.POSITIVE_INFINITY) timer.cancel();
  else timer.arm(deadlineNs);
}
