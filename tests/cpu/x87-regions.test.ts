// x87 in regions, whose registers are variables there, against the interpreter: random loops over operands of every kind,
// with stack faults, ways that meet with different stacks, other control words and unmasked exceptions.

import { describe, expect, it } from 'vitest';
import { DATA, FlatGuest } from '../support/flat-guest.ts';
import { Random } from './differential/random.ts';

/** As for other regions (large-regions.test.ts). */
const MAX_BYTES = 40_000;
const PROGRAMS = 25;
const LOOPS = 14;
/** Memory operands: eight of 16 bytes each; what is stored goes behind them. */
const OPERANDS = 8;
const RESULTS = 0x100;
const IMAGE = 0x180;

const hex = (bytes: readonly number[]): string => bytes.map((byte) => (byte & 0xff).toString(16).padStart(2, '0')).join('');
const word = (value: number): number[] => [value, value >> 8, value >> 16, value >> 24];

const DOUBLES = [0, -0, 1, -1.5, 0.1, 3e5, -7e-9, 2 ** -64, 2 ** 65, 5e-324, 1e308, Infinity, -Infinity, NaN];
const CONTROLS = [0x37f, 0x27f, 0x77f, 0xf7f, 0x332, 0x35f, 0x37b];

/** What programs are made of. */
interface Flavour {
  /** Operands that are neither normal nor zero. */
  readonly special: boolean;
  /** What the interpreter has to carry out, control words and a stack that is left in disorder. */
  readonly wild: boolean;
}

/** A memory operand at [edi+8 bits], or +32 bits. */
const at = (digit: number, offset: number): number[] =>
  offset < 128 ? [0x47 | (digit << 3), offset] : [0x87 | (digit << 3), ...word(offset)];

function instruction(random: Random, { wild }: Flavour): number[] {
  const source = 16 * random.below(OPERANDS);
  const result = RESULTS + 8 * random.below(8);
  const i = random.below(4);
  const tame = (): number[] =>
    random.pick([
      [0xdd, ...at(0, source)], [0xd9, ...at(0, source)], [0xdb, ...at(0, source)], [0xdb, ...at(5, source)],
      [0xdd, ...at(3, result)], [0xd9, ...at(3, result)], [0xdb, ...at(3, result)], [0xdf, ...at(7, result)],
      [0xdd, ...at(2, result)], [0xdd, ...at(1, result)], [0xdb, ...at(7, RESULTS + 64)],
      [0xd9, 0xc0 + i], [0xd9, 0xc8 + i], [0xdd, 0xd8 + i], [0xdd, 0xd0 + i],
      ...[0xc0, 0xc8, 0xe0, 0xe8, 0xf0, 0xf8].flatMap((op) => [[0xd8, op + i], [0xdc, op + i], [0xde, op + i]]),
      ...[0, 1, 4, 5, 6, 7].flatMap((digit) => [[0xdc, ...at(digit, source)], [0xd8, ...at(digit, source)]]),
      [0xda, ...at(0, source)], [0xde, ...at(1, source)],
      [0xd8, 0xd0 + i], [0xdb, 0xf0 + i], [0xdf, 0xe8 + i], [0xdc, ...at(3, source)], [0xde, 0xd9],
      [0xd9, 0xe0], [0xd9, 0xe1], [0xd9, 0xe4], [0xd9, 0xe8], [0xd9, 0xee], [0x9b],
      [0xda, 0xc0 + i], [0xdb, 0xd0 + i], [0xdf, 0xe0], [0xff, 0xc0],
      [0x3c, random.below(256)],
    ]);
  const control = [0xd9, ...at(5, 16 * OPERANDS + 2 * random.below(CONTROLS.length))];
  const rare = (): number[] =>
    random.pick([
      control, control, [0xd9, 0xf6], [0xd9, 0xf7], [0xdd, 0xc0 + i], [0xd9, 0xfa], [0xd9, 0xfc], [0xdb, 0xe2], [0xdb, 0xe3],
      [0xd9, ...at(6, IMAGE)], [0x0f, 0x77], [0x0f, 0xae, ...at(0, IMAGE + 0x80)], [0xd9, 0xf2],
    ]);
  return wild && random.chance(0.12) ? rare() : tame();
}

