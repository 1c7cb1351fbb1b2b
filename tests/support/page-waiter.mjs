// A thread that reaches for pages which are still to come, one after the other, and says what it found in each.

import { parentPort, workerData } from 'node:worker_threads';
import { PageArrival } from '../../src-main/engine/snapshot/page-arrival.ts';

/** @type {{ memory: SharedArrayBuffer, base: number, pages: import('../../src-main/engine/snapshot/page-arrival.ts').ArrivingPages, wanted: number[] }} */
const { memory, base, pages, wanted } = workerData;
const arrival = new PageArrival(base, pages);
const bytes = new Uint8Array(memory);
parentPort?.postMessage('ready');
for (const page of wanted) {
  arrival.wait(base + page * 0x1000 + 7);
  parentPort?.postMessage({ page, found: bytes[base + page * 0x1000] });
}
