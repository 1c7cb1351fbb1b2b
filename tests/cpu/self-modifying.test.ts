// A guest that rewrites its hot code: what the engine keeps of former code does not grow with the rounds. The same for
// minutes, and a guest that boots again and again: tests/long/growth.long.test.ts.

import { expect, it } from 'vitest';
import { bytesInUse, RewritingGuest } from '../support/rewriting-guest.ts';

const WARM_UP = 300;
const ROUNDS = 900;
/** A region of its module, instance and function takes more than 10 KB: 900 would be 9 MB and more. */
const GROWTH_BYTES = 4e6;

it('compiles rewritten code anew without keeping the old', () => {
  const guest = new RewritingGuest();
  guest.play(WARM_UP);
  const before = { regions: guest.regions, memory: bytesInUse() };
  guest.play(ROUNDS);
  const after = { regions: guest.regions, memory: bytesInUse() };
  expect(after.regions.compiled - before.regions.compiled).toBeGreaterThanOrEqual(ROUNDS);
  expect(after.regions.live - before.regions.live).toBeLessThan(10);
  expect(after.regions.bytes - before.regions.bytes).toBeLessThan(200_000);
  expect(after.memory.heap - before.memory.heap).toBeLessThan(GROWTH_BYTES);
});
