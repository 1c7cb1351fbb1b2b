// What the desktop shell's preload script puts on `window.bridge`: the client of the app contract, flattened to what
// may cross the context bridge. Failures are data because errors lose their fields there.

import type { Outcome } from './failure.ts';

export interface AppBridge {
  call(name: string, input: unknown): Promise<Outcome>;
  /** Returns the function that stops listening. */
  on(name: string, handler: (payload: unknown) => void): () => void;
  /** Where a file is that was dropped into the window; empty for one that is not on a disk. `file`: a DOM File. */
  pathOf(file: unknown): string;
}

/** `type` of the window message that brings the MessagePort of a console, with its `ticket`. */
export const BRIDGE_PORT_MESSAGE = 'boxwright.console-port';

/** Names of the desktop shell's internal channels. */
export const BRIDGE_CALL = 'boxwright.call';
export const BRIDGE_EVENT = 'boxwright.event';
export const BRIDGE_PORT = 'boxwright.port';
