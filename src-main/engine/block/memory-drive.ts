// A drive whose medium is bytes in this thread: for machines whose time is counted in instructions, and for tests.
// Requests take guest time, are carried out when it is over and complete in order, so that equal runs stay equal.

import type { Clock, Timer } from '../base/clock.ts';
import type { Drive, DriveMedium, DriveOutcome, DriveRequest } from './drive.ts';
import { DriveSlot } from './drive-slot.ts';

const LATENCY_NS = 100_000;

export interface MemoryDriveOptions {
  readonly id: string;
  readonly kind: Drive['kind'];
  readonly clock: Clock;
  readonly content: Uint8Array | undefined;
  readonly readOnly?: boolean;
  /** Makes requests fail, as a bad sector does. */
  readonly fault?: (request: DriveRequest) => DriveOutcome | undefined;
  /** Guest time a request takes. */
  readonly latencyNs?: number;
  readonly onEject?: () => void;
}

export class MemoryDrive implements Drive {
  readonly id: string;
  readonly kind: Drive['kind'];
  readonly #options: MemoryDriveOptions;
  readonly #slot: DriveSlot;
  readonly #timer: Timer;
  readonly #queue: { readonly request: DriveRequest; readonly dueNs: number }[] = [];
  #content: Uint8Array | undefined;

  constructor(options: MemoryDriveOptions) {
    this.id = options.id;
    this.kind = options.kind;
    this.#options = options;
    this.#content = options.content;
    this.#slot = new DriveSlot(options.kind, mediumOf(options.content, options.readOnly));
    this.#timer = options.clock.timer(() => this.#complete());
  }

  get medium(): DriveMedium | undefined {
    return this.#slot.medium;
  }

  submit(request: DriveRequest): void {
    const dueNs = this.#options.clock.nowNs() + (this.#options.latencyNs ?? LATENCY_NS);
    this.#queue.push({ request, dueNs });
    if (this.#queue.length === 1) this.#timer.arm(dueNs);
  }

  buffer(bytes: number): Uint8Array {
    return new Uint8Array(bytes);
  }

  onMediumChange(handler: () => void): void {
    this.#slot.onChange(handler);
  }

  eject(): void {
    this.#options.onEject?.();
  }

  /** Completes what is on its way without the time that it takes, also what comes of it. */
  settle(): void {
    while (this.#queue.length > 0) this.#complete();
    this.#timer.cancel();
  }

  /** Inserts, replaces or (undefined) takes out the medium. */
  change(content: Uint8Array | undefined, readOnly?: boolean): void {
    this.#content = content;
    this.#slot.change(mediumOf(content, readOnly));
  }

  #complete(): void {
    const entry = this.#queue.shift();
    const next = this.#queue[0];
    if (next !== undefined) this.#timer.arm(next.dueNs);
    if (entry === undefined) return;
    const { request } = entry;
    const refusal = this.#slot.refusal(request) ?? this.#options.fault?.(request);
    if (refusal === undefined || refusal === 'ok') this.#carryOut(request);
    request.done(refusal ?? 'ok');
  }

  #carryOut({ operation, offset, length, data }: DriveRequest): void {
    const content = this.#content;
    if (content === undefined) return;
    if (operation === 'discard' || operation === 'write-zeroes') content.fill(0, offset, offset + length);
    let at = offset;
    for (const view of data) {
      if (operation === 'read') {
        const present = content.subarray(at, at + view.length);
        view.set(present);
        view.fill(0, present.length);
      } else if (operation === 'write') {
        content.set(view.subarray(0, Math.max(0, content.length - at)), at);
      }
      at += view.length;
    }
  }
}

function mediumOf(content: Uint8Array | undefined, readOnly = false): DriveMedium | undefined {
  return content && { bytes: content.length, readOnly };
}
