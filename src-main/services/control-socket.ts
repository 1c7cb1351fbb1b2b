// The local socket of whoever runs the machines of a data folder: the command line, a second start of the application
// and tools find it there. Only its owner may use it. Unlike a file with a process number, it goes with its process.
// Messages are JSON, one a line, after a greeting that tells a living server from a socket nobody reads.

import { createHash } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Channel } from '../../shared/rpc/channel.ts';
import { parseJson } from '../../shared/units/parse-json.ts';
import { systemErrorCode } from '../../shared/units/system-error.ts';

const GREETING = 'boxwright 1\n';
const GREETING_LIMIT_MS = 5_000;
/** A screen as PNG, in base64, is the longest of answers. */
const MAX_LINE = 32 * 1024 * 1024;
const MAX_CONNECTIONS = 64;
/** sockaddr_un holds 104 bytes on macOS, 108 on Linux. */
const MAX_SOCKET_PATH = 100;

export interface Claim {
  release(): void;
}

/** undefined: another process has the folder; `connectControl` reaches it. */
export async function claimFolder(
  dataFolder: string,
  accept: (channel: Channel) => void,
): Promise<Claim | undefined> {
  const path = socketPath(dataFolder);
  if (process.platform !== 'win32') await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  for (let attempt = 0; attempt < 3; attempt++) {
    const sockets = new Set<Socket>();
    const server = await listen(path, (socket) => {
      sockets.add(socket.once('close', () => sockets.delete(socket)));
      accept(lineChannel(socket));
    });
    if (server) return { release: () => release(server, sockets) };
    const other = await greeted(path);
    if (other) {
      other.destroy();
      return undefined;
    }
    // Nobody answers: the socket of a process that was killed.
    await rm(path, { force: true });
  }
  throw new Error(`The socket ${path} can neither be used nor replaced.`);
}

/** undefined: nobody runs the machines of this folder now. */
export async function connectControl(dataFolder: string): Promise<Channel | undefined> {
  const socket = await greeted(socketPath(dataFolder));
  return socket && lineChannel(socket);
}

export function socketPath(dataFolder: string): string {
  const name = `boxwright-${createHash('sha256').update(dataFolder).digest('hex').slice(0, 16)}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  const beside = join(dataFolder, 'run', 'control.sock');
  return beside.length <= MAX_SOCKET_PATH
    ? beside
    : join(tmpdir(), `${name}-${process.getuid?.()}`, 'control.sock');
}

/** undefined when something is there already. */
function listen(path: string, accept: (socket: Socket) => void): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.write(GREETING);
      accept(socket);
    });
    server.maxConnections = MAX_CONNECTIONS;
    server.once('error', (error) =>
      systemErrorCode(error) === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(path, () => {
      // Does not keep the process alive.
      server.unref();
      void chmodQuietly(path).then(() => resolve(server));
    });
  });
}

function release(server: Server, sockets: Iterable<Socket>): void {
  server.close();
  for (const socket of sockets) socket.end();
}

/** A connection whose other end has said that it is alive. */
function greeted(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const give = (answer: Socket | undefined) => {
      clearTimeout(timer);
      socket.off('readable', read).off('error', refuse).off('close', refuse);
      if (!answer) socket.destroy();
      resolve(answer);
    };
    const read = () => {
      const bytes: Buffer | null = socket.read(GREETING.length);
      if (bytes !== null) give(bytes.toString('latin1') === GREETING ? socket : undefined);
    };
    const refuse = () => give(undefined);
    const timer = setTimeout(refuse, GREETING_LIMIT_MS);
    socket.on('readable', read).on('error', refuse).on('close', refuse);
  });
}

/** Nonsense and lines without end close the connection. */
function lineChannel(socket: Socket): Channel {
  let handler: (message: unknown) => void = () => undefined;
  let line: Buffer[] = [];
  let length = 0;
  const end = (): void => void socket.destroy();
  const receive = (chunk: Buffer): void => {
    for (let from = 0; from < chunk.length; ) {
      const newline = chunk.indexOf(0x0a, from);
      const piece = chunk.subarray(from, newline < 0 ? chunk.length : newline);
      length += piece.length;
      line.push(piece);
      if (newline < 0) break;
      const message = parseJson(Buffer.concat(line).toString('utf8'));
      if (message === undefined) return end();
      line = [];
      length = 0;
      from = newline + 1;
      handler(message);
    }
    if (length > MAX_LINE) end();
  };
  socket.on('error', end);
  return {
    send: (message) => {
      if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
    },
    onMessage: (next) => {
      handler = next;
      socket.on('data', receive);
    },
    onClose: (closed) => void socket.once('close', closed),
    close: () => void socket.end(),
  };
}

async function chmodQuietly(path: string): Promise<void> {
  if (process.platform !== 'win32') await chmod(path, 0o600);
}
