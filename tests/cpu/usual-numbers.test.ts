// Loops over floating-point numbers of which some are unusual, and with unusual states of MXCSR: regions suppose neither, and must
// leave every result, flag and exception where the interpreter has it.

import { describe, expect, it } from 'vitest';
import { GPR_INDEX } from '../../src-main/engine/x86/state/cpu-state.ts';
import { DATA, FlatGuest } from '../support/flat-guest.ts';

const INPUT = 0x1_0000;
const CONTROL = 0x7000;
const RESULT_BYTES = 0x80;
const PASSES = 48;
const UNUSUAL_AT = 31;

const byte = (value: number): string => (value & 0xff).toString(16).padStart(2, '0');
const word = (value: number): string => [0, 8, 16, 24].map((shift) => byte(value >> shift)).join('');
const length = (code: string): number => code.replaceAll(' ', '').length / 2;

const FORMS = { ss: 'f3', sd: 'f2', ps: '', pd: '66' } as const;
type Form = keyof typeof FORMS;
const isSingle = (form: Form): boolean => form === 'ss' || form === 'ps';

/** Results of a pass at [rdi], with MXCSR behind them. */
function program(form: Form, passes: number): string {
  const prefix = FORMS[form];
  const arithmetic = ['58 c8', '59 d0', '5c d9', '5e e2', '51 e8', '5d f0', '5f f8', 'c2 f9 01'];
  const compare = isSingle(form) ? '0f 2e c1' : '66 0f 2e c1';
  // setb dl; sete dh; setp bl; ja +2; mov bh, 1
  const flags = `${compare} 0f 92 c2 0f 94 c6 0f 9a c3 77 02 b7 01`;
  const registers = [1, 2, 3, 4, 5, 6, 7].map((n) => `0f 11 ${byte(0x47 | (n << 3))} ${byte(16 * (n - 1))}`);
  // mov [rdi+74h], edx; mov [rdi+78h], ebx; stmxcsr [rdi+70h]; add edi, 80h; add esi, 10h; dec ecx
  const end = '89 57 74 89 5f 78 0f ae 5f 70 81 c7 80 00 00 00 83 c6 10 ff c9';
  const pass = ['0f 10 06', ...arithmetic.map((code) => `${prefix} 0f ${code}`), flags, ...registers, end].join(' ');
  const constants = [1, 2, 3, 4].map((n) => `0f 10 ${byte(0x46 | (n << 3))} ${byte(-16)}`);
  // ldmxcsr [rdi - CONTROL]; lea esi, [rdi + INPUT]; xor edx, edx; xor ebx, ebx; mov ecx, PASSES
  const start = `0f ae 97 ${word(-CONTROL)} 8d b7 ${word(INPUT)} ${constants.join(' ')} 31 d2 31 db b9 ${word(passes)}`;
  return `${start} ${pass} 0f 85 ${word(-(length(pass) + 6))}`;
}

const doubleBits = (value: number): bigint => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
};
const singleBits = (value: number): bigint => {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return BigInt(view.getUint32(0)) * 0x1_0000_0001n;
};

/** As a single twice, and as a double. */
const UNUSUAL: Readonly<Record<string, readonly [single: bigint, double: bigint]>> = {
  'none': [singleBits(1.75), doubleBits(1.75)],
  'zero': [0n, 0n],
  'minus zero': [0x8000_0000_8000_0000n, 1n << 63n],
  'denormal': [0x0000_1234_0000_1234n, 0x0000_0000_1234_5678n],
  'small': [singleBits(1e-36), doubleBits(1e-300)],
  'large': [singleBits(1e36), doubleBits(1e300)],
  'negative': [singleBits(-2.5), doubleBits(-2.5)],
  'infinity': [singleBits(Infinity), doubleBits(Infinity)],
  'quiet NaN': [0x7fc0_1234_7fc0_1234n, 0x7ff8_0000_0000_1234n],
  'signalling NaN': [0x7f80_1234_7f80_1234n, 0x7ff0_0000_0000_1234n],
};

const CONTROLS = {
  'as at reset': 0x1f80,
  'inexact': 0x1fa0,
  'flushing': 0x9fa0,
  'denormals are zero': 0x1fe0,
  'rounding up': 0x5fa0,
  'underflow unmasked': 0x17a0,
  'invalid unmasked': 0x1f20,
} as const;

/** 1.0 or so in the first numbers, so that exact and inexact operations alternate. */
function usual(at: number): number {
  return at % 3 === 0 ? 1 + at / 16 : 1 + at / 7;
}

function run(guest: FlatGuest, form: Form, control: number, numbers: (at: number) => bigint, passes = PASSES) {
  guest.view.setUint32(DATA - CONTROL, control, true);
  // The first one stands before the others, for the registers at the start.
  for (let at = -1; at < passes; at++) {
    for (const half of [0, 8]) guest.view.setBigUint64(DATA + INPUT + 16 * at + half, numbers(at), true);
  }
  const results = new Uint8Array(guest.machine.memory.buffer, guest.machine.memory.byteOffset + DATA, RESULT_BYTES * passes);
  results.fill(0);
  const { cpu, engine } = guest.machine;
  const before = engine.stats.counters.slowSteps ?? 0;
  const vector = guest.run(program(form, passes));
  const state = { vector, mxcsr: cpu.get32('mxcsr'), left: cpu.low('gpr', GPR_INDEX.rcx), results: [...results] };
  return { state, slowSteps: (engine.stats.counters.slowSteps ?? 0) - before };
}

