// The 8254 timer (Intel 231164): counter modes, latching, read-back, speaker gate.

import { describe, expect, it } from 'vitest';
import { Pit } from '../../../src-main/engine/devices/pit/pit.ts';
import { PIT_HZ, TICK_NS } from '../../../src-main/engine/devices/pit/pit-counter.ts';
import { accessor, fakeContext } from '../../support/fake-context.ts';

function board() {
  const context = fakeContext();
  const tones: number[] = [];
  const pit = new Pit(context, { onSpeaker: (hertz) => tones.push(hertz) });
  const io = accessor(pit);
  const load = (counter: number, mode: number, count: number, bcd = 0) => {
    io.out(0x43, (counter << 6) | 0x30 | (mode << 1) | bcd);
    io.out(0x40 + counter, count & 0xff);
    io.out(0x40 + counter, count >>> 8);
  };
  const count = (counter: number) => {
    io.out(0x43, counter << 6);
    return io.in(0x40 + counter) | (io.in(0x40 + counter) << 8);
  };
  /** Ticks of the input clock; half a tick off the edges, so that rounding can't matter. */
  const ticks = (n: number) => context.clock.advance(n * TICK_NS);
  const out2 = () => (io.in(0x61) & 0x20) !== 0;
  return { ...io, context, pit, tones, load, count, ticks, out2, irq: context.irq('irq') };
}

