// The thread that runs a guest: builds the machine and stays in it until it ends. The thread's event loop stands
// still meanwhile; commands are fetched when the attention word says so.

import { randomBytes } from 'node:crypto';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { RegionChannel, RegionThreadMessage } from '../engine/execution/index.ts';
import { BootError, createMachine, type Machine, type MachineHost } from '../engine/index.ts';
import type { MachineCommand } from '../engine/machine/messages.ts';
import { AlarmSetter } from './alarm.ts';
import { collectGarbage } from './garbage-collection.ts';
import { monotonicNs } from './host-time.ts';
import { ThreadProfiler } from './thread-profile.ts';
import type { GuestTask, StartFailure, WorkerMessage } from './worker-protocol.ts';

/** V8 of this major version (Node 24) has one table for all modules that import it; of 11 (Node 20) each has a copy. */
const SHARED_TABLES_SINCE = 13;

export function runMachine({ options, alarm, profile, regions, startsCompiling }: GuestTask, port: MessagePort): void {
  const setter = new AlarmSetter(alarm);
  const post = (message: WorkerMessage): void => port.postMessage(message);
  const channel = regions && regionChannel(regions, () => post({ kind: 'hot', task: machine.engine.regionThread }));
  const host: MachineHost = {
    nowNs: monotonicNs,
    wallTimeMs: () => Date.now(),
    random: (bytes) => Uint8Array.from(randomBytes(bytes)),
    receive: () => receiveMessageOnPort(port)?.message as MachineCommand | undefined,
    emit: (event) => post({ kind: 'event', event }),
    alarm: (deadlineNs) => setter.set(deadlineNs),
    tidyUp: collectGarbage,
    copiesTables: Number.parseInt(process.versions.v8, 10) < SHARED_TABLES_SINCE,
    ...(channel && { regionChannel: channel }),
  };
  let machine: Machine;
  try {
    machine = createMachine(options, host);
  } catch (error) {
    post({ kind: 'failed', failure: describe(error) });
    port.close();
    regions?.close();
    return;
  }
  const { memory, attentionAddress } = machine.engine;
  post({
    kind: 'ready',
    attention: { buffer: memory.buffer as SharedArrayBuffer, address: attentionAddress },
    guest: machine.engine.ram,
  });
  if (startsCompiling) channel?.open();
  const profiler = profile ? new ThreadProfiler() : undefined;
  try {
    machine.run();
    if (profiler !== undefined) post({ kind: 'profile', rows: profiler.finish() });
  } finally {
    setter.stop();
    port.close();
    regions?.close();
  }
}

function regionChannel(port: MessagePort, open: () => void): RegionChannel {
  let isOpen = false;
  return {
    open: () => {
      if (!isOpen) open();
      isOpen = true;
    },
    post: (request) => port.postMessage(request),
    receive: () => receiveMessageOnPort(port)?.message as RegionThreadMessage | undefined,
  };
}

function describe(error: unknown): StartFailure {
  const boot = error instanceof BootError ? { code: error.code, detail: error.detail } : undefined;
  if (error instanceof Error) return { message: error.message, stack: error.stack, boot };
  return { message: String(error), stack: undefined, boot };
}
