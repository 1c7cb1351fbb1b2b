// DIV and IDIV of 128 by 64 bits: quotients, remainders and divide errors.

import { describe, expect, it } from 'vitest';
import { FakeCpu } from '../../../support/fake-cpu.ts';
import { divideWide, divideWideSigned } from '../../../../src-main/engine/x86/helpers/wide-divide.ts';

const MAX = 2n ** 64n - 1n;
const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);

function divide(helper: typeof divideWide, dividend: bigint, divisor: bigint): [bigint, bigint] | number {
  const cpu = new FakeCpu();
  cpu.set64('scratch', unsigned(dividend >> 64n), 0);
  cpu.set64('scratch', unsigned(dividend), 1);
  cpu.set64('scratch', unsigned(divisor), 2);
  if (helper(cpu) !== 0) return cpu.takeFault()?.vector ?? -1;
  return [cpu.get64('scratch', 0), cpu.get64('scratch', 1)];
}

describe('DIV r/m64', () => {
  it('gives quotient and remainder', () => {
    expect(divide(divideWide, 100n, 7n)).toEqual([14n, 2n]);
    expect(divide(divideWide, ((MAX - 1n) << 64n) | MAX, MAX)).toEqual([MAX, MAX - 1n]);
  });

  it('raises #DE by zero and on overflow', () => {
    expect(divide(divideWide, 1n, 0n)).toBe(0);
    expect(divide(divideWide, 7n << 64n, 7n)).toBe(0);
  });
});

describe('IDIV r/m64', () => {
  it('truncates towards zero and gives the remainder the sign of the dividend', () => {
    expect(divide(divideWideSigned, -100n, 7n)).toEqual([unsigned(-14n), unsigned(-2n)]);
    expect(divide(divideWideSigned, 100n, -7n)).toEqual([unsigned(-14n), 2n]);
    expect(divide(divideWideSigned, -(2n ** 63n), 1n)).toEqual([2n ** 63n, 0n]);
  });

  it('raises #DE by zero and where the quotient leaves 64 signed bits', () => {
    expect(divide(divideWideSigned, -1n, 0n)).toBe(0);
    expect(divide(divideWideSigned, -(2n ** 63n), -1n)).toBe(0);
    expect(divide(divideWideSigned, 2n ** 63n, 1n)).toBe(0);
    expect(divide(divideWideSigned, -(2n ** 63n) - 1n, 1n)).toBe(0);
  });
});
