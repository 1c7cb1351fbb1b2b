// x87, MMX and SSE programs recorded on a processor, run through both tiers: results, flags, tags, exceptions.
// Formats and origin: float/README.md.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DATA, FlatGuest } from '../../support/flat-guest.ts';

const SIMD_EXCEPTION = 19;
const STATUS_FLAGS = 0x8d5n;

function readCases(name: string): string[][] {
  const packed = readFileSync(new URL(`float/${name}.txt.gz`, import.meta.url));
  const lines = gunzipSync(packed).toString('latin1').split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(' '));
}

const hex = (value: bigint | number, digits: number): string =>
  value.toString(16).toUpperCase().padStart(digits, '0');

/** Writes a number given in hexadecimal, lowest byte first. */
function write(guest: FlatGuest, offset: number, digits: string): void {
  for (let i = 0; i < digits.length / 2; i++) {
    const at = digits.length - 2 * i;
    guest.view.setUint8(DATA + offset + i, Number.parseInt(digits.slice(at - 2, at), 16));
  }
}

function read(guest: FlatGuest, offset: number, bytes: number): string {
  let value = 0n;
  for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(guest.view.getUint8(DATA + offset + i));
  return hex(value, 2 * bytes);
}

const status = (guest: FlatGuest, offset: number): bigint =>
  guest.view.getBigUint64(DATA + offset, true) & STATUS_FLAGS;

const IMAGE = 48;
const REGISTERS = IMAGE + 28;
const MEMORY_RESULT = 160;

function runX87(guest: FlatGuest, fields: readonly string[]): { got: string; expected: string } {
  const [, program = '', control = '', a = '', b = '', ...expected] = fields;
  write(guest, 0, a);
  write(guest, 16, b);
  write(guest, 32, control);
  write(guest, MEMORY_RESULT, '0'.repeat(20));
  const { cpu } = guest.machine;
  for (let i = 0; i < 8; i++) {
    cpu.setHalves('fprSignificand', 0, 0, i);
    cpu.set32('fprExponent', 0, i);
  }
  const vector = guest.run(program);
  const last = expected.at(-1) ?? '-';
  const memory =
    last === '-' ? '-' : last.length === 3 ? hex(status(guest, 40), 3) : read(guest, MEMORY_RESULT, 10);
  const registers = [0, 1, 2].map((i) => read(guest, REGISTERS + 10 * i, 10));
  const got = [read(guest, IMAGE + 4, 2), read(guest, IMAGE + 8, 2), ...registers, memory].join(' ');
  return { got: vector < 0 ? got : `exception ${vector}`, expected: expected.join(' ') };
}

function runFloat(guest: FlatGuest, fields: readonly string[]): { got: string; expected: string } {
  const [name = '', program = '', mxcsr = '', a = '', b = '', rax = '', ...expected] = fields;
  write(guest, 0, a);
  write(guest, 16, b);
  write(guest, 32, mxcsr.padStart(8, '0'));
  write(guest, 40, rax);
  const vector = guest.run(program);
  const after = hex(guest.machine.cpu.get32('mxcsr'), 4);
  const general = name.includes('comis') ? hex(status(guest, 64), 16) : read(guest, 64, 8);
  const got =
    vector === SIMD_EXCEPTION
      ? `${after} trap -`
      : vector < 0
        ? `${after} ${read(guest, 48, 16)} ${general}`
        : `exception ${vector}`;
  return { got, expected: expected.join(' ') };
}

const OUTPUT = 48;
const OUTPUT_BYTES = 80;

function runInteger(guest: FlatGuest, fields: readonly string[]): { got: string; expected: string } {
  const [program = '', input = '', expected = ''] = fields;
  for (let i = 0; i < OUTPUT; i++) {
    guest.view.setUint8(DATA + i, Number.parseInt(input.slice(2 * i, 2 * i + 2), 16));
  }
  for (let i = OUTPUT; i < OUTPUT + OUTPUT_BYTES; i++) guest.view.setUint8(DATA + i, 0xcc);
  const vector = guest.run(program);
  if (vector >= 0) return { got: `exception ${vector}`, expected };
  guest.view.setBigUint64(DATA + 88, status(guest, 88), true);
  const bytes = Array.from({ length: OUTPUT_BYTES }, (_, i) => guest.view.getUint8(DATA + OUTPUT + i));
  return { got: bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(''), expected };
}

const FILES = [
  ['x87', runX87],
  ['sse-float', runFloat],
  ['sse-integer', runInteger],
] as const;

describe.each(['interp', 'jit'] as const)('instructions as a processor executes them, %s', (accel) => {
  it.each(FILES)('%s', (name, run) => {
    const guest = new FlatGuest({ bits: 64, accel });
    const failures: string[] = [];
    const cases = readCases(name);
    for (const fields of cases) {
      const { got, expected } = run(guest, fields);
      if (got !== expected && failures.length < 10) failures.push(`${fields.join(' ')} got ${got}`);
    }
    expect(failures).toEqual([]);
    expect(cases.length).toBeGreaterThan(3000);
  });
});
