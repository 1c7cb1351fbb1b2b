// Transport of the desktop shell: control messages through `window.bridge` (src-main/preload.ts), console data over
// a MessagePort that comes straight from the machine process.

import { type AppContract, appContract } from '../../shared/rpc/app-contract.ts';
import { type AppBridge, BRIDGE_PORT_MESSAGE } from '../../shared/rpc/bridge.ts';
import type { ByteChannel } from '../../shared/rpc/channel.ts';
import type { Arguments, CallName, Client, InputOf, OutputOf } from '../../shared/rpc/contract.ts';
import { fromFailure } from '../../shared/rpc/failure.ts';
import type { AppConnection } from './app-connection.ts';

declare global {
  interface Window {
    readonly bridge?: AppBridge;
  }
}

export async function connectByBridge(bridge: AppBridge): Promise<AppConnection> {
  const ports = new PortsByTicket();
  const call = async <K extends CallName<AppContract>>(
    name: K,
    ...input: Arguments<InputOf<AppContract, K>>
  ): Promise<OutputOf<AppContract, K>> => {
    const outcome = await bridge.call(name, input[0]);
    if (!outcome.ok) throw fromFailure(outcome.failure);
    return outcome.output as OutputOf<AppContract, K>;
  };
  return {
    call,
    on: ((name: keyof AppContract['events'], handler: (payload: never) => void) =>
      bridge.on(name, (payload) =>
        handler(appContract.events[name].parse(payload) as never),
      )) as Client<AppContract>['on'],
    // The window and the application end together.
    onClose: () => undefined,
    pathOf: async (file) => bridge.pathOf(file) || null,
    async openConsole(machineId) {
      const { ticket } = await call('machines.openConsole', { id: machineId });
      return portChannel(await ports.take(ticket));
    },
  };
}

/** Ports arrive as window messages, before or after the ticket that asks for them. */
class PortsByTicket {
  readonly #arrived = new Map<string, MessagePort>();
  readonly #awaited = new Map<string, (port: MessagePort) => void>();

  constructor() {
    window.addEventListener('message', (event: MessageEvent<unknown>) => {
      const port = event.ports[0];
      const data = event.data as { type?: unknown; ticket?: unknown } | null;
      if (event.source !== window || !port || data?.type !== BRIDGE_PORT_MESSAGE) return;
      const ticket = String(data.ticket);
      const waiting = this.#awaited.get(ticket);
      this.#awaited.delete(ticket);
      if (waiting) waiting(port);
      else this.#arrived.set(ticket, port);
    });
  }

  take(ticket: string): Promise<MessagePort> {
    const port = this.#arrived.get(ticket);
    this.#arrived.delete(ticket);
    return port ? Promise.resolve(port) : new Promise((resolve) => this.#awaited.set(ticket, resolve));
  }
}

function portChannel(port: MessagePort): ByteChannel {
  const closeHandlers: (() => void)[] = [];
  let open = true;
  const closed = () => {
    if (!open) return;
    open = false;
    for (const handler of closeHandlers) handler();
  };
  port.addEventListener('close', closed);
  return {
    send: (bytes) => port.postMessage(bytes),
    unsentBytes: () => 0,
    onMessage(handler) {
      port.onmessage = ({ data }) => {
        // A machine process says null before it ends: close events of ports are young.
        if (data === null) closed();
        else if (data instanceof Uint8Array) handler(data);
      };
    },
    onClose: (handler) => void closeHandlers.push(handler),
    close() {
      port.close();
      closed();
    },
  };
}
