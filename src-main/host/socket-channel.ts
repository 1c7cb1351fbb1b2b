// A console connection that comes as a WebSocket. Not how its socket reaches this process (parent-link.ts).
// Reference: RFC 6455.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ByteChannel } from '../../shared/rpc/channel.ts';
import { MAX_TO_MACHINE_BYTES } from '../../shared/rpc/console-protocol.ts';
import type { UpgradeRequest } from '../../shared/rpc/process-messages.ts';
import { CONSOLE_PROTOCOL } from '../../shared/rpc/web-endpoints.ts';

const upgrades = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  maxPayload: MAX_TO_MACHINE_BYTES,
  handleProtocols: (offered) => (offered.has(CONSOLE_PROTOCOL) ? CONSOLE_PROTOCOL : false),
});

/** Finishes the WebSocket handshake on a socket whose request the web shell has read and authenticated. */
export function acceptUpgrade({ url, headers, head }: UpgradeRequest, socket: Socket, accept: (console: ByteChannel) => void): void {
  const request = { method: 'GET', url, headers } as unknown as IncomingMessage;
  upgrades.handleUpgrade(request, socket, Buffer.from(head), (webSocket) => accept(socketChannel(webSocket)));
}

function socketChannel(socket: WebSocket): ByteChannel {
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
