// What travels between the thread a machine runs on and the one that owns its files and windows.
// Plain structured-cloneable data; both sides are ours, so nothing here is validated.

import type { LogLevel } from '../base/logger.ts';
import type { ArrivingPages } from '../snapshot/page-arrival.ts';
import type { PageCopies } from '../snapshot/page-guard.ts';
import type { StateSection } from '../snapshot/state-host.ts';
import type { DriveMedium, DriveOutcome, DriveRequest } from '../block/drive.ts';
import type { FrameUpdate, MachineStats, StopReason } from './options.ts';

/** A drive's request on its way; `data` are views of memory that both threads share. */
export interface DriveRequestEvent extends Omit<DriveRequest, 'done'> {
  readonly kind: 'drive-request';
  readonly drive: string;
  readonly request: number;
  /** Of the medium it is meant for: 0 the first, then as the `medium` command says. */
  readonly medium: number;
}

/** To the machine. */
export type MachineCommand =
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'power-button' }
  | { readonly kind: 'stop' }
  /** Scan codes of set 1 (make, break, E0/E1 prefixes). */
  | { readonly kind: 'keyboard'; readonly scanCodes: Uint8Array }
  /** Relative movement, y downwards; buttons: bit 0 left, 1 right, 2 middle. */
  | { readonly kind: 'mouse'; readonly dx: number; readonly dy: number; readonly wheel: number; readonly buttons: number }
  | { readonly kind: 'serial-input'; readonly port: number; readonly bytes: Uint8Array }
  /** Frames are sent only while somebody looks; one is in flight until the next `frame-done`. */
  | { readonly kind: 'display'; readonly wanted: boolean }
  | { readonly kind: 'frame-done' }
  | { readonly kind: 'drive-done'; readonly drive: string; readonly request: number; readonly outcome: DriveOutcome }
  /** A medium is inserted, replaced or (undefined) taken out. */
  | { readonly kind: 'medium'; readonly drive: string; readonly medium: DriveMedium | undefined; readonly mediumNumber: number }
  /**
   * Stops the guest and lets drives finish; `held` answers. Without `copies` that is all; with them, ROM and video
   * memory are copied there at once, pages of guest RAM before they change, from then on until `unguard`.
   */
  | { readonly kind: 'hold'; readonly copies: PageCopies | undefined }
  | { readonly kind: 'release' }
  | { readonly kind: 'unguard' }
  /** To a held machine whose memory is put in place from outside, until `arrived`; `restored` or `not-restored` answers. */
  | { readonly kind: 'restore'; readonly sections: readonly StateSection[]; readonly pages: ArrivingPages }
  | { readonly kind: 'arrived' }
  /** The thread that compiled regions has ended. */
  | { readonly kind: 'region-thread-lost' }
  | { readonly kind: 'request-stats' };

/** From the machine. */
export type MachineEvent =
  | { readonly kind: 'started' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'resumed' }
  | { readonly kind: 'restarted' }
  | { readonly kind: 'held'; readonly sections: readonly StateSection[] }
  | { readonly kind: 'restored' }
  | { readonly kind: 'not-restored'; readonly section: string; readonly message: string }
  | { readonly kind: 'serial-output'; readonly port: number; readonly bytes: Uint8Array }
  /** The machine has room again for input of this port (all of what was sent went into the FIFO). */
  | { readonly kind: 'serial-drained'; readonly port: number }
  | { readonly kind: 'debug-output'; readonly bytes: Uint8Array }
  /** `pixels`: the whole picture, 4 bytes a pixel, shared with the machine. */
  | { readonly kind: 'frame'; readonly update: FrameUpdate; readonly pixels: SharedArrayBuffer }
  | DriveRequestEvent
  /** The guest opened the tray. */
  | { readonly kind: 'tray-opened'; readonly drive: string }
  /** The CMOS memory behind the clock's registers has changed: all of it. */
  | { readonly kind: 'nvram'; readonly bytes: Uint8Array }
  | { readonly kind: 'keyboard-leds'; readonly leds: number }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string }
  | { readonly kind: 'stats'; readonly stats: MachineStats }
  | { readonly kind: 'stopped'; readonly reason: StopReason; readonly stats: MachineStats };
