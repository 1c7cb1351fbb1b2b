// A guest whose regions are compiled when the test says so, as the compiling thread does it.

import { expect } from 'vitest';
import { type CodeArchive, createRegionThread, type RegionRequest, type RegionThreadMessage, type RegionThreadTask } from '../../src-main/engine/execution/index.ts';
import { OTHERS_MAY_COME_MS } from '../../src-main/engine/execution/region-thread.ts';
import { FlatGuest } from './flat-guest.ts';

export interface DrivenRegionsOptions {
  /** Of what the thread is told. */
  readonly change?: (task: RegionThreadTask) => RegionThreadTask;
  readonly archive?: CodeArchive;
  readonly hotThreshold?: number;
}

/** Compiled when `compile` is called, in modules that are closed when they are full, or by `pass`. */
export function drivenRegions({ change = (task) => task, archive, hotThreshold = 2 }: DrivenRegionsOptions = {}) {
  const requests: RegionRequest[] = [];
  const messages: RegionThreadMessage[] = [];
  const timers: (() => void)[] = [];
  const regionChannel = { open: () => undefined, post: (request: RegionRequest) => void requests.push(request), receive: () => messages.shift() };
  const guest = new FlatGuest({ bits: 32, accel: 'jit', regionChannel, hotThreshold });
  const post = (message: RegionThreadMessage) => void messages.push(message);
  const after = (ms: number, then: () => void) => {
    expect(ms).toBe(OTHERS_MAY_COME_MS);
    timers.push(then);
  };
  const thread = createRegionThread(change(guest.machine.engine.regionThread), { post, after, nowNs: () => 0, ...(archive && { archive }) });
  const outcomes = () => messages.flatMap((message) => (message.kind === 'answers' ? [message.answers.map(({ outcome }) => outcome.kind)] : []));
  const compile = () => {
    for (const request of requests.splice(0)) thread.take(request);
  };
  const pass = (count = timers.length) => {
    for (const then of timers.splice(0, count)) then();
  };
  return { guest, thread, requests, outcomes, compile, pass };
}
