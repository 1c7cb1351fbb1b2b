// The alarm thread: sets the attention word at the deadline, also when an earlier one comes while it sleeps.

import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { AlarmSetter, allocateAlarm } from '../../../src-main/host/alarm.ts';
import { monotonicNs } from '../../../src-main/host/host-time.ts';

const ENTRY = new URL('../../../src-main/host/vcpu-worker.ts', import.meta.url);
const MS = 1_000_000;

const running: { setter: AlarmSetter; worker: Worker }[] = [];

function start() {
  const alarm = allocateAlarm();
  const setter = new AlarmSetter(alarm);
  const attention = new Int32Array(new SharedArrayBuffer(64), 16, 1);
  const worker = new Worker(ENTRY, {
    workerData: { role: 'alarm', alarm, attention: { buffer: attention.buffer, address: 16 } },
  });
  running.push({ setter, worker });
  /** Waits for the alarm and returns how late it came, in milliseconds. */
  const lateness = (deadline: number) => {
    Atomics.wait(attention, 0, 0, 5000);
    expect(Atomics.exchange(attention, 0, 0)).toBe(1);
    return (monotonicNs() - deadline) / MS;
  };
  return { setter, attention, lateness };
}

afterEach(async () => {
  for (const { setter, worker } of running.splice(0)) {
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    setter.stop();
    await ended;
  }
});

describe('alarm', () => {
  it('comes at its time, again and again', () => {
    const { setter, lateness } = start();
    for (let round = 0; round < 5; round++) {
      const deadline = monotonicNs() + 20 * MS;
      setter.set(deadline);
      expect(lateness(deadline)).toBeGreaterThan(-1);
    }
  });

  it('can be made earlier while it sleeps', () => {
    const { setter, lateness } = start();
    setter.set(monotonicNs() + 4000 * MS);
    const first = monotonicNs() + 10 * MS;
    setter.set(first);
    lateness(first);
    setter.set(monotonicNs() + 4000 * MS);
    const earlier = monotonicNs() + 10 * MS;
    setter.set(earlier);
    expect(lateness(earlier)).toBeLessThan(2000);
  });

  it('does not come when it has been put off', () => {
    const { setter, attention, lateness } = start();
    const first = monotonicNs() + 5 * MS;
    setter.set(first);
    lateness(first);
    setter.set(monotonicNs() + 100 * MS);
    setter.set(Number.POSITIVE_INFINITY);
    expect(Atomics.wait(attention, 0, 0, 300)).toBe('timed-out');
  });
});
