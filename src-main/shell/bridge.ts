// What the preload script gives the page: the client of the app contract, and console ports as window messages. Names
// are checked here and everything again in the main process. Runs in the sandboxed renderer, without Node.

import { contextBridge, ipcRenderer, webUtils } from 'electron';
import {
  type AppBridge,
  BRIDGE_CALL,
  BRIDGE_EVENT,
  BRIDGE_PORT,
  BRIDGE_PORT_MESSAGE,
} from '../../shared/rpc/bridge.ts';
import type { Outcome } from '../../shared/rpc/failure.ts';

/** The page's window: this zone has no DOM types. */
interface PageWindow {
  postMessage(message: unknown, targetOrigin: string, transfer: readonly unknown[]): void;
}

export function exposeBridge(): void {
  const bridge: AppBridge = {
    call: (name, input) => ipcRenderer.invoke(BRIDGE_CALL, String(name), input) as Promise<Outcome>,
    on(name, handler) {
      const listener = (_event: unknown, eventName: unknown, payload: unknown) => {
        if (eventName === name) handler(payload);
      };
      ipcRenderer.on(BRIDGE_EVENT, listener);
      return () => void ipcRenderer.removeListener(BRIDGE_EVENT, listener);
    },
    pathOf: (file) => webUtils.getPathForFile(file as Parameters<typeof webUtils.getPathForFile>[0]),
  };
  contextBridge.exposeInMainWorld('bridge', bridge);
  // Ports cannot cross the context bridge; a window message carries them into the page's world.
  ipcRenderer.on(BRIDGE_PORT, (event, { ticket }: { ticket: unknown }) => {
    const page = globalThis as unknown as PageWindow;
    page.postMessage({ type: BRIDGE_PORT_MESSAGE, ticket: String(ticket) }, '*', event.ports);
  });
}
