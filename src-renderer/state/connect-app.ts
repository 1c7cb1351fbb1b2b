// The window's connection to the application: the typed client and console channels, over whichever transport the
// page was opened with. The only user of `window.bridge`; nothing above this file knows which shell it is in.

import type { AppContract } from '../../shared/rpc/app-contract.ts';
import type { ByteChannel } from '../../shared/rpc/channel.ts';
import type { Client } from '../../shared/rpc/contract.ts';
import { connectByBridge } from './bridge-transport.ts';
import { connectByWebSocket } from './web-socket-transport.ts';

export interface AppConnection extends Client<AppContract> {
  /** Screen, keyboard, mouse and serial port of a machine: messages of shared/rpc/console-protocol.ts. */
  openConsole(machineId: string): Promise<ByteChannel>;
}

/** Rejects with a FailureError when the page may not talk to the application. */
export function connectApp(): Promise<AppConnection> {
  return window.bridge ? connectByBridge(window.bridge) : connectByWebSocket();
}
