// More hot code than the memory for regions holds: the oldest make room, come back when they are called again, and
// nothing is computed wrongly on the way.

import { expect, it } from 'vitest';
import { FlatGuest } from '../support/flat-guest.ts';

const FUNCTIONS = 12;
const ROUNDS = 12;
const FIRST = 0x10_0000;
const CODE = 0x8000;
/** Room for about three of them. */
const LIMIT = 50_000;

const word = (value: number): number[] => [value, value >> 8, value >> 16, value >> 24].map((byte) => byte & 0xff);

function run(codeCacheBytes?: number) {
  const guest = new FlatGuest({ bits: 32, accel: 'jit', ...(codeCacheBytes === undefined ? {} : { codeCacheBytes }) });
  // Each on a page of its own: add ebx, 3^i; ret
  for (let i = 0; i < FUNCTIONS; i++) guest.machine.memory.set([0x81, 0xc3, ...word(3 ** i), 0xc3], FIRST + i * 0x1000);
  const bytes = [0x31, 0xdb, 0xb9, ...word(ROUNDS)];
  const loop = bytes.length;
  for (let i = 0; i < FUNCTIONS; i++) {
    // Four times in a row, so that each becomes hot again after it had to go.
    for (let n = 0; n < 4; n++) bytes.push(0xe8, ...word(FIRST + i * 0x1000 - (CODE + bytes.length + 5)));
  }
  bytes.push(0x49, 0x0f, 0x85, ...word(loop - (bytes.length + 7)));
  const vector = guest.run(bytes.map((byte) => (byte & 0xff).toString(16).padStart(2, '0')).join(''));
  const { jit, regions } = guest.machine.engine.inspection;
  return { vector, ebx: guest.machine.cpu.low('gpr', 3), evicted: jit?.evicted, live: regions };
}

const SUM = (4 * ROUNDS * (3 ** FUNCTIONS - 1)) / 2;

it('evicts nothing while there is room', () => {
  const { vector, ebx, evicted, live } = run();
  expect({ vector, ebx, evicted }).toEqual({ vector: -1, ebx: SUM, evicted: 0 });
  expect(live?.bytes).toBeGreaterThan(LIMIT * 2);
});

it('keeps to its limit, and the guest goes on', () => {
  const { vector, ebx, evicted, live } = run(LIMIT);
  expect({ vector, ebx }).toEqual({ vector: -1, ebx: SUM });
  expect(evicted).toBeGreaterThan(FUNCTIONS);
  expect(live?.bytes).toBeLessThanOrEqual(LIMIT);
  expect(live?.regions).toBeGreaterThan(0);
});
