// Functions that run over the end of a page whose successor is mapped anew, absent, elsewhere or written: a region
// compiled of both pages must notice. Both tiers have to count the same.

import { expect, it } from 'vitest';
import { CR0_PG } from '../../src-main/engine/x86/state/control-bits.ts';
import { FlatGuest } from '../support/flat-guest.ts';

const DIRECTORY = 0x10_0000;
/** Of the first four megabytes, which stand where they are, and of the functions. */
const LOW_TABLE = 0x10_1000;
const TABLE = 0x10_2000;
const FIRST = 0x10_4000;
/** Successors of the first page: the function adds 100h in one and 10000h in the other. */
const SMALL = 0x10_6000;
const LARGE = 0x10_8000;
const PRESENT = 7;
const FUNCTION = 0x40_0ff8;
const SECOND_PAGE = 0x40_1000;
/** The same first page once more. */
const ALIAS = 0x41_0ff8;
const CALLS = 6;

const word = (value: number): number[] => [value, value >> 8, value >> 16, value >> 24].map((byte) => byte & 0xff);

class Pages {
  readonly guest: FlatGuest;

  constructor(accel: 'interp' | 'jit') {
    this.guest = new FlatGuest({ bits: 32, accel });
    const { view, machine } = this.guest;
    view.setUint32(DIRECTORY, LOW_TABLE | PRESENT, true);
    view.setUint32(DIRECTORY + 4, TABLE | PRESENT, true);
    for (let page = 0; page < 512; page++) view.setUint32(LOW_TABLE + page * 4, (page << 12) | PRESENT, true);
    this.#map(FUNCTION, FIRST);
    this.#map(SECOND_PAGE, SMALL);
    this.#map(ALIAS, FIRST);
    this.#map(ALIAS + 0x1000, LARGE);
    // add ebx, 1; add ebx, 1; add ebx, imm32, which lies in the second page; ret
    machine.memory.set([0x83, 0xc3, 1, 0x83, 0xc3, 1, 0x81, 0xc3], FIRST + 0xff8);
    machine.memory.set([...word(0x100), 0xc3], SMALL);
    machine.memory.set([...word(0x1_0000), 0xc3], LARGE);
    machine.cpu.setHalves('cr3', DIRECTORY, 0);
    machine.cpu.setHalves('cr0', (machine.cpu.low('cr0') | CR0_PG) >>> 0, 0);
    machine.cpu.updateMode();
    machine.cpu.flushTlb('all');
  }

  #map(linear: number, physical: number): void {
    this.guest.view.setUint32(Pages.entry(linear), physical | PRESENT, true);
  }
  static entry(linear: number): number {
    return TABLE + ((linear >> 12) & 0x3ff) * 4;
  }

  /** Runs pieces of code made for their addresses; EBX afterwards, and the exception. */
  run(...pieces: ((at: number) => number[])[]) {
    const { cpu, engine } = this.guest.machine;
    let bytes: number[] = [0x31, 0xdb];
    for (const piece of pieces) bytes = [...bytes, ...piece(0x8000 + bytes.length)];
    const vector = this.guest.run(bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(''));
    return { vector, ebx: cpu.low('gpr', 3), regions: engine.inspection.jit };
  }
}

/** Calls a function several times. */
const calls = (target: number, count = CALLS) => (at: number) =>
  [0xb9, ...word(count), 0xe8, ...word(target - (at + 10)), 0x49, 0x75, 0xf8];
const store = (address: number, value: number) => () => [0xc7, 0x05, ...word(address), ...word(value)];
const invlpg = (address: number) => () => [0x0f, 0x01, 0x3d, ...word(address)];
const reloadCr3 = () => [0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8];

const sum = (small: number, large: number): number => 2 * (small + large) + 0x100 * small + 0x1_0000 * large;

it('compiles such a function as one region', () => {
  const { ebx, regions } = new Pages('jit').run(calls(FUNCTION));
  expect(ebx).toBe(sum(CALLS, 0));
  expect(regions?.installed).toBeGreaterThan(0);
  expect(regions?.spanning).toBeGreaterThan(0);
});

for (const accel of ['interp', 'jit'] as const) {
  it.each([
    ['INVLPG', invlpg(SECOND_PAGE)],
    ['a write of CR3', reloadCr3],
  ])(`finds the second page mapped anew after %s, ${accel}`, (_name, flush) => {
    const remap = store(Pages.entry(SECOND_PAGE), LARGE | PRESENT);
    const { ebx, vector, regions } = new Pages(accel).run(calls(FUNCTION), remap, flush, calls(FUNCTION));
    expect({ ebx, vector }).toEqual({ ebx: sum(CALLS, CALLS), vector: -1 });
    if (accel === 'jit') expect(regions?.remapped).toBe(1);
  });

  it(`faults where the second page is gone, ${accel}`, () => {
    const pages = new Pages(accel);
    const unmap = store(Pages.entry(SECOND_PAGE), 0);
    const { ebx, vector } = pages.run(calls(FUNCTION), unmap, invlpg(SECOND_PAGE), calls(FUNCTION));
    const { cpu } = pages.guest.machine;
    const frame = cpu.low('gpr', 4);
    expect({ ebx, vector, cr2: cpu.low('cr2') }).toEqual({ ebx: sum(CALLS, 0) + 2, vector: 14, cr2: SECOND_PAGE });
    expect(pages.guest.view.getUint32(frame + 4, true)).toBe(FUNCTION + 6);
  });

  it(`keeps two mappings of the first page apart, ${accel}`, () => {
    const both = [calls(FUNCTION, 3), calls(ALIAS, 3)];
    const { ebx, vector } = new Pages(accel).run(...both, ...both, ...both, ...both);
    expect({ ebx, vector }).toEqual({ ebx: sum(12, 12), vector: -1 });
  });

  it(`sees the second page written, ${accel}`, () => {
    const { ebx, vector } = new Pages(accel).run(calls(FUNCTION), store(SECOND_PAGE, 0x1_0000), calls(FUNCTION));
    expect({ ebx, vector }).toEqual({ ebx: sum(CALLS, CALLS), vector: -1 });
  });

  it(`sees the first page written, ${accel}`, () => {
    // The first addition becomes one of zero.
    const { ebx, vector } = new Pages(accel).run(calls(FUNCTION), store(FUNCTION + 2, 0x01c38300), calls(FUNCTION));
    expect({ ebx, vector }).toEqual({ ebx: sum(2 * CALLS, 0) - CALLS, vector: -1 });
  });
}
