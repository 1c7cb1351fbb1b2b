// Counting retired instructions, which counted time stands on: each once, wherever blocks come to stand.

import { expect, it } from 'vitest';
import { FlatGuest } from '../../support/flat-guest.ts';

it.each(['interp', 'jit'] as const)('%s counts a block whose jump leads to the block decoded right after it', (accel) => {
  const guest = new FlatGuest({ bits: 32, accel });
  // mov ecx, 1000; again: jmp short next; next: dec ecx; jnz again
  guest.run('b9e8030000 eb00 49 75fb');
  const first = guest.machine.cpu.low('retired');
  guest.run('b9e8030000 eb00 49 75fb');
  const hlt = 1;
  expect([first, guest.machine.cpu.low('retired') - first]).toEqual([1 + 3 * 1000 + hlt, 1 + 3 * 1000 + hlt]);
});
