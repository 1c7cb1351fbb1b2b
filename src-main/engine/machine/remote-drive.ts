// A drive whose medium another thread owns: requests leave as events, outcomes come back as commands. The data
// itself never travels; both threads see the same memory.

import type { Drive, DriveMedium, DriveOutcome, DriveRequest } from '../block/drive.ts';
import { DriveSlot } from '../block/drive-slot.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { MachineEvent } from './messages.ts';

export interface RemoteDriveOptions {
  readonly id: string;
  readonly kind: Drive['kind'];
  readonly medium: DriveMedium | undefined;
  readonly clock: Clock;
  readonly emit: (event: MachineEvent) => void;
}

export class RemoteDrive implements Drive {
  readonly id: string;
  readonly kind: Drive['kind'];
  readonly #options: RemoteDriveOptions;
  readonly #slot: DriveSlot;
  readonly #inFlight = new Map<number, DriveRequest>();
  /** Requests refused here; `done` must not be called from `submit`. */
  readonly #refused: { readonly request: DriveRequest; readonly outcome: DriveOutcome }[] = [];
  readonly #refuse: Timer;
  #nextRequest = 0;
  /** Counts media, so that a request never meets another medium than it was meant for. */
  #mediumNumber = 0;

  constructor(options: RemoteDriveOptions) {
    this.id = options.id;
    this.kind = options.kind;
    this.#options = options;
    this.#slot = new DriveSlot(options.kind, options.medium);
    this.#refuse = options.clock.timer(() => this.settle());
  }

  /** Says of refused requests that they are. */
  settle(): void {
    while (this.#refused.length > 0) for (const { request, outcome } of this.#refused.splice(0)) request.done(outcome);
    this.#refuse.cancel();
  }

  get medium(): DriveMedium | undefined {
    return this.#slot.medium;
  }

  /** Requests that the other thread works on, perhaps writing guest memory. */
  get busy(): boolean {
    return this.#inFlight.size > 0;
  }

  submit(request: DriveRequest): void {
    const outcome = this.#slot.refusal(request);
    if (outcome !== undefined) {
      this.#refused.push({ request, outcome });
      this.#refuse.arm(this.#options.clock.nowNs());
      return;
    }
    const number = this.#nextRequest++;
    this.#inFlight.set(number, request);
    const { operation, offset, length, data } = request;
    this.#options.emit({
      kind: 'drive-request',
      drive: this.id,
      medium: this.#mediumNumber,
      request: number,
      operation,
      offset,
      length,
      data,
    });
  }

  buffer(bytes: number): Uint8Array {
    return new Uint8Array(new SharedArrayBuffer(bytes));
  }

  onMediumChange(handler: () => void): void {
    this.#slot.onChange(handler);
  }

  eject(): void {
    this.#options.emit({ kind: 'tray-opened', drive: this.id });
  }

  complete(number: number, outcome: DriveOutcome): void {
    const request = this.#inFlight.get(number);
    this.#inFlight.delete(number);
    request?.done(outcome);
  }

  change(medium: DriveMedium | undefined, mediumNumber: number): void {
    this.#mediumNumber = mediumNumber;
    this.#slot.change(medium);
  }
}
