// The real-time clock and its RAM (Motorola MC146818A): time, alarms, periodic interrupts.

import { describe, expect, it } from 'vitest';
import { Cmos, type CmosOptions } from '../../../src-main/engine/devices/cmos/cmos.ts';
import { accessor, fakeContext } from '../../support/fake-context.ts';

const START = Date.UTC(2026, 10, 21, 13, 5, 9);
const SECOND = 1e9;

function board(options: CmosOptions = {}, start = START) {
  const context = fakeContext(start);
  const cmos = new Cmos(context, options);
  const io = accessor(cmos);
  const get = (register: number) => {
    io.out(0x70, register);
    return io.in(0x71);
  };
  const put = (register: number, value: number) => {
    io.out(0x70, register);
    io.out(0x71, value);
  };
  const time = () => [0x32, 9, 8, 7, 4, 2, 0].map(get);
  return { ...io, context, cmos, get, put, time, irq: context.irq('irq') };
}

describe('MC146818 clock', () => {
  it('shows the host time in BCD and 24 hours', () => {
    const { time, get } = board();
    expect(time()).toEqual([0x20, 0x26, 0x11, 0x21, 0x13, 0x05, 0x09]);
    expect(get(6)).toBe(7); // Saturday
  });

  it('shows binary and 12 hours as register B says', () => {
    const { time, put } = board();
    put(11, 0x04);
    expect(time()).toEqual([20, 26, 11, 21, 0x80 | 1, 5, 9]);
    put(11, 0x00);
    expect(time()[4]).toBe(0x81);
  });

  it('knows noon and midnight in 12 hours', () => {
    for (const [hour, shown] of [
      [0, 0x12],
      [12, 0x92],
      [11, 0x11],
      [23, 0x91],
    ] as const) {
      const { get, put } = board({}, Date.UTC(2026, 0, 1, hour));
      put(11, 0);
      expect(get(4)).toBe(shown);
    }
  });

  it('adds the offset of local time or of a chosen date', () => {
    const { time } = board({ offsetMs: 2 * 3600e3 });
    expect(time()[4]).toBe(0x15);
  });

  it('goes on with the host and stops while SET is on', () => {
    const { time, put, context } = board();
    context.clock.advance(51 * SECOND);
    expect(time().slice(4)).toEqual([0x13, 0x06, 0x00]);
    put(11, 0x82);
    context.clock.advance(10 * SECOND);
    expect(time().slice(4)).toEqual([0x13, 0x06, 0x00]);
  });

  it('is set by the guest and keeps its own time from then on', () => {
    const { time, put, context, cmos } = board();
    put(11, 0x82);
    for (const [register, value] of [
      [0x32, 0x19],
      [9, 0x99],
      [8, 0x12],
      [7, 0x31],
      [4, 0x23],
      [2, 0x59],
      [0, 0x58],
    ] as const) {
      put(register, value);
    }
    put(11, 0x02);
    context.clock.advance(3 * SECOND);
    expect(time()).toEqual([0x20, 0x00, 0x01, 0x01, 0x00, 0x00, 0x01]);
    cmos.reset();
    expect(time()).toEqual([0x20, 0x00, 0x01, 0x01, 0x00, 0x00, 0x01]);
  });

  it('updates half a second after the divider leaves reset', () => {
    const { get, put, context } = board();
    put(10, 0x70);
    put(0, 0x30);
    put(10, 0x26);
    context.clock.advance(0.4 * SECOND);
    expect(get(0)).toBe(0x30);
    context.clock.advance(0.2 * SECOND);
    expect(get(0)).toBe(0x31);
  });

  it('shows UIP just before the update only', () => {
    const { get, context } = board();
    expect(get(10)).toBe(0x26);
    context.clock.advance(0.9985 * SECOND);
    expect(get(10)).toBe(0xa6);
    context.clock.advance(0.002 * SECOND);
    expect(get(10)).toBe(0x26);
  });
});

