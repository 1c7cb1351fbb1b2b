// What a kind of virtio device (block, entropy) is to the transport that shows it to the guest, and the other way round.
// Reference: Virtual I/O Device (VIRTIO) Version 1.2, 2 and 6 (feature bits).

import type { Chain, Virtqueue } from './virtqueue.ts';

export const FEATURE_ANY_LAYOUT = 1 << 27;
export const FEATURE_INDIRECT = 1 << 28;
export const FEATURE_EVENT_INDEX = 1 << 29;
/** Among the upper ones. */
export const FEATURE_VERSION_1 = 1 << 0;

export interface VirtioKind {
  /** VirtIO device number: 2 block, 4 entropy. */
  readonly type: number;
  /** PCI class code. */
  readonly classCode: number;
  readonly queues: number;
  /** Feature bits of its own, all below bit 24. */
  readonly features: number;
  readonly configBytes: number;
  readConfig(offset: number): number;
  writeConfig(offset: number, value: number): void;
  /** Takes one request; gives it back by `complete`, now or later. */
  handle(queue: Virtqueue, chain: Chain): void;
  reset(): void;
}

/** What a kind may ask of its transport. */
export interface VirtioTransport {
  /** Feature bits below 32 that the guest has accepted. */
  readonly accepted: number;
  /** A byte that the kind may keep; 0 after each reset. */
  kindState: number;
  /** Gives a request back, `written` bytes of it filled; ignored when the device was reset since `taken`. */
  complete(queue: Virtqueue, chain: Chain, written: number): void;
  /** Requests that are still to be given back; a reset ends when there are none. */
  begin(): void;
  configChanged(): void;
}
