// Minutes of what makes the engine compile for ever: a guest that rewrites its hot code, and one that boots again and
// again. Samples are taken after a warm-up; neither objects nor the memory of the process may grow from then on.

import { describe, expect, it } from 'vitest';
import { canMeasureProcesses } from '../support/guest-session.mjs';
import { guestTitle, hasGuest } from '../support/guests.ts';
import { startLinux } from '../support/linux-session.ts';
import { bytesInUse, RewritingGuest } from '../support/rewriting-guest.ts';

const MINUTE_MS = 60_000;
const REWRITING_MS = 3 * MINUTE_MS;
const BOOTING_MS = 7 * MINUTE_MS;
const BOOT_LIMIT_MS = 10 * MINUTE_MS;
const WARM_UP_ROUNDS = 4000;
const WARM_UP_BOOTS = 2;
const LEAST_BOOTS = 6;
/** Objects, which are counted without garbage; and all memory, which moves by itself. */
const HEAP_GROWTH_BYTES = 4e6;
const RESIDENT_GROWTH_BYTES = 48e6;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
/** What the last third of the samples has more than the first. */
function growth(samples: readonly number[]): number {
  const third = Math.ceil(samples.length / 3);
  return median(samples.slice(-third)) - median(samples.slice(0, third));
}

it('rewrites hot code for minutes without growing', () => {
  const guest = new RewritingGuest();
  guest.play(WARM_UP_ROUNDS);
  const end = performance.now() + REWRITING_MS;
  const samples = [];
  do {
    guest.play(1000);
    samples.push({ ...bytesInUse(), ...guest.regions });
  } while (performance.now() < end || samples.length < 9);
  expect(growth(samples.map(({ heap }) => heap))).toBeLessThan(HEAP_GROWTH_BYTES);
  expect(growth(samples.map(({ resident }) => resident))).toBeLessThan(RESIDENT_GROWTH_BYTES);
  expect(Math.max(...samples.map(({ live }) => live))).toBeLessThan(50);
  expect(samples.at(-1)?.compiled).toBeGreaterThan(WARM_UP_ROUNDS + 1000 * samples.length);
}, 10 * REWRITING_MS);

describe.skipIf(!hasGuest('i386') || !canMeasureProcesses)(guestTitle('Linux that restarts itself', 'i386'), () => {
  it('boots for minutes without growing', async () => {
    const session = await startLinux({ arch: 'i386', accelerator: 'jit', kernelOptions: 'guest.reboot' });
    try {
      const end = performance.now() + BOOTING_MS;
      const resident: number[] = [];
      for (let boots = 0; performance.now() < end || resident.length < LEAST_BOOTS; boots++) {
        await session.waitFor(/GUEST-BOOT-OK/, BOOT_LIMIT_MS);
        if (boots >= WARM_UP_BOOTS) resident.push(session.residentBytes().now);
      }
      expect(growth(resident)).toBeLessThan(RESIDENT_GROWTH_BYTES);
    } finally {
      await session.stop();
    }
  }, (WARM_UP_BOOTS + LEAST_BOOTS) * BOOT_LIMIT_MS);
});