function body(random: Random, flavour: Flavour): number[] {
  const bytes: number[] = [];
  for (let count = 3 + random.below(20); count > 0; count--) {
    const one = instruction(random, flavour);
    // A conditional jump over it: behind it the stack may be one or the other.
    if (random.chance(0.12)) bytes.push(0x70 + random.below(16), one.length);
    bytes.push(...one);
  }
  return bytes;
}

/** Leaves the stack as it began, if in it nothing goes wrong: pairs of loads and popping instructions. */
function balanced(random: Random): number[] {
  const load = () => random.pick([[0xdd, ...at(0, 16 * random.below(OPERANDS))], [0xd9, 0xc0], [0xdb, ...at(0, 16 * random.below(OPERANDS))]]);
  const take = () => random.pick([[0xde, 0xc1], [0xde, 0xc9], [0xde, 0xe9], [0xde, 0xf9], [0xdd, ...at(3, RESULTS)], [0xdf, 0xf1]]);
  return Array.from({ length: 2 + random.below(6) }, () => [...load(), ...(random.chance(0.3) ? [0xd8, 0xc9] : []), ...take()]).flat();
}

/** fninit; fldcw; some loads; mov ecx, LOOPS; again: BODY; dec ecx; jnz again */
function program(random: Random, flavour: Flavour): string {
  const control = flavour.wild ? random.below(CONTROLS.length) : random.below(2);
  const loads = Array.from({ length: random.below(6) }, () => [0xdd, ...at(0, 16 * random.below(OPERANDS))]).flat();
  const inner = random.chance(0.3) ? balanced(random) : body(random, flavour);
  const head = [0xdb, 0xe3, 0xd9, ...at(5, 16 * OPERANDS + 2 * control), ...loads, 0xb9, ...word(LOOPS)];
  return hex([...head, ...inner, 0xff, 0xc9, 0x0f, 0x85, ...word(-(inner.length + 8))]);
}

function prepare(guest: FlatGuest, random: Random, { special }: Flavour): void {
  const { view } = guest;
  for (let i = 0; i < 0x400; i += 4) view.setUint32(DATA + i, 0, true);
  for (let i = 0; i < OPERANDS; i++) {
    const place = DATA + 16 * i;
    const value = random.chance(0.5) ? (random.below(2 ** 30) - 2 ** 29) / 977 : (random.pick(DOUBLES.slice(0, special ? 14 : 9)) as number);
    if (random.chance(0.5)) view.setFloat64(place, value, true);
    else view.setFloat32(place, value, true);
    view.setUint16(place + 8, random.below(0x10000), true);
  }
  CONTROLS.forEach((control, i) => view.setUint16(DATA + 16 * OPERANDS + 2 * i, control, true));
}

const fields = ['fcw', 'fsw', 'ftop', 'ftag', 'fcs'] as const;

function outcome(guest: FlatGuest, vector: number) {
  const { cpu } = guest.machine;
  const memory = Array.from({ length: 0x400 }, (_, i) => guest.view.getUint8(DATA + i));
  return {
    vector,
    words: fields.map((name) => `${name} ${cpu.get32(name).toString(16)}`),
    pointers: [cpu.get64('fip').toString(16), cpu.get64('fdp').toString(16)],
    registers: Array.from({ length: 8 }, (_, i) => `${cpu.get32('fprExponent', i).toString(16)}:${cpu.get64('fprSignificand', i).toString(16)}`),
    general: [0, 1, 2, 3].map((i) => cpu.get64('gpr', i)),
    flags: cpu.readFlags(),
    memory: hex(memory),
  };
}

