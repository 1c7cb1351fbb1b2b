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

it('a region counts up to the instruction that asks for the time', () => {
  const guest = new FlatGuest({ bits: 64, accel: 'jit', environment: { nowNs: () => guest.machine.cpu.low('retired') } });
  guest.machine.cpu.set64('tscAux', 7n);
  // mov esi, 1000; again: rdtsc; mov ebx, eax; nop; rdtscp; sub eax, ebx; dec esi; jnz again
  guest.run('bee8030000 0f31 89c3 90 0f01f9 29d8 ffce 75f2');
  const { cpu } = guest.machine;
  expect({ rax: cpu.low('gpr', 0), rcx: cpu.low('gpr', 1), rdx: cpu.low('gpr', 2) }).toEqual({ rax: 3, rcx: 7, rdx: 0 });
  expect(cpu.low('retired')).toBe(1 + 7 * 1000 + 1);
});
