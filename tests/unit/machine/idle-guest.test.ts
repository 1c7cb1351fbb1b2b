// When a sleeping guest is woken by its timers.

import { describe, expect, it } from 'vitest';
import { IdleGuest } from '../../../src-main/engine/machine/idle-guest.ts';

const MS = 1e6;

/** Wakes a guest every 4 ms and lets it sleep again. */
function tick(guest: IdleGuest, times: number, quiet = true): void {
  for (let i = 0; i < times; i++) {
    guest.woken(i * 4 * MS);
    guest.slept(quiet);
  }
}

describe('an idle guest', () => {
  it('is woken at its deadlines until it has been quiet for a while', () => {
    const guest = new IdleGuest();
    tick(guest, 20);
    guest.woken(100 * MS);
    expect(guest.sleepUntil(104 * MS)).toBe(104 * MS);
    tick(guest, 20);
    guest.woken(200 * MS);
    expect(guest.sleepUntil(204 * MS)).toBe(216 * MS);
  });

  it('is woken more seldom when nobody has wanted anything from it for long', () => {
    const guest = new IdleGuest();
    tick(guest, 600);
    guest.woken(3000 * MS);
    expect(guest.sleepUntil(3004 * MS)).toBe(3032 * MS);
    guest.disturbed();
    tick(guest, 40);
    guest.woken(4000 * MS);
    expect(guest.sleepUntil(4004 * MS)).toBe(4016 * MS);
  });

  it('sleeps on when its deadline is later, and for good when it has none', () => {
    const guest = new IdleGuest();
    tick(guest, 40);
    guest.woken(200 * MS);
    expect(guest.sleepUntil(300 * MS)).toBe(300 * MS);
    expect(guest.sleepUntil(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  });

  it('is no longer idle once it has run more, or somebody outside wanted something', () => {
    for (const end of [(guest: IdleGuest) => guest.slept(false), (guest: IdleGuest) => guest.disturbed()]) {
      const guest = new IdleGuest();
      tick(guest, 40);
      end(guest);
      guest.woken(200 * MS);
      expect(guest.sleepUntil(204 * MS)).toBe(204 * MS);
    }
  });
});
