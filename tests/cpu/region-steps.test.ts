// Instructions that regions leave to the interpreter each time: they are found again in the dispatch loop, and must be
// decoded anew once their page was written. Both tiers have to count the same.

import { expect, it } from 'vitest';
import { FlatGuest } from '../support/flat-guest.ts';

const CODE = 0x8000;
/** In the page of the code, but none of its bytes: a store there misses the TLB on purpose. */
const BESIDE = CODE + 0x800;
const ROUNDS = 400;

const word = (value: number): number[] => [value, value >> 8, value >> 16, value >> 24].map((byte) => byte & 0xff);

/** Adds an immediate to EBX in each round; every so many rounds the lowest byte of the counter becomes its lowest byte. */
function run(accel: 'interp' | 'jit', mask: number) {
  const guest = new FlatGuest({ bits: 32, accel });
  const bytes = [0x31, 0xdb, 0xb9, ...word(ROUNDS)];
  const loop = bytes.length;
  // mov [beside], ecx; test cl, mask; jnz +6; mov [immediate], cl
  bytes.push(0x89, 0x0d, ...word(BESIDE), 0xf6, 0xc1, mask, 0x75, 6);
  bytes.push(0x88, 0x0d, ...word(CODE + bytes.length + 8));
  // add ebx, 0; dec ecx; jnz loop
  bytes.push(0x81, 0xc3, ...word(0), 0x49);
  bytes.push(0x75, (loop - (bytes.length + 2)) & 0xff);
  const vector = guest.run(bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(''));
  const { cpu, engine } = guest.machine;
  return { vector, ebx: cpu.low('gpr', 3), counters: engine.stats.counters, regions: engine.inspection.jit };
}

function expected(mask: number): number {
  let sum = 0;
  let immediate = 0;
  for (let round = ROUNDS; round > 0; round--) {
    if ((round & mask) === 0) immediate = round & 0xff;
    sum += immediate;
  }
  return sum;
}

for (const accel of ['interp', 'jit'] as const) {
  it.each([0x3f, 0x1f, 0x80])(`decodes it anew when its page was written, mask %i, ${accel}`, (mask) => {
    const { vector, ebx, regions } = run(accel, mask);
    expect({ vector, ebx }).toEqual({ vector: -1, ebx: expected(mask) });
    if (accel === 'jit') expect(regions?.dropped).toBeGreaterThan(1);
  });
}

it('carries it out without coming back to the run loop', () => {
  const { counters, ebx } = run('jit', 0xff);
  expect(ebx).toBe(expected(0xff));
  expect(counters['slowSteps']).toBeLessThan(ROUNDS / 4);
});
