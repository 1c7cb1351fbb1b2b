// The machine's drives by id: made from the options, completed and changed by commands.

import type { Clock } from '../base/clock.ts';
import type { Drive } from '../block/drive.ts';
import { MemoryDrive } from '../block/memory-drive.ts';
import type { MachineCommand, MachineEvent } from './messages.ts';
import type { DriveOptions } from './options.ts';
import { RemoteDrive } from './remote-drive.ts';

/** A drive and where it is to be attached. */
export interface InstalledDrive {
  readonly options: DriveOptions;
  readonly drive: Drive;
}

export type DriveCommand = Extract<MachineCommand, { kind: 'drive-done' | 'medium' }>;

export class Drives {
  /** In the order of the options. */
  readonly all: readonly InstalledDrive[];
  readonly #remote = new Map<string, RemoteDrive>();
  readonly #settling: { settle(): void }[] = [];

  constructor(options: readonly DriveOptions[], clock: Clock, emit: (event: MachineEvent) => void) {
    this.all = options.map((one) => ({ options: one, drive: this.#create(one, clock, emit) }));
  }

  /** The other thread may still write guest memory. */
  get busy(): boolean {
    for (const drive of this.#remote.values()) if (drive.busy) return true;
    return false;
  }

  /** Ends what this thread can end by itself; what another one works on, `busy` says. */
  settle(): void {
    for (const drive of this.#settling) drive.settle();
  }

  command(command: DriveCommand): void {
    const drive = this.#remote.get(command.drive);
    if (command.kind === 'drive-done') drive?.complete(command.request, command.outcome);
    else drive?.change(command.medium, command.mediumNumber);
  }

  #create(
    { id, kind, medium, memory }: DriveOptions,
    clock: Clock,
    emit: (event: MachineEvent) => void,
  ): Drive {
    if (memory !== undefined) {
      const onEject = (): void => emit({ kind: 'tray-opened', drive: id });
      const drive = new MemoryDrive({
        id,
        kind,
        clock,
        content: memory,
        readOnly: medium?.readOnly ?? false,
        onEject,
      });
      this.#settling.push(drive);
      return drive;
    }
    const drive = new RemoteDrive({ id, kind, medium, clock, emit });
    this.#settling.push(drive);
    this.#remote.set(id, drive);
    return drive;
  }
}
