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

it('regions that go on in one another stop where the budget is spent', () => {
  const guest = new FlatGuest({ bits: 32, accel: 'jit' });
  guest.run('90');
  // Each in a page of its own: mov eax, other; jmp eax
  for (const [at, other] of [[0x9000, 0xa000], [0xa000, 0x9000]] as const) {
    guest.view.setUint8(at, 0xb8);
    guest.view.setUint32(at + 1, other, true);
    guest.view.setUint16(at + 5, 0xe0ff, true);
  }
  const { machine } = guest;
  const { cpu } = machine;
  cpu.setHalves('rip', 0x9000, 0);
  for (const budget of [50, 1, 1001, 100_000]) {
    const before = cpu.low('retired');
    expect(machine.runToHalt(budget)).toBe('budget');
    // Regions see it where they end, after two instructions.
    const passed = cpu.low('retired') - before;
    expect(passed - budget, `a budget of ${budget}`).toBeOneOf([0, 1]);
    expect(cpu.low('rip')).toBeOneOf([0x9000, 0xa000]);
  }
  expect(machine.engine.stats.regionsCompiled).toBe(2);
});

it('a budget that regions cannot count is refused', () => {
  const { machine } = new FlatGuest({ bits: 32, accel: 'jit' });
  expect(() => machine.runToHalt(2 ** 31)).toThrow(RangeError);
});
