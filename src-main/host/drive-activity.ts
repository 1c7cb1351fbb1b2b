// What the guest does with its drives: totals since the start, and what happened since it was last told. Not how long
// requests take.

import type { DriveCounters } from '../../shared/machine/view.ts';
import type { DriveActivity } from '../../shared/rpc/console-protocol.ts';

export class DriveActivityLog {
  readonly #drives: { -readonly [K in keyof DriveCounters]: DriveCounters[K] }[];
  readonly #read = new Set<number>();
  readonly #written = new Set<number>();

  /** `ids` in the order of the configuration, by which windows know them. */
  constructor(ids: readonly string[]) {
    this.#drives = ids.map((id) => ({ id, reads: 0, writes: 0, readBytes: 0, writtenBytes: 0 }));
  }

  get counters(): DriveCounters[] {
    return this.#drives.map((drive) => ({ ...drive }));
  }

  add(id: string, operation: 'read' | 'write', bytes: number): void {
    const index = this.#drives.findIndex((drive) => drive.id === id);
    const drive = this.#drives[index];
    if (drive === undefined) return;
    if (operation === 'read') {
      drive.reads += 1;
      drive.readBytes += bytes;
      this.#read.add(index);
    } else {
      drive.writes += 1;
      drive.writtenBytes += bytes;
      this.#written.add(index);
    }
  }

  /** Since the previous call; empty when nothing happened. */
  take(): DriveActivity[] {
    const active = this.#drives.flatMap((_, drive) => {
      const read = this.#read.has(drive);
      const written = this.#written.has(drive);
      return read || written ? [{ drive, read, written }] : [];
    });
    this.#read.clear();
    this.#written.clear();
    return active;
  }
}
