// The HPET against its specification: a tick is 10 ns.

import { describe, expect, it } from 'vitest';
import { Hpet } from '../../../src-main/engine/devices/hpet.ts';
import { fakeContext } from '../../support/fake-context.ts';

const CONFIGURATION = 0x10;
const STATUS = 0x20;
const COUNTER = 0xf0;
const timer = (n: number) => 0x100 + 0x20 * n;
const comparator = (n: number) => timer(n) + 8;
const [LEVEL, ENABLED, PERIODIC, SET_VALUE, NARROW] = [2, 4, 8, 0x40, 0x100];
const route = (input: number) => input << 9;

function board() {
  const context = fakeContext();
  const legacy: boolean[] = [];
  const hpet = new Hpet(context, { onLegacyReplacement: (active) => legacy.push(active) });
  hpet.reset();
  const get = (offset: number) => hpet.read(0, offset, 4);
  const set = (offset: number, value: number) => hpet.write(0, offset, 4, value >>> 0);
  const ticks = (count: number) => context.clock.advance(count * 10);
  return { context, hpet, legacy, get, set, ticks, pin: (name: string) => context.irq(name) };
}

describe('the counter', () => {
  it('says that it has 64 bits, 100 MHz and three timers', () => {
    const { get } = board();
    expect([get(0) >>> 16, (get(0) >> 13) & 1, (get(0) >> 15) & 1, (get(0) >> 8) & 31, get(4)]).toEqual([
      0x8086, 1, 1, 2, 10_000_000,
    ]);
  });

  it('counts while it is enabled, from where it was set', () => {
    const { get, set, ticks } = board();
    set(COUNTER, 0xffff_fff0);
    set(COUNTER + 4, 7);
    ticks(100);
    expect(get(COUNTER)).toBe(0xffff_fff0);
    set(CONFIGURATION, 1);
    ticks(0x20);
    expect([get(COUNTER), get(COUNTER + 4)]).toEqual([0x10, 8]);
    set(COUNTER, 0);
    expect(get(COUNTER)).toBe(0x10);
    set(CONFIGURATION, 0);
    ticks(5);
    expect(get(COUNTER)).toBe(0x10);
  });
});

describe('a timer', () => {
  it('interrupts once when the counter comes to its comparator', () => {
    const { set, ticks, pin } = board();
    set(timer(2), ENABLED | route(21));
    set(comparator(2), 1000);
    set(comparator(2) + 4, 0);
    set(CONFIGURATION, 1);
    ticks(999);
    expect(pin('input21').rises).toBe(0);
    ticks(1);
    expect(pin('input21').rises).toBe(1);
    ticks(1e6);
    expect(pin('input21').rises).toBe(1);
  });

  it('interrupts periodically, by the value and period given one after the other', () => {
    const { get, set, ticks, pin } = board();
    set(timer(0), ENABLED | PERIODIC | SET_VALUE | NARROW | route(20));
    set(comparator(0), 500);
    set(comparator(0), 200);
    set(CONFIGURATION, 1);
    ticks(499);
    expect(pin('input20').rises).toBe(0);
    ticks(1);
    expect(pin('input20').rises).toBe(1);
    expect(get(comparator(0))).toBe(700);
    ticks(2000);
    expect(pin('input20').rises).toBe(11);
  });

  it('of 32 bits comes again when the lower half has gone around', () => {
    const { set, ticks, pin } = board();
    set(COUNTER, 2000);
    set(timer(1), ENABLED | NARROW | route(22));
    set(comparator(1), 1000);
    set(CONFIGURATION, 1);
    ticks(2 ** 32 - 1001);
    expect(pin('input22').rises).toBe(0);
    ticks(1);
    expect(pin('input22').rises).toBe(1);
  });

  it('holds a level until its status bit is cleared', () => {
    const { get, set, ticks, pin } = board();
    set(timer(1), LEVEL | ENABLED | NARROW | route(23));
    set(comparator(1), 10);
    set(CONFIGURATION, 1);
    ticks(10);
    expect([get(STATUS), pin('input23').level]).toEqual([2, true]);
    set(STATUS, 1);
    expect(pin('input23').level).toBe(true);
    set(STATUS, 2);
    expect([get(STATUS), pin('input23').level]).toEqual([0, false]);
  });

  it('is silent while its interrupt is off', () => {
    const { set, ticks, pin } = board();
    set(timer(0), NARROW | route(20));
    set(comparator(0), 10);
    set(CONFIGURATION, 1);
    ticks(100);
    expect(pin('input20').rises).toBe(0);
  });
});

describe('legacy replacement', () => {
  it('sends timers 0 and 1 to the interrupts of 8254 and RTC, and cuts these off', () => {
    const { set, ticks, pin, legacy } = board();
    set(timer(0), ENABLED | PERIODIC | SET_VALUE | NARROW | route(20));
    set(comparator(0), 100);
    set(comparator(0), 100);
    set(timer(1), ENABLED | NARROW | route(21));
    set(comparator(1), 50);
    set(CONFIGURATION, 3);
    ticks(300);
    expect([pin('legacy0').rises, pin('legacy1').rises, pin('input20').rises, pin('input21').rises]).toEqual([
      3, 1, 0, 0,
    ]);
    expect(legacy.at(-1)).toBe(true);
    set(CONFIGURATION, 1);
    expect(legacy.at(-1)).toBe(false);
    ticks(100);
    expect([pin('legacy0').rises, pin('input20').rises]).toEqual([3, 1]);
  });
});
