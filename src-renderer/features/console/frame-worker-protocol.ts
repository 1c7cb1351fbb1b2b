// Messages between the console and its frame worker, which parses what the machine sends and draws it.

import type { TextLayer, ToWindow } from '../../../shared/rpc/console-protocol.ts';

/** The canvas comes once, first; then each message of the machine as it is, and the size to show it at. */
export type ToFrameWorker =
  | { readonly kind: 'canvas'; readonly canvas: OffscreenCanvas }
  | { readonly kind: 'message'; readonly bytes: Uint8Array }
  /** In device pixels. */
  | { readonly kind: 'size'; readonly width: number; readonly height: number };

export type FromFrameWorker =
  | {
      readonly kind: 'drawn';
      readonly sequence: number;
      readonly width: number;
      readonly height: number;
      readonly text: TextLayer | null;
    }
  | { readonly kind: 'other'; readonly message: Exclude<ToWindow, { type: 'frame' }> }
  /** The machine sent nonsense. */
  | { readonly kind: 'broken'; readonly message: string };
