// The window's connection to the application: the typed client and console channels, over whichever transport the
// page was opened with. Nothing above this file knows which shell it is in; main.ts asks for `window.bridge` before it.

import type { AppConnection } from './app-connection.ts';
import { connectByBridge } from './bridge-transport.ts';
import { connectByWebSocket } from './web-socket-transport.ts';

export type { AppConnection };

/** Rejects with a FailureError when the page may not talk to the application. */
export function connectApp(): Promise<AppConnection> {
  return window.bridge ? connectByBridge(window.bridge) : connectByWebSocket();
}
