// Loops whose loads and stores reach a device: every access arrives once and in order, in whatever tier.

import { describe, expect, it } from 'vitest';
import { FlatGuest } from '../../support/flat-guest.ts';

/** Outside the flat guest's 2 MiB of memory. */
const DEVICE = 0x30_0000;
/** More than it takes for an instruction to count as one that reaches devices, and for its page to be hot again. */
const ROUNDS = 3000;

function run(accel: 'jit' | 'interp', code: string): { log: string[]; retired: number[]; esi: number } {
  const log: string[] = [];
  const retired: number[] = [];
  let next = 1;
  const guest: FlatGuest = new FlatGuest({
    bits: 32,
    accel,
    environment: {
      memoryRead: (address, width) => {
        next = (Math.imul(next, 69069) + 1) >>> 0;
        const value = next >>> (32 - 8 * width);
        log.push(`r${width} ${address.toString(16)} ${value}`);
        return value;
      },
      memoryWrite: (address, width, value) => {
        log.push(`w${width} ${address.toString(16)} ${value}`);
        retired.push(guest.machine.engine.stats.instructions);
      },
    },
  });
  expect(guest.run(code)).toBe(-1);
  return { log, retired, esi: guest.machine.cpu.low('gpr', 6) };
}

/** mov ecx, ROUNDS; mov edi, DEVICE; xor esi, esi; loop: BODY; dec ecx; jnz loop */
function looped(body: string): string {
  const dword = (value: number) =>
    [0, 8, 16, 24].map((shift) => ((value >>> shift) & 0xff).toString(16).padStart(2, '0')).join('');
  const back = (-(body.replaceAll(' ', '').length / 2 + 3) & 0xff).toString(16).padStart(2, '0');
  return `b9 ${dword(ROUNDS)} bf ${dword(DEVICE)} 31f6 ${body} 49 75 ${back}`;
}

describe('device accesses in a loop', () => {
  it.each([
    ['store', '880f', 1],
    ['load', '0337', 1],
    ['read-modify-write', '010f', 2],
    ['exchange', '8707', 2],
    ['halves of eight bytes', '0f6f07 0f7f4708', 4],
    ['device and memory in turn', '81f700003200 890f', 0.5],
  ])('%s: the same from regions as from the interpreter', (_name, body, accesses) => {
    const compiled = run('jit', looped(body));
    const interpreted = run('interp', looped(body));
    expect(interpreted.log).toHaveLength(ROUNDS * accesses);
    expect(compiled.log).toEqual(interpreted.log);
    expect(compiled.esi).toBe(interpreted.esi);
  });

  it('tells in regions how many instructions have retired by then', () => {
    const { retired } = run('jit', looped('880f'));
    const passes = retired.slice(-1000);
    expect(passes).toEqual(passes.map((_, pass) => (passes[0] as number) + 3 * pass));
  });

  it('reaches memory that a page of the device has become', () => {
    // Once the loop is compiled it goes on below the end of memory, in the guest's own pages.
    const { log } = run('jit', looped('890f 81f9 e8030000 7505 bf 00001000'));
    expect(log).toHaveLength(ROUNDS - 1000 + 1);
  });
});
