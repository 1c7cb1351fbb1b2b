// Child processes by child_process.fork: for the browser shell and wherever there is no Electron. A window's console
// socket is handed to the child with the upgrade request that came on it, so frames never pass through here.

import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Channel } from '../../shared/rpc/channel.ts';
import { isFromChild, type ToChild } from '../../shared/rpc/process-messages.ts';
import type { LaunchProcess, ProcessHandle, ProcessKind } from '../services/process-handle.ts';

const MAX_LINE = 2000;

/** `folder` holds the bundles `machine-process.js` and `media-process.js`. */
export function processLauncher(folder: URL): LaunchProcess {
  return (kind: ProcessKind) => {
    const entry = fileURLToPath(new URL(`./${kind}-process.js`, folder));
    // Structured clone instead of JSON: undefined and non-finite numbers survive, as with Electron's ports.
    const child = fork(entry, [], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
      execArgv: [],
    });
    return handleOf(child);
  };
}

function handleOf(child: ChildProcess): ProcessHandle {
  // A process that cannot be started at all reports an error and no exit.
  let startError: Error | undefined;
  child.on('error', (error) => {
    startError ??= error;
  });
  return {
    pid: child.pid,
    channel: channelTo(child),
    handOver: (request, connection) => {
      const message: ToChild = { kind: 'console', request };
      child.send(message, connection as Socket, { keepOpen: false });
    },
    onLine(handler) {
      for (const stream of [child.stdout, child.stderr])
        if (stream) createInterface({ input: stream }).on('line', (line) => handler(line.slice(0, MAX_LINE)));
    },
    onExit(handler) {
      let told = false;
      const tell = (code: number | null, signal: string | null) => {
        if (!told) handler({ code, signal });
        told = true;
      };
      // 'close' comes after the last output, so that the log is complete when the exit is reported.
      child.on('close', tell);
      child.on('error', () => {
        if (child.pid === undefined) tell(null, startError?.message ?? null);
      });
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

function channelTo(child: ChildProcess): Channel {
  return {
    send(message) {
      const wrapped: ToChild = { kind: 'control', message };
      // A child that is ending has no channel any more; its callers hear of it by onClose.
      if (child.connected) child.send(wrapped, () => undefined);
    },
    onMessage: (handler) =>
      child.on('message', (received) => {
        if (isFromChild(received)) handler(received.message);
      }),
    onClose: (handler) => {
      let told = false;
      const tell = () => {
        if (!told) handler();
        told = true;
      };
      child.once('disconnect', tell);
      child.once('exit', tell);
      child.once('error', tell);
    },
    close: () => {
      if (child.connected) child.disconnect();
    },
  };
}
