// Transport of the browser shell. The page swaps the one-time token of its address for a session key, which it keeps
// in sessionStorage: it survives a reload, and no other tab, port or origin can read it.

import { appContract } from '../../shared/rpc/app-contract.ts';
import type { ByteChannel, Channel } from '../../shared/rpc/channel.ts';
import { connect } from '../../shared/rpc/connect.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import {
  CONSOLE_PATH,
  CONSOLE_PROTOCOL,
  KEY_PREFIX,
  RPC_PATH,
  RPC_PROTOCOL,
  SESSION_PATH,
  TICKET_PREFIX,
  TOKEN_FIELD,
} from '../../shared/rpc/web-endpoints.ts';
import type { AppConnection } from './app-connection.ts';

const STORED_KEY = 'boxwright.session';

export async function connectByWebSocket(): Promise<AppConnection> {
  const key = await sessionKey();
  const socket = await openSocket(RPC_PATH, [RPC_PROTOCOL, KEY_PREFIX + key]);
  const client = connect(appContract, jsonChannel(socket));
  return {
    ...client,
    async pathOf({ name, size, lastModified }) {
      return (await client.call('files.locate', { name, sizeBytes: size, modifiedMs: lastModified })).path;
    },
    async openConsole(machineId) {
      const { ticket } = await client.call('machines.openConsole', { id: machineId });
      const protocols = [CONSOLE_PROTOCOL, KEY_PREFIX + key, TICKET_PREFIX + ticket];
      return byteChannel(await openSocket(CONSOLE_PATH, protocols));
    },
  };
}

async function sessionKey(): Promise<string> {
  const token = new URLSearchParams(location.hash.slice(1)).get(TOKEN_FIELD);
  if (token) {
    history.replaceState(null, '', location.pathname);
    const response = await fetch(SESSION_PATH, { method: 'POST', body: token });
    if (response.ok) sessionStorage.setItem(STORED_KEY, await response.text());
  }
  const key = sessionStorage.getItem(STORED_KEY);
  if (!key)
    throw new FailureError('rpc.closed', 'This page was not opened by Boxwright. Start Boxwright again.');
  return key;
}

function openSocket(path: string, protocols: string[]): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://${location.host}${path}`, protocols);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => resolve(socket);
    socket.onerror = () =>
      reject(new FailureError('rpc.closed', 'Boxwright does not answer. Start it again.'));
  });
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
