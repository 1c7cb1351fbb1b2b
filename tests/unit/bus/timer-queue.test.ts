// Deadlines in guest time, and interrupt lines that share a pin.

import { describe, expect, it } from 'vitest';
import { fanOut, WiredOr } from '../../../src-main/engine/bus/irq-line.ts';
import { ManualClock } from '../../../src-main/engine/bus/manual-clock.ts';
import { TimerQueue } from '../../../src-main/engine/bus/timer-queue.ts';
import { FakePin } from '../../support/fake-context.ts';

describe('timer queue', () => {
  it('runs timers in order of deadline, equal ones in order of arming', () => {
    const clock = new ManualClock();
    const order: string[] = [];
    for (const [name, deadline] of [
      ['c', 30],
      ['a', 10],
      ['b1', 20],
      ['b2', 20],
    ] as const) {
      clock.timer(() => order.push(`${name}@${clock.nowNs()}`)).arm(deadline);
    }
    clock.advance(25);
    expect(order).toEqual(['a@10', 'b1@20', 'b2@20']);
    expect(clock.timers.nextDeadlineNs()).toBe(30);
  });

  it('forgets cancelled timers and moves re-armed ones', () => {
    const clock = new ManualClock();
    const fired: string[] = [];
    const timers = Array.from({ length: 50 }, (_, i) => {
      const timer = clock.timer(() => fired.push(String(i)));
      timer.arm((i * 37) % 50);
      return timer;
    });
    for (const [i, timer] of timers.entries()) {
      if (i % 3 === 0) timer.cancel();
      else if (i % 3 === 1) timer.arm(100 - i);
    }
    expect([timers[0]!.deadlineNs, timers[1]!.deadlineNs]).toEqual([undefined, 99]);
    clock.advance(200);
    const unmoved = timers
      .map((_, i) => i)
      .filter((i) => i % 3 === 2)
      .sort((a, b) => ((a * 37) % 50) - ((b * 37) % 50));
    const moved = timers
      .map((_, i) => i)
      .filter((i) => i % 3 === 1)
      .reverse();
    expect(fired).toEqual([...unmoved, ...moved].map(String));
  });

  it('runs a timer once per call even if it is armed in the past again, and starves nobody', () => {
    let now = 0;
    const queue = new TimerQueue({ nowNs: () => now, wallTimeMs: () => 0 });
    let greedy = 0;
    let other = 0;
    const timer = queue.timer(() => {
      greedy++;
      timer.arm(0);
    });
    timer.arm(0);
    queue.timer(() => other++).arm(5);
    now = 10;
    expect(queue.runDue()).toBe(2);
    expect([greedy, other]).toEqual([1, 1]);
    expect(queue.runDue()).toBe(1);
  });

  it('reports a new earliest deadline', () => {
    const seen: number[] = [];
    const queue = new TimerQueue({ nowNs: () => 0, wallTimeMs: () => 0 }, (deadline) => seen.push(deadline));
    queue.timer(() => {}).arm(50);
    queue.timer(() => {}).arm(70);
    queue.timer(() => {}).arm(20);
    expect(seen).toEqual([50, 20]);
    expect(queue.nextDeadlineNs()).toBe(20);
  });
});

describe('wired lines', () => {
  it('keeps a shared line high until the last source lets go', () => {
    const pin = new FakePin();
    const shared = new WiredOr(pin);
    const [a, b] = [shared.source(), shared.source()];
    a.set(true);
    b.set(true);
    a.set(false);
    expect([pin.level, pin.rises]).toEqual([true, 1]);
    b.set(false);
    expect(pin.level).toBe(false);
  });

  it('drives several inputs from one source', () => {
    const pins = [new FakePin(), new FakePin()];
    fanOut(...pins).set(true);
    expect(pins.map((pin) => pin.level)).toEqual([true, true]);
  });
});
