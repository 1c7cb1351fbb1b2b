// Machine and media processes as Electron's utility processes: child_process.fork does not work in a packaged
// application with the runAsNode fuse off. Reference: Electron documentation, utilityProcess.

import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type MessagePortMain, type UtilityProcess, utilityProcess } from 'electron';
import type { Channel } from '../../shared/rpc/channel.ts';
import { isFromChild, type ToChild } from '../../shared/rpc/process-messages.ts';
import type { LaunchProcess, ProcessHandle } from '../services/process-handle.ts';

const MAX_LINE = 2000;

/** `folder` holds the bundles `machine-process.js` and `media-process.js`. */
export function processLauncher(folder: URL): LaunchProcess {
  return (kind, name) => {
    const entry = fileURLToPath(new URL(`./${kind}-process.js`, folder));
    return handleOf(
      utilityProcess.fork(entry, [], {
        stdio: ['ignore', 'pipe', 'pipe'],
        serviceName: `Boxwright: ${name}`,
      }),
    );
  };
}

function handleOf(child: UtilityProcess): ProcessHandle {
  return {
    get pid() {
      return child.pid;
    },
    channel: channelTo(child),
    handOver: (request, connection) => {
      const message: ToChild = { kind: 'console', request };
      child.postMessage(message, [connection as MessagePortMain]);
    },
    onLine(handler) {
      for (const stream of [child.stdout, child.stderr])
        if (stream) createInterface({ input: stream }).on('line', (line) => handler(line.slice(0, MAX_LINE)));
    },
    onExit: (handler) => void child.once('exit', (code) => handler({ code, signal: null })),
    kill: () => void child.kill(),
  };
}

function channelTo(child: UtilityProcess): Channel {
  let open = true;
  child.once('exit', () => {
    open = false;
  });
  return {
    send: (message) => {
      if (open) child.postMessage({ kind: 'control', message } satisfies ToChild);
    },
    onMessage: (handler) =>
      void child.on('message', (received: unknown) => {
        if (isFromChild(received)) handler(received.message);
      }),
    onClose: (handler) => void child.once('exit', () => handler()),
    close: () => void child.kill(),
  };
}
