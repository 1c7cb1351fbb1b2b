// Entry of a machine's threads: the one that runs the guest, the one that sleeps until its next timer, the one that
// compiles regions, and the one that writes a state.

import { setFlagsFromString } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { giveWay, letOptimisersGiveWay } from './thread-priority.ts';
import { attentionView, type GuestTask, type WorkerTask } from './worker-protocol.ts';

const task = workerData as WorkerTask;

if (task.role === 'vcpu') {
  // V8 optimises a function after so many bytes of it have run. Its default (13 million) leaves most handlers and regions
  // unoptimised through a whole boot. All these flags hold for modules made from now on.
  setFlagsFromString('--wasm-tiering-budget=100000');
  // Ways out of a region stand behind its other code then, and no longer fill the processor's caches.
  setFlagsFromString('--experimental-wasm-branch-hinting');
  // Modules can have hints which functions are to be optimised at once, as those of regions have.
  setFlagsFromString('--experimental-wasm-compilation-hints');
  // A function would be compiled when the guest first calls it, on its thread; now it is where its module is made.
  setFlagsFromString('--no-wasm-lazy-compilation');
  letOptimisersGiveWay();
  const { runMachine } = await import('./vcpu-thread.ts');
  task.port.once('message', (guest: GuestTask) => runMachine(guest, task.port));
} else if (task.role === 'regions') {
  giveWay();
  const { runRegionThread } = await import('./region-thread.ts');
  runRegionThread(task.task, { port: task.port, codeArchive: task.codeArchive, warn: (message) => parentPort?.postMessage(message) });
} else if (task.role === 'saver') {
  const { runSaver } = await import('./state-saver.ts');
  runSaver(task.task, task.port);
} else {
  const { runAlarm } = await import('./alarm.ts');
  runAlarm(task.alarm, attentionView(task.attention));
}
