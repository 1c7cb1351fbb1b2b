// One browser shell for each data folder: the first listens on a local socket that later ones find; they ask it for a
// window and end. Unlike a file with a process number, the socket goes with its process.

import { createHash } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemErrorCode } from '../../shared/units/system-error.ts';

const REQUEST = 'open\n';
const ANSWER = 'opened\n';
const ANSWER_LIMIT_MS = 5_000;
/** sockaddr_un holds 104 bytes on macOS, 108 on Linux. */
const MAX_SOCKET_PATH = 100;

export interface Claim {
  release(): void;
}

/** undefined: another process has the folder and was asked to open a window. */
export async function claimFolder(dataFolder: string, openWindow: () => void): Promise<Claim | undefined> {
  const path = socketPath(dataFolder);
  if (process.platform !== 'win32') await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  for (let attempt = 0; attempt < 3; attempt++) {
    const server = await listen(path, openWindow);
    if (server) return { release: () => server.close() };
    if (await ask(path)) return undefined;
    // Nobody answers: the socket of a process that was killed.
    await rm(path, { force: true });
  }
  throw new Error(`The socket ${path} can neither be used nor replaced.`);
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
function listen(path: string, openWindow: () => void): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.setTimeout(ANSWER_LIMIT_MS, () => socket.destroy());
      let text = '';
      socket.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (text === REQUEST) {
          openWindow();
          socket.end(ANSWER);
        } else if (text.length >= REQUEST.length) socket.destroy();
      });
    });
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

/** Whether somebody answers. */
function ask(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => socket.write(REQUEST));
    let text = '';
    socket.setTimeout(ANSWER_LIMIT_MS, () => socket.destroy());
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(text === ANSWER));
  });
}

async function chmodQuietly(path: string): Promise<void> {
  if (process.platform !== 'win32') await chmod(path, 0o600);
}
