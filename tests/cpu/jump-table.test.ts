// Jumps through a table: a region knows the targets that ran before it was made. Others, and code that changes, must be
// reached all the same. Both tiers have to count the same.

import { expect, it } from 'vitest';
import { FlatGuest } from '../support/flat-guest.ts';

const CODE = 0x8000;
const TABLE = 0x2_0000;
const TARGETS = 9;
const ROUNDS = 60;

const word = (value: number): number[] => [value, value >> 8, value >> 16, value >> 24].map((byte) => byte & 0xff);

/** Calls every target in turn, as many as `used`, for ROUNDS rounds; each adds another power of 4 to EBX. */
function run(accel: 'interp' | 'jit', change?: { readonly at: number; readonly entry: number; readonly target: number }) {
  const guest = new FlatGuest({ bits: 32, accel });
  const bytes = [0x31, 0xdb, 0xbe, ...word(ROUNDS)];
  const outer = bytes.length;
  bytes.push(0x31, 0xc9);
  const dispatch = bytes.length;
  bytes.push(0xff, 0x24, 0x8d, ...word(TABLE));
  const targets: number[] = [];
  const ends: number[] = [];
  for (let i = 0; i < TARGETS; i++) {
    targets.push(CODE + bytes.length);
    bytes.push(0x81, 0xc3, ...word(4 ** i), 0xe9, 0, 0, 0, 0);
    ends.push(bytes.length);
  }
  const next = bytes.length;
  for (const end of ends) bytes.splice(end - 4, 4, ...word(next - end));
  // inc ecx; cmp ecx, targets - 1; jb dispatch: the last one is in no table entry before the change.
  bytes.push(0x41, 0x83, 0xf9, TARGETS - 1, 0x72, (dispatch - (bytes.length + 6)) & 0xff);
  if (change !== undefined) {
    // cmp esi, at; jne +10; mov dword [entry], target
    bytes.push(0x81, 0xfe, ...word(change.at), 0x75, 10);
    bytes.push(0xc7, 0x05, ...word(TABLE + change.entry * 4), ...word(targets[change.target] as number));
  }
  bytes.push(0x4e, 0x0f, 0x85, ...word(outer - (bytes.length + 7)));
  targets.forEach((target, i) => {
    guest.view.setUint32(TABLE + i * 4, target, true);
  });
  const vector = guest.run(bytes.map((byte) => (byte & 0xff).toString(16).padStart(2, '0')).join(''));
  const { cpu, engine } = guest.machine;
  return { vector, ebx: cpu.low('gpr', 3), counters: engine.stats.counters, installed: engine.inspection.jit?.installed };
}

const ALL = (ROUNDS * (4 ** (TARGETS - 1) - 1)) / 3;

for (const accel of ['interp', 'jit'] as const) {
  it(`goes through a table, ${accel}`, () => {
    const { vector, ebx, installed } = run(accel);
    expect({ vector, ebx }).toEqual({ vector: -1, ebx: ALL });
    if (accel === 'jit') expect(installed).toBeGreaterThan(0);
  });

  it(`reaches a target that comes later, ${accel}`, () => {
    // For the last twenty rounds but one, entry 2 leads to the target that nothing led to.
    const { vector, ebx } = run(accel, { at: 20, entry: 2, target: TARGETS - 1 });
    expect({ vector, ebx }).toEqual({ vector: -1, ebx: ALL + 19 * (4 ** (TARGETS - 1) - 4 ** 2) });
  });

  it(`follows an entry that changes to a known target, ${accel}`, () => {
    const { vector, ebx } = run(accel, { at: 30, entry: 1, target: 5 });
    expect({ vector, ebx }).toEqual({ vector: -1, ebx: ALL + 29 * (4 ** 5 - 4) });
  });
}
