// How the threads of a machine are started. That of a guest is worth starting before its machine is known: loading the
// engine takes it longer than building a machine.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { GuestTask, WorkerTask } from './worker-protocol.ts';

/**
 * Young objects of a thread, in MiB. V8 would let their space grow while a guest runs, to over a hundred MB that stay; the
 * threads are as fast with this.
 */
const YOUNG_MIB = 24;

export class GuestThread {
  readonly worker: Worker;
  /** What it says, and what it is told once it has its machine. */
  readonly port: MessagePort;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.worker = startWorker({ role: 'vcpu', port: port2 }, [port2]);
  }

  /** Builds the machine and runs it; once. */
  begin(task: GuestTask): void {
    this.port.postMessage(task, task.regions === undefined ? [] : [task.regions]);
  }
}

/** The entry stands beside this file: as a source, or as a bundle when this file is part of one. */
export function startWorker(task: WorkerTask, transferList: MessagePort[]): Worker {
  const candidates = import.meta.url.endsWith('.ts')
    ? ['./vcpu-worker.ts']
    : ['./vcpu-worker.js', '../vcpu-worker.js'];
  const entry = candidates
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path));
  if (entry === undefined)
    throw new Error(`the program is incomplete: ${candidates.join(' or ')} is missing`);
  return new Worker(entry, { workerData: task, transferList, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB } });
}
