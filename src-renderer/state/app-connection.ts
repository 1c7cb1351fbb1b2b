// What the window has of the application, whichever shell it runs in.

import type { AppContract } from '../../shared/rpc/app-contract.ts';
import type { ByteChannel } from '../../shared/rpc/channel.ts';
import type { Client } from '../../shared/rpc/contract.ts';

export interface AppConnection extends Client<AppContract> {
  /** Screen, keyboard, mouse and serial port of a machine: messages of shared/rpc/console-protocol.ts. */
  openConsole(machineId: string): Promise<ByteChannel>;
  /** Where a file is that was dropped into the window; null where the shell cannot tell. */
  pathOf(file: File): Promise<string | null>;
}