describe.each([
  ['usual operands', { special: false, wild: false }],
  ['operands of every kind', { special: true, wild: false }],
  ['what regions leave to the interpreter', { special: true, wild: true }],
])('x87 loops with %s', (_name, flavour) => {
  it.each([32, 64] as const)('come out as in the interpreter, %d bits', (bits) => {
    const guests = (['interp', 'jit'] as const).map((accel) => new FlatGuest({ bits, accel }));
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const code = program(new Random(seed), flavour);
      const [interpreted, compiled] = guests.map((guest) => {
        prepare(guest, new Random(seed), flavour);
        for (let i = 0; i < 8; i++) {
          guest.machine.cpu.setHalves('fprSignificand', 0, 0, i);
          guest.machine.cpu.set32('fprExponent', 0, i);
        }
        for (const i of [0, 1, 2, 3]) guest.machine.cpu.setHalves('gpr', 0, 0, i);
        guest.machine.cpu.setHalves('fip', 0, 0);
        guest.machine.cpu.setHalves('fdp', 0, 0);
        guest.machine.cpu.set32('fcs', 0);
        guest.machine.cpu.writeFlags(2);
        return outcome(guest, guest.run(code));
      });
      expect({ seed, code, ...compiled }).toEqual({ seed, code, ...interpreted });
    }
    expect(guests[1]?.machine.engine.inspection.jit?.refused).toBe(0);
    expect(guests[1]?.machine.engine.inspection.jit?.installed).toBeGreaterThan(PROGRAMS / 2);
  });
});

/** fninit; fldcw [edi+140h]; fld1; fld [edi]; mov ecx, 30; again: fmul [edi+16]; fadd st, st(1); dec ecx; jnz again; fstp [edi+100h] */
const UNDER_CONTROL = hex([
  0xdb, 0xe3, 0xd9, ...at(5, 0x140), 0xd9, 0xe8, 0xdd, ...at(0, 0), 0xb9, ...word(30),
  0xdc, ...at(1, 16), 0xd8, 0xc1, 0xff, 0xc9, 0x75, 0xf7, 0xdb, ...at(7, RESULTS),
]);

describe('a region that is compiled for one control word', () => {
  it('keeps to calls once it was often met with another', () => {
    const [interpreted, compiled] = (['interp', 'jit'] as const).map((accel) => new FlatGuest({ bits: 32, accel })) as [FlatGuest, FlatGuest];
    const run = (guest: FlatGuest, control: number) => {
      guest.view.setFloat64(DATA, 1 / 3, true);
      guest.view.setFloat64(DATA + 16, 0.7, true);
      guest.view.setUint16(DATA + 0x140, control, true);
      expect(guest.run(UNDER_CONTROL)).toBe(-1);
      return guest.read128(DATA + RESULTS);
    };
    const controls = [0x37f, 0x27f, 0xf7f];
    const expected = controls.map((control) => run(interpreted, control));
    expect(new Set(expected).size).toBe(controls.length);
    for (let round = 0; round < 4000; round++)
      expect(controls.map((control) => run(compiled, control))).toEqual(expected);
    const jit = compiled.machine.engine.inspection.jit;
    // At first, and without supposing a control word.
    expect(jit?.installed).toBeGreaterThan(1);
    expect(jit?.dropped).toBeGreaterThan(0);
    const { installed } = jit ?? {};
    for (let round = 0; round < 50; round++) controls.forEach((control) => run(compiled, control));
    expect(compiled.machine.engine.inspection.jit?.installed).toBe(installed);
  });
});

describe('a long row of x87 instructions', () => {
  it('is compiled in pieces of bounded size', () => {
    // fninit; fld [edi]; fld [edi+16]; mov ecx, 12; again: fdiv st, st(1)…; dec ecx; jnz again; fstp [edi+100h]
    const row = Array.from({ length: 190 }, () => [0xd8, 0xf1]).flat();
    const head = [0xdb, 0xe3, 0xdd, ...at(0, 0), 0xdd, ...at(0, 16), 0xb9, ...word(12)];
    const code = hex([...head, ...row, 0xff, 0xc9, 0x0f, 0x85, ...word(-(row.length + 8)), 0xdb, ...at(7, RESULTS)]);
    const [interpreted, compiled] = (['interp', 'jit'] as const).map((accel) => {
      const guest = new FlatGuest({ bits: 32, accel });
      guest.view.setFloat64(DATA, 1.0001, true);
      guest.view.setFloat64(DATA + 16, 3, true);
      expect(guest.run(code)).toBe(-1);
      return { result: guest.read128(DATA + RESULTS), jit: guest.machine.engine.inspection.jit };
    });
    expect(compiled?.result).toBe(interpreted?.result);
    expect(compiled?.jit?.installed).toBeGreaterThan(2);
    expect(compiled?.jit?.largest).toBeLessThan(MAX_BYTES);
  });
});
