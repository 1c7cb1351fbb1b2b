// A child process's end of its link to the shell: control messages, and console connections as ByteChannels. Finds
// out by itself whether it is a forked Node process (sockets) or a utility process of Electron (MessagePorts).

import type { Socket } from 'node:net';
import type { ByteChannel, Channel } from '../../shared/rpc/channel.ts';
import { MAX_TO_MACHINE_BYTES } from '../../shared/rpc/console-protocol.ts';
import type { FromChild, ToChild, UpgradeRequest } from '../../shared/rpc/process-messages.ts';

export interface ParentLink {
  readonly channel: Channel;
  onConsole(handler: (console: ByteChannel) => void): void;
}

/** The parts of Electron's ports that are used; the types of electron stay in src-main/shell. */
interface Sender {
  postMessage(message: unknown): void;
  on(event: 'message', handler: (event: { data: unknown; ports: Port[] }) => void): unknown;
}

interface Port extends Sender {
  on(event: 'message', handler: (event: { data: unknown; ports: Port[] }) => void): unknown;
  on(event: 'close', handler: () => void): unknown;
  start(): void;
  close(): void;
}

export function openParentLink(): ParentLink {
  const port = (process as { parentPort?: Sender }).parentPort;
  return port ? utilityLink(port) : forkedLink();
}

function forkedLink(): ParentLink {
  let onControl: (message: unknown) => void = () => undefined;
  let onConsole: (console: ByteChannel) => void = () => undefined;
  process.on('message', (received: ToChild, connection: unknown) => {
    if (received.kind === 'control') onControl(received.message);
    else void acceptSocket(received.request as UpgradeRequest, connection as Socket | undefined, onConsole);
  });
  return {
    channel: {
      send: (message) => {
        const wrapped: FromChild = { kind: 'control', message };
        if (process.connected) process.send?.(wrapped);
      },
      onMessage: (handler) => {
        onControl = handler;
      },
      onClose: (handler) => {
        // The parent may have gone while this was being loaded.
        if (process.connected) process.once('disconnect', handler);
        else setImmediate(handler);
      },
      close: () => process.disconnect?.(),
    },
    onConsole: (handler) => {
      onConsole = handler;
    },
  };
}

/** What WebSockets need is loaded when one comes: that is half of all that a process loads, and most never see one. */
async function acceptSocket(request: UpgradeRequest, socket: Socket | undefined, accept: (console: ByteChannel) => void): Promise<void> {
  // The window may have gone while the socket was on its way.
  if (!socket) return;
  const { acceptUpgrade } = await import('./socket-channel.ts');
  acceptUpgrade(request, socket, accept);
}

function utilityLink(port: Sender): ParentLink {
  let onControl: (message: unknown) => void = () => undefined;
  let onConsole: (console: ByteChannel) => void = () => undefined;
  port.on('message', ({ data, ports }) => {
    const received = data as ToChild;
    if (received.kind === 'control') onControl(received.message);
    else if (ports[0]) onConsole(portChannel(ports[0]));
  });
  return {
    channel: {
      send: (message) => port.postMessage({ kind: 'control', message } satisfies FromChild),
      onMessage: (handler) => {
        onControl = handler;
      },
      // Electron ends a utility process together with its parent.
      onClose: () => undefined,
      close: () => undefined,
    },
    onConsole: (handler) => {
      onConsole = handler;
    },
  };
}

function portChannel(port: Port): ByteChannel {
  let open = true;
  return {
    send: (bytes) => {
      if (open) port.postMessage(bytes);
    },
    unsentBytes: () => 0,
    onMessage: (handler) => {
      port.on('message', ({ data }) => {
        if (data instanceof Uint8Array && data.length <= MAX_TO_MACHINE_BYTES) handler(data);
      });
      port.start();
    },
    onClose: (handler) =>
      void port.on('close', () => {
        open = false;
        handler();
      }),
    close: () => {
      if (!open) return;
      open = false;
      // null says goodbye: see the window's transport.
      port.postMessage(null);
      port.close();
    },
  };
}
