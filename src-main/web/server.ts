// The browser shell's server on the loopback interface: the renderer's files, one POST that opens a session, the RPC
// WebSocket, and console WebSockets, whose sockets are handed to the machine processes. No cookies: they are shared
// between the ports of a host. References: RFC 6455 (WebSocket), RFC 9110 section 15.5.20 (421).

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { appContract } from '../../shared/rpc/app-contract.ts';
import type { Channel } from '../../shared/rpc/channel.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import type { UpgradeRequest } from '../../shared/rpc/process-messages.ts';
import { serve } from '../../shared/rpc/serve.ts';
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
import { parseJson } from '../../shared/units/parse-json.ts';
import type { App } from '../services/app.ts';
import { type PageFiles, SECURITY_HEADERS } from '../services/page-files.ts';
import { Secrets } from './secrets.ts';

// An import of it would read all its exports, one of which loads an HTTP client: half the time to start a small program.
const { createServer } = createRequire(import.meta.url)('node:http') as typeof import('node:http');

const HOST = '127.0.0.1';
const MAX_MESSAGE_BYTES = 1024 * 1024;
const MAX_TOKEN_BYTES = 256;
const MAX_CONNECTIONS = 256;

export interface WebServer {
  readonly origin: string;
  /** An address that opens a session once. */
  issueAddress(): string;
  /** Number of windows that are connected now. */
  readonly windows: number;
  onWindowsChange(handler: (windows: number) => void): void;
  /** Ends the connections of all windows. */
  closeWindows(): void;
  close(): void;
}

export async function startWebServer(app: App, pages: PageFiles, port = 0): Promise<WebServer> {
  const shell = new WebShell(app, pages);
  await shell.listen(port);
  return shell;
}

class WebShell implements WebServer {
  readonly #app: App;
  readonly #pages: PageFiles;
  readonly #secrets = new Secrets();
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  #windowsChanged: (windows: number) => void = () => undefined;
  #host = '';
  #closing = false;

  constructor(app: App, pages: PageFiles) {
    this.#app = app;
    this.#pages = pages;
    this.#server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 10_000 }, (request, response) =>
      this.#answer(request, response),
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      handleProtocols: () => RPC_PROTOCOL,
    });
  }

  get origin(): string {
    return `http://${this.#host}`;
  }

  get windows(): number {
    return this.#sockets.clients.size;
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

  onWindowsChange(handler: (windows: number) => void): void {
    this.#windowsChanged = handler;
  }

  closeWindows(): void {
    for (const socket of this.#sockets.clients) socket.close(1001);
  }

  /** Not awaited: Node counts sockets that were handed to other processes as open for ever. */
  close(): void {
    this.#closing = true;
    for (const socket of this.#sockets.clients) socket.terminate();
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

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Errors of a socket that is being refused are of no interest.
    socket.on('error', () => socket.destroy());
    const { host, origin } = request.headers;
    if (host !== this.#host) return hangUp(socket, '421 Misdirected Request');
    if (origin !== this.origin) return hangUp(socket, '403 Forbidden');
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    const key = withoutPrefix(offered, KEY_PREFIX);
    if (key === undefined || !this.#secrets.isSession(key)) return hangUp(socket, '401 Unauthorized');
    if (request.url === RPC_PATH && offered.includes(RPC_PROTOCOL))
      return this.#sockets.handleUpgrade(request, socket, head, (webSocket) =>
        this.#serveWindow(webSocket, key),
      );
    if (request.url === CONSOLE_PATH && offered.includes(CONSOLE_PROTOCOL))
      return this.#handOver(request, socket, head, key, withoutPrefix(offered, TICKET_PREFIX));
    hangUp(socket, '404 Not Found');
  }

  #serveWindow(socket: WebSocket, key: string): void {
    const channel = jsonChannel(socket);
    const handlers = this.#app.handlers({ openConsole: (id) => this.#secrets.issueTicket(key, id) });
    const server = serve(appContract, channel, handlers, { onUnexpected: reportUnexpected });
    const stop = this.#app.listen((name, payload) => server.emit(name, payload as never));
    channel.onClose(() => {
      stop();
      if (!this.#closing) this.#windowsChanged(this.windows);
    });
    this.#windowsChanged(this.windows);
  }

  #handOver(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    key: string,
    ticket: string | undefined,
  ): void {
    const machine = ticket === undefined ? undefined : this.#secrets.redeemTicket(key, ticket);
    if (machine === undefined) return hangUp(socket, '403 Forbidden');
    const headers = { ...request.headers, 'sec-websocket-protocol': CONSOLE_PROTOCOL };
    const upgrade: UpgradeRequest = { url: CONSOLE_PATH, headers, head };
    try {
      this.#app.supervisor.handOver(machine, upgrade, socket);
    } catch (error) {
      // Expected when the machine ended between ticket and connection.
      if (!(error instanceof FailureError)) reportUnexpected('console', error);
      hangUp(socket, '409 Conflict');
    }
  }
}

function jsonChannel(socket: WebSocket): Channel {
  socket.on('error', () => socket.terminate());
  return {
    send: (message) => {
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
    },
    onMessage: (handler) =>
      void socket.on('message', (data: Buffer, isBinary: boolean) => {
        if (isBinary) return socket.close(1003);
        const message = parseJson(data.toString('utf8'));
        if (message === undefined) return socket.close(1007);
        handler(message);
      }),
    onClose: (handler) => void socket.once('close', handler),
    close: () => socket.close(),
  };
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

/** Expected failures reach the caller; anything else is a defect and is told to whoever started the shell. */
function reportUnexpected(name: string, error: unknown): void {
  process.stderr.write(`boxwright: ${name}: ${error instanceof Error ? error.stack : String(error)}\n`);
}
