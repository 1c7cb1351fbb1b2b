// The browser shell's server on the loopback interface: the renderer's files, one POST that opens a session, and who may
// open which WebSocket. Knows nothing of the application, so that pages are served while it is still being loaded; its
// windows are in window-sockets.ts. No cookies: they are shared between the ports of a host.
// References: RFC 6455 (WebSocket), RFC 9110 section 15.5.20 (421).

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
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
import { type PageFiles, SECURITY_HEADERS } from '../services/page-files.ts';
import { Secrets } from './secrets.ts';
import type { Upgrade, WindowSockets } from './window-sockets.ts';

// An import of it would read all its exports, one of which loads an HTTP client: half the time to start a small program.
const { createServer } = createRequire(import.meta.url)('node:http') as typeof import('node:http');

const HOST = '127.0.0.1';
const MAX_TOKEN_BYTES = 256;
const MAX_CONNECTIONS = 256;

export interface WebServer {
  readonly origin: string;
  /** An address that opens a session once. */
  issueAddress(): string;
  /** Ends all connections. */
  close(): void;
}

/** Whoever asks for a WebSocket before there are `windows` waits for them. */
export async function startWebServer(pages: PageFiles, windows: Promise<WindowSockets>, port = 0): Promise<WebServer> {
  const shell = new WebShell(pages, windows);
  await shell.listen(port);
  return shell;
}

class WebShell implements WebServer {
  readonly #pages: PageFiles;
  readonly #windows: Promise<WindowSockets>;
  readonly #secrets = new Secrets();
  readonly #server: Server;
  #host = '';

  constructor(pages: PageFiles, windows: Promise<WindowSockets>) {
    this.#pages = pages;
    this.#windows = windows;
    this.#server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 10_000 }, (request, response) =>
      this.#answer(request, response),
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade({ request, socket, head }));
  }

  get origin(): string {
    return `http://${this.#host}`;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, HOST, resolve);
    });
    this.#host = `${HOST}:${(this.#server.address() as AddressInfo).port}`;
  }

  issueAddress(): string {
    return `${this.origin}/#${TOKEN_FIELD}=${this.#secrets.issueToken()}`;
  }

  /** Not awaited: Node counts sockets that were handed to other processes as open for ever. */
  close(): void {
    void this.#windows.then((windows) => windows.terminate());
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.headers.host !== this.#host) return refuse(response, 421);
    const path = request.url ?? '';
    if (request.method === 'POST' && path === SESSION_PATH) return void this.#openSession(request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405);
    const page = this.#pages.find(path);
    if (!page) return refuse(response, 404);
    response.writeHead(200, {
      ...SECURITY_HEADERS,
      'content-type': page.type,
      'content-length': page.bytes.length,
    });
    response.end(request.method === 'HEAD' ? undefined : page.bytes);
  }

  async #openSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers.origin !== this.origin) return refuse(response, 403);
    const token = await readShort(request);
    if (token === undefined) return refuse(response, 413);
    const key = this.#secrets.openSession(token);
    if (key === undefined) return refuse(response, 403);
    response.writeHead(200, { ...SECURITY_HEADERS, 'content-type': 'text/plain; charset=utf-8' });
    response.end(key);
  }

  #upgrade(upgrade: Upgrade): void {
    const { request, socket } = upgrade;
    // Errors of a socket that is being refused are of no interest.
    socket.on('error', () => socket.destroy());
    const { host, origin } = request.headers;
    if (host !== this.#host) return hangUp(socket, '421 Misdirected Request');
    if (origin !== this.origin) return hangUp(socket, '403 Forbidden');
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    const key = withoutPrefix(offered, KEY_PREFIX);
    if (key === undefined || !this.#secrets.isSession(key)) return hangUp(socket, '401 Unauthorized');
    if (request.url === RPC_PATH && offered.includes(RPC_PROTOCOL))
      return void this.#windows.then((windows) => windows.serve(upgrade, (id) => this.#secrets.issueTicket(key, id)));
    if (request.url === CONSOLE_PATH && offered.includes(CONSOLE_PROTOCOL))
      return this.#handOver(upgrade, key, withoutPrefix(offered, TICKET_PREFIX));
    hangUp(socket, '404 Not Found');
  }

  #handOver(upgrade: Upgrade, key: string, ticket: string | undefined): void {
    const machine = ticket === undefined ? undefined : this.#secrets.redeemTicket(key, ticket);
    if (machine === undefined) return hangUp(upgrade.socket, '403 Forbidden');
    void this.#windows.then((windows) => {
      if (!windows.handOver(upgrade, machine)) hangUp(upgrade.socket, '409 Conflict');
    });
  }
}

/** The body of a request that must be short, or undefined. */
async function readShort(request: IncomingMessage): Promise<string | undefined> {
  let text = '';
  for await (const part of request) {
    text += String(part);
    if (text.length > MAX_TOKEN_BYTES) return undefined;
  }
  return text;
}

function withoutPrefix(offered: readonly string[], prefix: string): string | undefined {
  return offered.find((name) => name.startsWith(prefix))?.slice(prefix.length);
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { ...SECURITY_HEADERS, connection: 'close' });
  response.end();
}

function hangUp(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