describe('MC146818 interrupts', () => {
  it('periodic: 1024 Hz with rate 6, flags read and cleared in register C', () => {
    const { get, put, context, irq } = board();
    put(11, 0x42);
    let count = 0;
    for (let i = 0; i < 1024; i++) {
      context.clock.advance(SECOND / 1024);
      if (irq.level) count++;
      if (i === 500) expect(get(12) & 0xc0).toBe(0xc0);
      else get(12);
      expect(irq.level).toBe(false);
    }
    expect(count).toBe(1024);
  });

  it('periodic: rates 1 and 2 are 256 and 128 Hz', () => {
    const { get, put, context } = board();
    put(10, 0x21);
    put(11, 0x42);
    context.clock.advance(SECOND / 256 - 1000);
    expect(get(12) & 0x40).toBe(0);
    context.clock.advance(2000);
    expect(get(12) & 0x40).toBe(0x40);
  });

  it('update-ended: once a second', () => {
    const { get, put, context, irq } = board();
    get(12);
    put(11, 0x12);
    context.clock.advance(0.5 * SECOND);
    expect(irq.level).toBe(false);
    context.clock.advance(0.6 * SECOND);
    expect([irq.level, get(12) & 0x90]).toEqual([true, 0x90]);
    context.clock.advance(5 * SECOND);
    expect(irq.level).toBe(true);
    expect(irq.rises).toBe(2);
  });

  it('alarm: at the time set, and every minute with "don\'t care"', () => {
    const { get, put, context, irq } = board();
    put(1, 0x15);
    put(3, 0xff);
    put(5, 0xff);
    put(11, 0x22);
    context.clock.advance(5.5 * SECOND);
    expect(irq.level).toBe(false);
    context.clock.advance(SECOND);
    expect([irq.level, get(12) & 0xa0]).toEqual([true, 0xa0]);
    context.clock.advance(59 * SECOND);
    expect(irq.level).toBe(false);
    context.clock.advance(SECOND);
    expect(irq.level).toBe(true);
  });

  it('sets flags without interrupts for those who poll', () => {
    const { get, context, irq } = board();
    get(12);
    context.clock.advance(1.1 * SECOND);
    expect([get(12), irq.rises]).toEqual([0x50, 0]);
    expect(get(12)).toBe(0);
  });

  it('needs no timer while nothing is enabled', () => {
    const { put, context } = board();
    put(11, 0x42);
    put(11, 0x02);
    expect(context.clock.timers.nextDeadlineNs()).toBe(Infinity);
  });

  it('loses enables and flags on reset, not time and memory', () => {
    const { cmos, get, put, context, irq } = board({
      nvram: [
        [0x10, 0x40],
        [0x34, 7],
      ],
    });
    put(0x40, 0xaa);
    put(11, 0x42);
    context.clock.advance(SECOND);
    cmos.reset();
    context.clock.advance(SECOND);
    expect([irq.level, get(11), get(0x40), get(0x10), get(0x34)]).toEqual([false, 0x02, 0xaa, 0x40, 7]);
  });
});

describe('CMOS memory', () => {
  it('masks NMI by bit 7 of the index', () => {
    const { cmos, out } = board();
    out(0x70, 0x8f);
    expect(cmos.nmiMasked).toBe(true);
    out(0x71, 5);
    expect(cmos.nvram(0x0f)).toBe(5);
  });

  it('says when its memory changes, and only then; that and nothing of the clock is kept', () => {
    let changes = 0;
    const { put, cmos } = board({ nvram: [[0x40, 7]], onNvramChange: () => { changes += 1; } });
    put(0x40, 7);
    put(11, 0x04);
    put(1, 0x30);
    put(0, 5);
    expect(changes).toBe(0);
    put(0x40, 8);
    put(0x7f, 1);
    expect(changes).toBe(2);
    const kept = cmos.nvramBytes();
    expect([kept.length, kept[0x40 - 0x0e], kept[0x7f - 0x0e]]).toEqual([114, 8, 1]);
  });

  it('refuses to overwrite C and D; D says the battery is good', () => {
    const { get, put } = board();
    put(13, 0);
    put(12, 0xff);
    expect([get(13), get(12)]).toEqual([0x80, 0]);
  });
});
