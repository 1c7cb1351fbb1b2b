// A page that was read may be written without another page walk where the walk for reading found it dirty and writable;
// anywhere else the write must be looked at. Reference: Intel SDM vol. 3A 4.6 (access rights), 4.8 (dirty flags).

import { describe, expect, it } from 'vitest';
import { FlatGuest } from '../support/flat-guest.ts';

/** Maps 2 MiB: those of the program, and the same memory once more behind them. */
const DIRECTORY = 0x3000;
const [PRESENT, WRITABLE, USER, ACCESSED, DIRTY, LARGE] = [1, 2, 4, 0x20, 0x40, 0x80];
const PAGE_FAULT = 14;
const CR0_WP = 1 << 16;

const READ = '8b8700002000';
const WRITE = '898700002000';

function guestWith(accel: 'interp' | 'jit', entry: number): FlatGuest {
  const guest = new FlatGuest({ bits: 64, accel });
  const { cpu } = guest.machine;
  guest.view.setUint32(DIRECTORY + 8, PRESENT | LARGE | entry, true);
  cpu.setHalves('cr0', cpu.low('cr0') | CR0_WP, 0);
  cpu.flushTlb('all');
  return guest;
}

const entryOf = (guest: FlatGuest): number => guest.view.getUint32(DIRECTORY + 8, true);

describe.each(['interp', 'jit'] as const)('%s', (accel) => {
  it('sets the dirty flag by the first write', () => {
    const guest = guestWith(accel, WRITABLE | USER);
    expect(guest.run(READ)).toBe(-1);
    expect(entryOf(guest) & (ACCESSED | DIRTY)).toBe(ACCESSED);
    expect(guest.run(READ + WRITE)).toBe(-1);
    expect(entryOf(guest) & DIRTY).toBe(DIRTY);
  });

  it('refuses to write a page that is read-only', () => {
    const guest = guestWith(accel, USER | ACCESSED | DIRTY);
    expect(guest.run(READ)).toBe(-1);
    expect(guest.run(READ + WRITE)).toBe(PAGE_FAULT);
  });

  it('walks once for reading and writing', () => {
    const misses = (program: string): number => {
      const guest = guestWith(accel, WRITABLE | USER | ACCESSED | DIRTY);
      guest.run(program);
      return guest.machine.engine.stats.tlbMisses;
    };
    expect(misses(READ + WRITE)).toBe(misses(READ + READ));
    expect(misses(WRITE + READ)).toBe(misses(WRITE + WRITE));
  });
});
