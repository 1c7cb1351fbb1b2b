// More hot code than the memory for regions holds: what is used stays, the others make room and come back when they are
// called again, and nothing is computed wrongly on the way.

import { expect, it } from 'vitest';
import { FlatGuest } from '../support/flat-guest.ts';

const FUNCTIONS = 20;
const ROUNDS = 4;
const FIRST = 0x10_0000;
const CODE = 0x8000;
/** Room for about twelve of them. */
const LIMIT = 180_000;

const word = (value: number): number[] => [value, value >> 8, value >> 16, value >> 24].map((byte) => byte & 0xff);

const value = (i: number): number => 3 ** (i % 12);

/** `always`: the first function is called before each of the others. */
function run({ limit, always = false }: { limit?: number; always?: boolean }) {
  const guest = new FlatGuest({ bits: 32, accel: 'jit', ...(limit === undefined ? {} : { codeCacheBytes: limit }) });
  // Each on a page of its own: add ebx, VALUE; ret
  for (let i = 0; i < FUNCTIONS; i++) guest.machine.memory.set([0x81, 0xc3, ...word(value(i)), 0xc3], FIRST + i * 0x1000);
  const bytes = [0x31, 0xdb, 0xb9, ...word(ROUNDS)];
  const loop = bytes.length;
  let sum = 0;
  const call = (i: number): void => {
    bytes.push(0xe8, ...word(FIRST + i * 0x1000 - (CODE + bytes.length + 5)));
    sum += ROUNDS * value(i);
  };
  for (let i = 0; i < FUNCTIONS; i++) {
    if (always) call(0);
    // Four times in a row, so that each becomes hot again after it had to go.
    for (let n = 0; n < 4; n++) call(i);
  }
  bytes.push(0x49, 0x0f, 0x85, ...word(loop - (bytes.length + 7)));
  const vector = guest.run(bytes.map((byte) => (byte & 0xff).toString(16).padStart(2, '0')).join(''));
  const { jit, regions } = guest.machine.engine.inspection;
  expect({ vector, ebx: guest.machine.cpu.low('gpr', 3) }).toEqual({ vector: -1, ebx: sum });
  return { jit, live: regions };
}

it('evicts nothing while there is room', () => {
  const { jit, live } = run({});
  expect(jit?.evicted).toBe(0);
  expect(live?.bytes).toBeGreaterThan(LIMIT * 2);
});

it('keeps to its limit, and the guest goes on', () => {
  const { jit, live } = run({ limit: LIMIT });
  expect(jit?.evicted).toBeGreaterThan(FUNCTIONS);
  expect(live?.bytes).toBeLessThanOrEqual(LIMIT);
  expect(live?.regions).toBeGreaterThan(0);
});

it('finds what is used by putting it to the proof', () => {
  const { jit } = run({ limit: LIMIT, always: true });
  expect(jit?.proven).toBeGreaterThan(0);
  expect(jit?.evicted).toBeGreaterThan(FUNCTIONS);
});