describe('8254', () => {
  it('mode 0: OUT rises N + 1 clocks after the count was written, and counts on below zero', () => {
    const { load, ticks, irq, count } = board();
    load(0, 0, 100);
    expect(irq.level).toBe(false);
    ticks(100.5);
    expect([irq.level, count(0)]).toEqual([false, 1]);
    ticks(1);
    expect([irq.level, count(0)]).toEqual([true, 0]);
    ticks(1);
    expect(count(0)).toBe(0xffff);
  });

  it('mode 0: a control word takes OUT low', () => {
    const { load, ticks, irq, out } = board();
    load(0, 0, 10);
    ticks(20);
    expect(irq.level).toBe(true);
    out(0x43, 0x30);
    expect(irq.level).toBe(false);
  });

  it('mode 2: one rising edge per N clocks', () => {
    const { load, ticks, irq, context } = board();
    load(0, 2, 1000);
    ticks(1.5);
    const before = irq.rises;
    ticks(10_000);
    expect(irq.rises - before).toBe(10);
    expect(context.clock.timers.nextDeadlineNs()).toBeLessThan(Infinity);
  });

  it('mode 2: counts N to 1 and OUT is low in the last clock', () => {
    const { out, load, ticks, count, out2 } = board();
    out(0x61, 1);
    load(2, 2, 4);
    ticks(1.5);
    const seen: [number, boolean][] = [];
    for (let i = 0; i < 5; i++, ticks(1)) seen.push([count(2), out2()]);
    expect(seen).toEqual([
      [4, true],
      [3, true],
      [2, true],
      [1, false],
      [4, true],
    ]);
  });

  it('mode 2: a new count waits for the end of the period', () => {
    const { out, load, ticks, irq } = board();
    load(0, 2, 1000);
    ticks(500);
    out(0x40, 100 & 0xff);
    out(0x40, 0);
    const before = irq.rises;
    ticks(500);
    expect(irq.rises - before).toBe(0);
    ticks(2);
    expect(irq.rises - before).toBe(1);
    ticks(1000);
    expect(irq.rises - before).toBe(11);
  });

  it('mode 3: high for the larger half, counts by two', () => {
    const { out, load, ticks, count, out2 } = board();
    out(0x61, 1);
    load(2, 3, 6);
    ticks(1.5);
    const seen: [number, boolean][] = [];
    for (let i = 0; i < 6; i++, ticks(1)) seen.push([count(2), out2()]);
    expect(seen).toEqual([
      [6, true],
      [4, true],
      [2, true],
      [6, false],
      [4, false],
      [2, false],
    ]);
    load(2, 3, 5);
    ticks(1.5);
    const high = Array.from({ length: 10 }, () => {
      const level = out2();
      ticks(1);
      return level;
    });
    expect(high.filter(Boolean).length).toBe(6);
  });

  it('mode 1: a gate edge starts the shot, a second one starts it again', () => {
    const { out, load, ticks, out2 } = board();
    out(0x61, 0);
    load(2, 1, 10);
    ticks(50);
    expect(out2()).toBe(true);
    out(0x61, 1);
    ticks(6);
    expect(out2()).toBe(false);
    out(0x61, 0);
    out(0x61, 1);
    ticks(8);
    expect(out2()).toBe(false);
    ticks(4);
    expect(out2()).toBe(true);
  });

  it('mode 4: low for one clock, N clocks after the load', () => {
    const { load, ticks, irq, in: read, out } = board();
    load(0, 4, 10);
    const before = irq.rises;
    const level = () => {
      out(0x43, 0xe2);
      return read(0x40) >>> 7;
    };
    ticks(10.5);
    expect(level()).toBe(1);
    ticks(1);
    expect(level()).toBe(0);
    ticks(1);
    expect([level(), irq.rises - before]).toEqual([1, 1]);
    ticks(100_000);
    expect(irq.rises - before).toBe(1);
  });

  it('mode 5: as mode 4 but started by the gate', () => {
    const { out, load, ticks, out2 } = board();
    load(2, 5, 10);
    ticks(30);
    expect(out2()).toBe(true);
    out(0x61, 1);
    ticks(11.5);
    expect(out2()).toBe(false);
    ticks(1);
    expect(out2()).toBe(true);
  });

  it('stops while the gate is low (mode 0) and goes on where it was', () => {
    const { out, load, ticks, count } = board();
    out(0x61, 1);
    load(2, 0, 100);
    ticks(31.5);
    out(0x61, 0);
    ticks(1000);
    expect(count(2)).toBe(70);
    out(0x61, 1);
    ticks(10.5);
    expect(count(2)).toBe(60);
  });

  it('counts in BCD', () => {
    const { out, load, ticks, count } = board();
    out(0x61, 1);
    load(2, 0, 0x1000, 1);
    ticks(2.5);
    expect(count(2)).toBe(0x0999);
    load(2, 0, 0, 1);
    ticks(2.5);
    expect(count(2)).toBe(0x9999);
  });

  it('takes a count of 0 as 65536', () => {
    const { load, ticks, irq } = board();
    load(0, 2, 0);
    ticks(1.5);
    const before = irq.rises;
    ticks(65536 * 3);
    expect(irq.rises - before).toBe(3);
  });

  it('holds a latched count until read, and reads halves in the programmed order', () => {
    const { out, in: read, load, ticks } = board();
    out(0x61, 1);
    load(2, 0, 0x1234);
    ticks(1.5);
    out(0x43, 0x80);
    ticks(0x100);
    out(0x43, 0x80);
    expect([read(0x42), read(0x42)]).toEqual([0x34, 0x12]);
    expect([read(0x42), read(0x42)]).toEqual([0x34, 0x11]);
    out(0x43, 0xa0); // high byte only
    out(0x42, 0x12);
    ticks(1.5);
    expect(read(0x42)).toBe(0x12);
  });

  it('read-back latches status before count', () => {
    const { out, in: read, load, ticks } = board();
    load(0, 3, 0x100);
    ticks(1.5);
    out(0x43, 0xc2);
    expect([read(0x40), read(0x40), read(0x40)]).toEqual([0x80 | 0x36, 0x00, 0x01]);
    out(0x43, 0x34);
    out(0x43, 0xe2);
    expect(read(0x40)).toBe(0x80 | 0x40 | 0x34);
  });

  it('gives no edge for what a late host missed', () => {
    const { load, context, irq } = board();
    load(0, 2, 1000);
    const before = irq.rises;
    context.clock.jump(1000 * TICK_NS * 50.5);
    expect(irq.rises - before).toBe(1);
    context.clock.advance(1000 * TICK_NS);
    expect(irq.rises - before).toBe(2);
  });

  it('tells the speaker its tone', () => {
    const { out, load, tones } = board();
    load(2, 3, 1193);
    out(0x61, 3);
    load(2, 3, 2386);
    out(0x61, 1);
    expect(tones).toEqual([PIT_HZ / 1193, 0, PIT_HZ / 2386, 0]);
  });

  it('toggles the refresh bit of port 61h', () => {
    const { in: read, context } = board();
    const first = read(0x61) & 0x10;
    context.clock.advance(15_100);
    expect(read(0x61) & 0x10).not.toBe(first);
  });

  it('stops on reset', () => {
    const { pit, load, context, irq } = board();
    load(0, 2, 100);
    pit.reset();
    const before = irq.rises;
    context.clock.advance(1e9);
    expect([irq.rises, irq.level]).toEqual([before, false]);
  });

  it('gives the next edge after a restore in the low half of its period', () => {
    const { pit, load, ticks } = board();
    load(0, 3, 1000);
    ticks(1700);
    const other = board();
    // The interrupt controller is restored with the line as the PIT has driven it.
    const before = other.irq.rises;
    other.context.clock.advance(1700 * TICK_NS);
    pit.spec.restore(other.pit.state, pit.spec.version, pit.spec.save(pit.state));
    other.pit.afterRestore();
    expect(other.irq.level).toBe(true);
    other.ticks(1000);
    expect(other.irq.rises - before).toBe(2);
  });

  it('takes states of version 1, in which the line is not told', () => {
    const { pit, load, ticks, irq } = board();
    load(0, 2, 1000);
    ticks(1500);
    const { state, spec } = pit;
    const bytes = spec.save(state).subarray(0, -1);
    irq.set(false);
    spec.restore(state, 1, bytes);
    pit.afterRestore();
    expect(irq.level).toBe(true);
  });
});
