// The thread that compiles the regions of one machine, until the machine's own thread closes the port.

import type { MessagePort } from 'node:worker_threads';
import { createRegionThread, type RegionRequest, type RegionThreadTask } from '../engine/execution/index.ts';
import { monotonicNs } from './host-time.ts';

export function runRegionThread(task: RegionThreadTask, port: MessagePort): void {
  const compile = createRegionThread(task, {
    post: (message) => port.postMessage(message),
    after: (ms, then) => void setTimeout(then, ms).unref(),
    nowNs: monotonicNs,
  });
  port.on('message', (request: RegionRequest) => compile(request));
}
