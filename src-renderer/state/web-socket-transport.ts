// Transport of the browser shell: control messages as JSON through the session's WebSocket, console data through one of
// its own for each machine.

import { appContract } from '../../shared/rpc/app-contract.ts';
import type { ByteChannel, Channel } from '../../shared/rpc/channel.ts';
import { connect } from '../../shared/rpc/connect.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { CONSOLE_PATH, CONSOLE_PROTOCOL, KEY_PREFIX, TICKET_PREFIX } from '../../shared/rpc/web-endpoints.ts';
import type { AppConnection } from './app-connection.ts';
import { beginSession, openSocket } from './web-session.ts';

const SILENT = () => new FailureError('rpc.closed', 'Boxwright does not answer. Start it again.');

export async function connectByWebSocket(): Promise<AppConnection> {
  const session = await beginSession();
  if (session === 'stranger')
    throw new FailureError('rpc.closed', 'This page was not opened by Boxwright. Start Boxwright again.');
  // It may have been closed since.
  if (session === 'silent' || session.socket.readyState !== WebSocket.OPEN) throw SILENT();
  const { key, socket } = session;
  const client = connect(appContract, jsonChannel(socket));
  return {
    ...client,
    async pathOf({ name, size, lastModified }) {
      return (await client.call('files.locate', { name, sizeBytes: size, modifiedMs: lastModified })).path;
    },
    async openConsole(machineId) {
      const { ticket } = await client.call('machines.openConsole', { id: machineId });
      const opened = await openSocket(CONSOLE_PATH, [CONSOLE_PROTOCOL, KEY_PREFIX + key, TICKET_PREFIX + ticket]);
      if (!opened) throw SILENT();
      return byteChannel(opened);
    },
  };
}

function jsonChannel(socket: WebSocket): Channel {
  return {
    // After its end `connect` answers every call by itself.
    send: (message) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    onMessage: (handler) =>
      socket.addEventListener('message', ({ data }) => {
        if (typeof data === 'string') handler(JSON.parse(data));
      }),
    onClose: (handler) => socket.addEventListener('close', () => handler(), { once: true }),
    close: () => socket.close(),
  };
}

function byteChannel(socket: WebSocket): ByteChannel {
  return {
    // What is sent to a machine that is just ending is of no interest.
    send: (bytes) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(new Uint8Array(bytes));
    },
    unsentBytes: () => socket.bufferedAmount,
    onMessage: (handler) =>
      socket.addEventListener('message', ({ data }) => {
        if (data instanceof ArrayBuffer) handler(new Uint8Array(data));
      }),
    onClose: (handler) => socket.addEventListener('close', () => handler(), { once: true }),
    close: () => socket.close(),
  };
}
