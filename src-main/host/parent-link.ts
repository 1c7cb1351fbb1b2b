// A child process's end of its link to the shell: control messages, and console connections as ByteChannels. Finds
// out by itself whether it is a forked Node process (sockets) or a utility process of Electron (MessagePorts).

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ByteChannel, Channel } from '../../shared/rpc/channel.ts';
import { MAX_TO_MACHINE_BYTES } from '../../shared/rpc/console-protocol.ts';
import type { FromChild, ToChild, UpgradeRequest } from '../../shared/rpc/process-messages.ts';
import { CONSOLE_PROTOCOL } from '../../shared/rpc/web-endpoints.ts';

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
    else acceptSocket(received.request as UpgradeRequest, connection as Socket | undefined, onConsole);
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
      onClose: (handler) => void process.once('disconnect', handler),
      close: () => process.disconnect?.(),
    },
    onConsole: (handler) => {
      onConsole = handler;
    },
  };
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

const upgrades = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  maxPayload: MAX_TO_MACHINE_BYTES,
  handleProtocols: (offered) => (offered.has(CONSOLE_PROTOCOL) ? CONSOLE_PROTOCOL : false),
});

/** Finishes the WebSocket handshake on a socket whose request the web shell has read and authenticated. */
function acceptSocket(
  upgrade: UpgradeRequest,
  socket: Socket | undefined,
  accept: (console: ByteChannel) => void,
): void {
  // The window may have gone while the socket was on its way.
  if (!socket) return;
  const request = { method: 'GET', url: upgrade.url, headers: upgrade.headers } as unknown as IncomingMessage;
  upgrades.handleUpgrade(request, socket, Buffer.from(upgrade.head), (webSocket) =>
    accept(socketChannel(webSocket)),
  );
}

export function socketChannel(socket: WebSocket): ByteChannel {
  // Errors of a connection (also messages that are too long) end in 'close'.
  socket.on('error', () => socket.terminate());
  return {
    // ws may keep a reference until the bytes are written, hence the copy.
    send: (bytes) => {
      if (socket.readyState === socket.OPEN) socket.send(Uint8Array.from(bytes));
    },
    unsentBytes: () => socket.bufferedAmount,
    onMessage: (handler) =>
      void socket.on('message', (data: Buffer, isBinary: boolean) => {
        if (isBinary) handler(new Uint8Array(data.buffer, data.byteOffset, data.length));
      }),
    onClose: (handler) => void socket.once('close', handler),
    close: () => socket.close(),
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
