// The thread that compiles the regions of one machine, until the machine's own thread has closed the port and all is compiled.

import type { MessagePort } from 'node:worker_threads';
import { type CodeArchive, createRegionThread, type RegionRequest, type RegionThreadTask } from '../engine/execution/index.ts';
import { openCodeArchive } from './code-archive.ts';
import { monotonicNs } from './host-time.ts';

export interface RegionThreadSurroundings {
  readonly port: MessagePort;
  /** Path of the file that compiled code is kept in; undefined: none. */
  readonly codeArchive: string | undefined;
  warn(message: string): void;
}

export function runRegionThread(task: RegionThreadTask, { port, codeArchive, warn }: RegionThreadSurroundings): void {
  const archive = codeArchive === undefined ? undefined : opened(codeArchive, task, warn);
  const thread = createRegionThread(task, {
    post: (message) => port.postMessage(message),
    after: (ms, then) => void setTimeout(then, ms).unref(),
    nowNs: monotonicNs,
    ...(archive && { archive }),
  });
  port.on('message', (request: RegionRequest) => thread.take(request));
  port.on('close', () => thread.end());
}

function opened(path: string, task: RegionThreadTask, warn: (message: string) => void): CodeArchive | undefined {
  try {
    return openCodeArchive(path, task);
  } catch (error) {
    warn((error as Error).message);
    return undefined;
  }
}