const FORM_NAMES = Object.keys(FORMS) as Form[];

describe.each(FORM_NAMES)('numbers of a loop, %s', (form) => {
  const guests = { interp: new FlatGuest({ bits: 64 }), jit: new FlatGuest({ bits: 64, accel: 'jit' }) };
  it.each(Object.entries(CONTROLS))('with MXCSR %s', (_name, control) => {
    // What failed before is supposed again.
    guests.jit.machine.codeChanged();
    for (const [name, bits] of Object.entries(UNUSUAL)) {
      const unusual = bits[isSingle(form) ? 0 : 1];
      const toBits = isSingle(form) ? singleBits : doubleBits;
      const numbers = (at: number) => (at === UNUSUAL_AT ? unusual : toBits(usual(at + 1)));
      const [interpreted, compiled] = [run(guests.interp, form, control, numbers), run(guests.jit, form, control, numbers)];
      expect(compiled.state, name).toEqual(interpreted.state);
    }
  });
  it('runs in regions', () => {
    expect(guests.jit.machine.engine.stats.regionsCompiled).toBeGreaterThan(0);
  });
});

describe.each(FORM_NAMES)('a loop of unusual numbers, %s', (form) => {
  it.each([
    ['denormals', 'denormal', 0x1fa0],
    ['infinities', 'infinity', 0x1fa0],
    ['exact results only', 'none', 0x1f80],
    ['denormals flushed', 'none', 0x9fa0],
  ] as const)('stays in its region in the end: %s', (_name, number, control) => {
    const guest = new FlatGuest({ bits: 64, accel: 'jit' });
    const bits = UNUSUAL[number]?.[isSingle(form) ? 0 : 1] ?? 0n;
    const repeat = () => run(guest, form, control, () => bits, 500).slowSteps;
    for (let i = 0; i < 40; i++) repeat();
    expect(repeat()).toBeLessThan(50);
  });
});

const SAVED = 0x6000;

/** Each pass goes on with the MXCSR of its number, between two operations, in one of two blocks. */
function changingProgram(change: string): string {
  // movups xmm0, [rsi]; addsd xmm1, xmm0; test cl, 1; jz +4; mulsd xmm2, xmm0
  const before = '0f 10 06 f2 0f 58 c8 f6 c1 01 74 04 f2 0f 59 d0';
  // addsd xmm3, xmm2; divsd xmm4, xmm0; stmxcsr [rdi]; movsd [rdi+8], xmm1; [rdi+16], xmm3; [rdi+24], xmm4
  const after = 'f2 0f 58 da f2 0f 5e e0 0f ae 1f f2 0f 11 4f 08 f2 0f 11 5f 10 f2 0f 11 67 18';
  // add edi, 80h; add esi, 10h; dec ecx
  const pass = `${before} ${change} ${after} 81 c7 80 00 00 00 83 c6 10 ff c9`;
  const constants = [1, 2, 3, 4].map((n) => `0f 10 ${byte(0x46 | (n << 3))} ${byte(-16)}`);
  const start = `0f ae 97 ${word(-CONTROL)} 8d b7 ${word(INPUT)} ${constants.join(' ')} 8d af ${word(-SAVED)} b9 ${word(PASSES)}`;
  return `${start} ${pass} 0f 85 ${word(-(length(pass) + 6))}`;
}

describe.each([
  // ldmxcsr [rsi+8]
  ['LDMXCSR', '0f ae 56 08'],
  // fxsave [rbp]; mov eax, [rsi+8]; mov [rbp+18h], eax; fxrstor [rbp]
  ['FXRSTOR', '0f ae 45 00 8b 46 08 89 45 18 0f ae 4d 00'],
])('a loop that changes MXCSR by %s', (_name, change) => {
  const controls = Object.values(CONTROLS).filter((control) => (control & 0x1f80) === 0x1f80);
  it('computes as it says at once', () => {
    const [interpreted, compiled] = (['interp', 'jit'] as const).map((accel) => {
      const guest = new FlatGuest({ bits: 64, accel });
      guest.view.setUint32(DATA - CONTROL, 0x1fa0, true);
      for (let at = -1; at < PASSES; at++) {
        guest.view.setBigUint64(DATA + INPUT + 16 * at, doubleBits(usual(at + 1)), true);
        guest.view.setUint32(DATA + INPUT + 16 * at + 8, at % 5 === 4 ? (controls[at % controls.length] as number) : 0x1fa0, true);
      }
      const vector = guest.run(changingProgram(change));
      const { memory } = guest.machine;
      return { vector, results: [...new Uint8Array(memory.buffer, memory.byteOffset + DATA, RESULT_BYTES * PASSES)] };
    });
    expect(compiled).toEqual(interpreted);
    expect(compiled?.vector).toBe(-1);
  });
});
