// Loops of instructions that take much code each: their regions end early, so that compiling one does not keep the guest
// waiting, and go on in others with the same outcome.

import { describe, expect, it } from 'vitest';
import { DATA, FlatGuest } from '../support/flat-guest.ts';

const REPEATED = 190;
const ROUNDS = 12;
/** What was measured to take less than half of the 20 ms that a guest may have to wait; without a bound, it is 120 KB. */
const MAX_BYTES = 40_000;

const hex = (bytes: readonly number[]): string => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
const word = (value: number): number[] => [value, value >> 8, value >> 16, value >> 24].map((byte) => byte & 0xff);

/** movups xmm0, [edi]; movups xmm1, [edi+16]; mov ecx, ROUNDS; again: INSTRUCTION…; dec ecx; jnz again; movups [edi+32], xmm0 */
function run(accel: 'interp' | 'jit', instruction: readonly number[]) {
  const guest = new FlatGuest({ bits: 32, accel });
  for (const [i, value] of [1.0000001, 0.75, 0.9999999, 1.25].entries()) guest.view.setFloat64(DATA + 8 * i, value, true);
  const body = Array.from({ length: REPEATED }, () => instruction).flat();
  const head = [0x0f, 0x10, 0x07, 0x0f, 0x10, 0x4f, 0x10, 0xb9, ...word(ROUNDS)];
  const back = -(body.length + 7);
  const vector = guest.run(hex([...head, ...body, 0x49, 0x0f, 0x85, ...word(back), 0x0f, 0x11, 0x47, 0x20]));
  const { engine } = guest.machine;
  const outcome = { vector, result: guest.read128(DATA + 32) };
  return { outcome, retired: engine.stats.instructions, jit: engine.inspection.jit };
}

describe.each([
  ['MULPD', [0x66, 0x0f, 0x59, 0xc1]],
  ['HADDPS', [0xf2, 0x0f, 0x7c, 0xc1]],
  ['VERR', [0x0f, 0x00, 0xe0]],
])('%s, often', (_name, instruction) => {
  it('compiles in pieces of bounded size, with the same outcome', () => {
    const interpreted = run('interp', instruction);
    const compiled = run('jit', instruction);
    expect(interpreted.outcome.vector).toBe(-1);
    expect(compiled.outcome).toEqual(interpreted.outcome);
    expect(compiled.retired).toBe(interpreted.retired);
    expect(compiled.jit?.installed).toBeGreaterThan(0);
    expect(compiled.jit?.refused).toBe(0);
    expect(compiled.jit?.largest).toBeLessThan(MAX_BYTES);
  });
});
