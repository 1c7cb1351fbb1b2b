// A page of the browser shell without a browser: the same requests, with headers that a test may bend.

import { request } from 'node:http';
import { WebSocket } from 'ws';
import { appContract } from '../../shared/rpc/app-contract.ts';
import { connect } from '../../shared/rpc/connect.ts';
import {
  KEY_PREFIX,
  RPC_PATH,
  RPC_PROTOCOL,
  SESSION_PATH,
  TOKEN_FIELD,
} from '../../shared/rpc/web-endpoints.ts';

export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

export function send(
  origin: string,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    const outgoing = request({
      hostname,
      port,
      path,
      method: options.method ?? 'GET',
      headers: options.headers ?? {},
      agent: false,
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    outgoing.end(options.body);
  });
}

export async function openSession(address: string): Promise<string> {
  const { origin, hash } = new URL(address);
  const token = new URLSearchParams(hash.slice(1)).get(TOKEN_FIELD) ?? '';
  return (await send(origin, SESSION_PATH, { method: 'POST', headers: { origin }, body: token })).body;
}

/** Resolves with the open socket, or the status that refused it. */
export function openSocket(
  origin: string,
  path: string,
  protocols: string[],
  headers: Record<string, string> = { origin },
): Promise<WebSocket | number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}${path}`, protocols, { headers });
    socket.on('open', () => resolve(socket));
    socket.on('unexpected-response', (outgoing, response) => {
      resolve(response.statusCode ?? 0);
      response.resume();
      outgoing.destroy();
    });
    socket.on('error', reject);
  });
}

export async function openClient(origin: string, key: string) {
  const socket = await openSocket(origin, RPC_PATH, [RPC_PROTOCOL, KEY_PREFIX + key]);
  if (typeof socket === 'number') throw new Error(`The WebSocket was refused with ${socket}`);
  const client = connect(appContract, {
    send: (message) => socket.send(JSON.stringify(message)),
    onMessage: (handler) => void socket.on('message', (data) => handler(JSON.parse(String(data)))),
    onClose: (handler) => void socket.on('close', handler),
    close: () => socket.close(),
  });
  return { client, socket };
}
