// Guest time that follows the host: pauses, and a host that is late.

import { describe, expect, it } from 'vitest';
import { HostTimeClock } from '../../../src-main/engine/machine/guest-clock.ts';
import { TimerQueue } from '../../../src-main/engine/bus/timer-queue.ts';

const MS = 1e6;

/** A clock and its timers on a host whose time the test sets. */
function clockOn(start = 5 * MS) {
  const host = { now: start };
  const clock = new HostTimeClock({
    nowNs: () => host.now,
    wallTimeMs: () => 0,
    receive: () => undefined,
    emit: () => {},
    alarm: () => {},
  });
  const timers = new TimerQueue(clock);
  clock.follow(timers);
  return { host, clock, timers };
}

/** Ticks every `period` of guest time from now on; gives the times at which they came. */
function ticker(timers: TimerQueue, period: number): number[] {
  const ticks: number[] = [];
  let next = timers.nowNs() + period;
  const timer = timers.timer(() => {
    ticks.push(timers.nowNs());
    next += period;
    timer.arm(next);
  });
  timer.arm(next);
  return ticks;
}

describe('guest time of the host', () => {
  it('begins at 0 and passes as the host\'s', () => {
    const { host, clock } = clockOn();
    expect(clock.nowNs()).toBe(0);
    host.now += 3 * MS;
    expect(clock.nowNs()).toBe(3 * MS);
    expect(clock.hostTime(7 * MS)).toBe(12 * MS);
    expect(clock.hostTime(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  });

  it('stands still in a pause', () => {
    const { host, clock } = clockOn();
    host.now += MS;
    clock.pause();
    host.now += 10 * MS;
    expect(clock.nowNs()).toBe(MS);
    clock.resume();
    expect(clock.nowNs()).toBe(MS);
    host.now += MS;
    expect(clock.nowNs()).toBe(2 * MS);
  });

  it('waits for a timer that is late, and loses no tick of it', () => {
    const { host, timers } = clockOn();
    const ticks = ticker(timers, 4 * MS);
    host.now += 100 * MS;
    expect(timers.nowNs()).toBe(4.25 * MS);
    for (; host.now < 1000 * MS; host.now += MS) timers.runDue();
    // 995 ms have passed on the host: every tick came, none much earlier or later than its time.
    expect(ticks.length).toBe(Math.floor(995 / 4));
    ticks.forEach((time, i) => expect(Math.abs(time - (i + 1) * 4 * MS)).toBeLessThanOrEqual(1.25 * MS));
  });

  it('catches up by a quarter, and knows when its times will be', () => {
    const { host, clock, timers } = clockOn();
    ticker(timers, 4 * MS);
    host.now += 14.25 * MS;
    timers.runDue();
    // 10 ms behind: made up for within 40 ms of the host's time.
    const start = host.now;
    expect(timers.nowNs()).toBe(4.25 * MS);
    expect(clock.hostTime(6.75 * MS)).toBe(start + 2 * MS);
    expect(clock.hostTime(54.25 * MS)).toBe(start + 40 * MS);
    expect(clock.hostTime(64.25 * MS)).toBe(start + 50 * MS);
    for (let step = 1; step <= 600; step++) {
      host.now = start + (step * MS) / 10;
      timers.runDue();
    }
    expect(timers.nowNs()).toBe(74.25 * MS);
  });

  it('makes up at once for what it is behind while the guest sleeps', () => {
    const { host, clock, timers } = clockOn();
    ticker(timers, 4 * MS);
    host.now += 14.25 * MS;
    timers.runDue();
    clock.catchUpTo(timers.nextDeadlineNs());
    expect(timers.nowNs()).toBe(8 * MS);
    timers.runDue();
    clock.catchUpTo(12 * MS);
    expect(timers.nowNs()).toBe(12 * MS);
    timers.runDue();
    clock.catchUpTo(16 * MS);
    expect(timers.nowNs()).toBe(14.25 * MS);
    expect(clock.hostTime(16 * MS)).toBe(host.now + 1.75 * MS);
  });

  it('never goes back, even when a timer is set in the past', () => {
    const { host, timers } = clockOn();
    host.now += 10 * MS;
    expect(timers.nowNs()).toBe(10 * MS);
    timers.timer(() => {}).arm(MS);
    expect(timers.nowNs()).toBe(10 * MS);
    timers.runDue();
    host.now += MS;
    expect(timers.nowNs()).toBe(11 * MS);
  });

  it('jumps when it is half a second behind', () => {
    const { host, timers } = clockOn();
    ticker(timers, 4 * MS);
    host.now += 2000 * MS;
    expect(timers.nowNs()).toBe(1500 * MS);
  });
});
