// Transcendental instructions: correctly rounded in every rounding mode, and their special operands.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FLOAT_HELPER_IMPLEMENTATIONS as HELPERS } from '../../../../src-main/engine/x86/helpers/float-helpers.ts';
import { X87_FUNCTION } from '../../../../src-main/engine/x86/helpers/x87-operations.ts';
import { FakeCpu } from '../../../support/fake-cpu.ts';

type Mnemonic = keyof typeof X87_FUNCTION;

const PRECISION = 0x20;
const INVALID = 0x01;
const ZERO_DIVIDE = 0x04;
const C2 = 0x400;

function push(cpu: FakeCpu, encoding: string): void {
  cpu.set64('scratch', BigInt(`0x${encoding.slice(4)}`), 0);
  HELPERS.x87Load80(cpu, Number.parseInt(encoding.slice(0, 4), 16));
}

function register(cpu: FakeCpu, i: number): string {
  const r = (cpu.get32('ftop') + i) & 7;
  const exponent = cpu.get32('fprExponent', r).toString(16).padStart(4, '0');
  return (exponent + cpu.get64('fprSignificand', r).toString(16).padStart(16, '0')).toUpperCase();
}

function execute(mnemonic: Mnemonic, control: number, st0: string, st1: string): FakeCpu {
  const cpu = new FakeCpu();
  HELPERS.x87Initialize(cpu);
  push(cpu, st1);
  push(cpu, st0);
  cpu.set32('fcw', control);
  HELPERS.x87Function(cpu, X87_FUNCTION[mnemonic]);
  return cpu;
}

const cases = readFileSync(new URL('x87-transcendental.txt', import.meta.url), 'latin1')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split(' '));

describe('transcendental instructions', () => {
  it.each(['F2XM1', 'FYL2X', 'FYL2XP1', 'FPATAN', 'FPTAN', 'FSIN', 'FCOS'])('%s rounds correctly', (name) => {
    const own = cases.filter(([mnemonic]) => mnemonic === name);
    expect(own.length).toBeGreaterThan(20);
    for (const [, control = '', st0 = '', st1 = '', expected] of own) {
      const cpu = execute(name as Mnemonic, Number.parseInt(control, 16), st0, st1);
      expect(register(cpu, name === 'FPTAN' ? 1 : 0)).toBe(expected);
      expect(cpu.get32('fsw') & PRECISION).toBe(PRECISION);
    }
  });

  const ZERO = '00000000000000000000';
  const ONE = '3FFF8000000000000000';
  const MINUS_ONE = 'BFFF8000000000000000';
  const TWO = '40008000000000000000';
  const INFINITY = '7FFF8000000000000000';
  const INDEFINITE = 'FFFFC000000000000000';
  const PI = '4000C90FDAA22168C235';
  const HUGE = '403F8000000000000000';

  it('leaves an angle of 2^63 alone and sets C2', () => {
    for (const name of ['FSIN', 'FCOS', 'FPTAN', 'FSINCOS'] as const) {
      const cpu = execute(name, 0x37f, '403E8000000000000000', ONE);
      expect(register(cpu, 0)).toBe('403E8000000000000000');
      expect(cpu.get32('fsw') & C2).toBe(C2);
      expect(execute(name, 0x37f, '403DFFFFFFFFFFFFFFFF', ONE).get32('fsw') & C2).toBe(0);
    }
  });

  it.each([
    ['FSIN', INFINITY, ONE, INDEFINITE, INVALID],
    ['FYL2X', MINUS_ONE, ONE, INDEFINITE, INVALID],
    ['FYL2X', ZERO, TWO, 'FFFF8000000000000000', ZERO_DIVIDE],
    ['FYL2X', ONE, INFINITY, INDEFINITE, INVALID],
    ['FYL2X', TWO, TWO, TWO, 0],
    ['FPATAN', MINUS_ONE, ZERO, PI, PRECISION],
    ['FPATAN', INFINITY, INFINITY, '3FFEC90FDAA22168C235', PRECISION],
    ['F2XM1', ONE, ZERO, ONE, 0],
    ['FSIN', ZERO, ONE, ZERO, 0],
    ['FCOS', ZERO, ONE, ONE, 0],
  ] as const)('%s of %s and %s is %s', (name, st0, st1, expected, flags) => {
    const cpu = execute(name, 0x37f, st0, st1);
    expect(register(cpu, 0)).toBe(expected);
    expect(cpu.get32('fsw') & 0x3f).toBe(flags);
  });

  it('scales by powers beyond every exponent without losing its way', () => {
    expect(register(execute('FSCALE', 0x37f, ONE, HUGE), 0)).toBe(INFINITY);
    expect(register(execute('FSCALE', 0x37f, ONE, `C${HUGE.slice(1)}`), 0)).toBe(ZERO);
  });
});
