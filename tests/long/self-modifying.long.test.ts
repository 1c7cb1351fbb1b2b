// A guest that rewrites its hot code again and again: each time the page is decoded and compiled anew, and neither what the
// engine keeps nor the memory of the process may grow with it.

import { expect, it } from 'vitest';
import { FlatGuest } from '../support/flat-guest.ts';

const FUNCTION = 0x10_0000;
const CODE = 0x8000;
const MB = 1024 * 1024;
const WARM_UP = 4_000;
const ROUNDS = 16_000;
const GROWTH_MB = 64;

const word = (value: number): number[] => [value, value >> 8, value >> 16, value >> 24].map((byte) => byte & 0xff);

/** inc dword [FUNCTION + 2]; call FUNCTION four times; dec ecx; jnz */
function program(rounds: number): string {
  const bytes = [0xb9, ...word(rounds)];
  const loop = bytes.length;
  bytes.push(0xff, 0x05, ...word(FUNCTION + 2));
  for (let n = 0; n < 4; n++) bytes.push(0xe8, ...word(FUNCTION - (CODE + bytes.length + 5)));
  bytes.push(0x49, 0x75, (loop - (bytes.length + 3)) & 0xff);
  return bytes.map((byte) => (byte & 0xff).toString(16).padStart(2, '0')).join('');
}

it('rewrites hot code without growing', () => {
  const guest = new FlatGuest({ bits: 32, accel: 'jit' });
  const { machine } = guest;
  // add ebx, 0; ret
  machine.memory.set([0x81, 0xc3, 0, 0, 0, 0, 0xc3], FUNCTION);
  machine.codeChanged();
  let done = 0;
  const play = (rounds: number): void => {
    const before = machine.cpu.low('gpr', 3);
    expect(guest.run(program(rounds))).toBe(-1);
    let sum = before;
    for (let i = done + 1; i <= done + rounds; i++) sum = (sum + 4 * i) >>> 0;
    done += rounds;
    expect(machine.cpu.low('gpr', 3)).toBe(sum);
  };
  for (let i = 0; i < WARM_UP; i += 1000) play(1000);
  const warm = process.memoryUsage().rss;
  for (let i = 0; i < ROUNDS; i += 1000) play(1000);
  const grown = (process.memoryUsage().rss - warm) / MB;
  const { jit, regions } = machine.engine.inspection;
  expect(jit?.installed).toBeGreaterThan(ROUNDS);
  expect(regions?.regions).toBeLessThan(50);
  expect(grown).toBeLessThan(GROWTH_MB);
}, 600_000);
