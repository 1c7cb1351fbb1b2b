// Global pages outlive a write of CR3, all others do not, data and code alike. Reference: Intel SDM vol. 3A 4.10.2.4.
// A processor may drop global translations too; that ours keeps them is what makes a change of process cheap.

import { expect, it } from 'vitest';
import { CR0_PG, CR4_PGE } from '../../src-main/engine/x86/state/control-bits.ts';
import { FlatGuest } from '../support/flat-guest.ts';

const DIRECTORY = 0x10_0000;
const LOW_TABLE = 0x10_1000;
const TABLE = 0x10_2000;
const PRESENT = 7;
const GLOBAL = 1 << 8;
/** Linear pages, each of which stands for either of two physical ones. */
const LOCAL_CODE = 0x40_0000;
const GLOBAL_CODE = 0x40_1000;
const LOCAL_DATA = 0x40_2000;
const GLOBAL_DATA = 0x40_3000;
const PAGES = [LOCAL_CODE, GLOBAL_CODE, LOCAL_DATA, GLOBAL_DATA];
const BEFORE = 0x11_0000;
const AFTER = 0x12_0000;

const word = (value: number): number[] => [value, value >> 8, value >> 16, value >> 24].map((byte) => byte & 0xff);
const index = (linear: number): number => (linear >> 12) & 0x3ff;
const entry = (linear: number, physical: number): number =>
  (physical + index(linear) * 0x1000) | PRESENT | (linear === GLOBAL_CODE || linear === GLOBAL_DATA ? GLOBAL : 0);
const store = (address: number, value: number): number[] => [0xc7, 0x05, ...word(address), ...word(value)];

function guestWith(accel: 'interp' | 'jit'): FlatGuest {
  const guest = new FlatGuest({ bits: 32, accel });
  const { view, machine } = guest;
  view.setUint32(DIRECTORY, LOW_TABLE | PRESENT, true);
  view.setUint32(DIRECTORY + 4, TABLE | PRESENT, true);
  for (let page = 0; page < 512; page++) view.setUint32(LOW_TABLE + page * 4, (page << 12) | PRESENT, true);
  PAGES.forEach((linear, i) => {
    view.setUint32(TABLE + index(linear) * 4, entry(linear, BEFORE), true);
    const amount = 1 << (4 * i);
    for (const [physical, value] of [[BEFORE, amount], [AFTER, amount * 2]] as const) {
      const at = physical + index(linear) * 0x1000;
      // add ebx, imm32; ret, or the number alone.
      if (linear === LOCAL_CODE || linear === GLOBAL_CODE) machine.memory.set([0x81, 0xc3, ...word(value), 0xc3], at);
      else machine.memory.set(word(value), at);
    }
  });
  machine.cpu.setHalves('cr3', DIRECTORY, 0);
  machine.cpu.setHalves('cr4', (machine.cpu.low('cr4') | CR4_PGE) >>> 0, 0);
  machine.cpu.setHalves('cr0', (machine.cpu.low('cr0') | CR0_PG) >>> 0, 0);
  machine.cpu.updateMode();
  machine.cpu.flushTlb('all');
  return guest;
}

/** Uses every page several times, then maps each to its other physical page, flushes, and uses each once, from EBX = 0. */
function after(accel: 'interp' | 'jit', flush: readonly number[]): string {
  const guest = guestWith(accel);
  const bytes: number[] = [];
  const use = (count: number): void => {
    bytes.push(0x31, 0xdb, 0xb9, ...word(count));
    const loop = bytes.length;
    for (const target of [LOCAL_CODE, GLOBAL_CODE]) bytes.push(0xe8, ...word(target - (0x8000 + bytes.length + 5)));
    for (const data of [LOCAL_DATA, GLOBAL_DATA]) bytes.push(0x03, 0x1d, ...word(data));
    bytes.push(0x49, 0x0f, 0x85, ...word(loop - (bytes.length + 7)));
  };
  use(6);
  for (const linear of PAGES) bytes.push(...store(TABLE + index(linear) * 4, entry(linear, AFTER)));
  bytes.push(...flush);
  use(1);
  expect(guest.run(bytes.map((byte) => (byte & 0xff).toString(16).padStart(2, '0')).join(''))).toBe(-1);
  return guest.machine.cpu.low('gpr', 3).toString(16);
}

const RELOAD_CR3 = [0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8];
// CR4 without PGE and with it again.
const TOGGLE_PGE = [0x0f, 0x20, 0xe0, 0x34, CR4_PGE, 0x0f, 0x22, 0xe0, 0x34, CR4_PGE, 0x0f, 0x22, 0xe0];
const INVLPG_GLOBALS = [GLOBAL_CODE, GLOBAL_DATA].flatMap((page) => [0x0f, 0x01, 0x3d, ...word(page)]);

for (const accel of ['interp', 'jit'] as const) {
  it.each([
    // Digits: global data, local data, global code, local code.
    ['a write of CR3', RELOAD_CR3, '1212'],
    ['INVLPG of the global pages and a write of CR3', [...INVLPG_GLOBALS, ...RELOAD_CR3], '2222'],
    ['a change of CR4.PGE', TOGGLE_PGE, '2222'],
  ])(`sees pages mapped anew after %s, ${accel}`, (_name, flush, digits) => {
    expect(after(accel, flush)).toBe(digits);
  });
}
