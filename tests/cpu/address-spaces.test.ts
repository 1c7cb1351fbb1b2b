// Two address spaces that a guest goes to and fro between: what was known of one is there again at its return, and nothing of it
// where its paging structures have been written meanwhile. Reference: Intel SDM vol. 3A 4.10.2.3, 4.10.4.1.

import { beforeEach, describe, expect, it } from 'vitest';
import { CR0_PG, CR0_WP, CR4_PAE, CR4_PSE } from '../../src-main/engine/x86/state/control-bits.ts';
import { GPR_INDEX } from '../../src-main/engine/x86/state/cpu-state.ts';
import { FlatGuest } from '../support/flat-guest.ts';

const PRESENT = 7;
const READ_ONLY = 5;
const LARGE = 0x80;
const ACCESSED = 0x20;
const DIRTY = 0x40;
/** Linear pages that both spaces have, each at a place of its own. */
const CODE = 0x40_0000;
const DATA = 0x40_1000;
const WRITTEN = 0x40_2000;
const PAGE_FAULT = 14;

type Paging = '32-bit' | 'PAE' | '4-level';

/** Paging structures and pages of one space; everything below 2 MiB is mapped to itself. */
class Space {
  readonly top: number;
  readonly #guest: FlatGuest;
  readonly #paging: Paging;
  readonly #base: number;
  /** Levels above the table, from the directory up; two tables. */
  readonly directory: number;
  readonly pointers: number;
  readonly table: number;
  readonly otherTable: number;

  constructor(guest: FlatGuest, paging: Paging, number: number) {
    this.#guest = guest;
    this.#paging = paging;
    const base = 0x10_0000 + number * 0x4_0000;
    this.#base = base;
    [this.table, this.otherTable, this.directory, this.pointers] = [base, base + 0x1000, base + 0x2000, base + 0x3000];
    this.top = paging === '32-bit' ? this.directory : paging === 'PAE' ? this.pointers : base + 0x4000;
    if (paging === '4-level') this.#write(this.top, this.pointers | PRESENT);
    if (paging !== '32-bit') this.#write(this.pointers, this.directory | (paging === 'PAE' ? 1 : PRESENT));
    this.#write(this.directory, PRESENT | LARGE);
    this.setTable(this.table);
    for (const table of [this.table, this.otherTable]) {
      const isOther = table !== this.table;
      for (const page of [CODE, DATA, WRITTEN]) this.map(page, isOther, PRESENT, table);
    }
    // add ebx, imm8; ret, and a number to be added.
    for (const isOther of [false, true]) {
      const value = 1 + number + (isOther ? 4 : 0);
      guest.machine.memory.set([0x83, 0xc3, value, 0xc3], this.physical(CODE, isOther));
      guest.view.setUint32(this.physical(DATA, isOther), value << 8, true);
    }
  }

  /** Of either of two places. */
  physical(page: number, isOther: boolean): number {
    return this.#base + (isOther ? 0x2_0000 : 0x1_0000) + (page - CODE);
  }
  get entryBytes(): 4 | 8 {
    return this.#paging === '32-bit' ? 4 : 8;
  }
  leaf(page: number): number {
    return this.table + ((page - CODE) >> 12) * this.entryBytes;
  }
  map(page: number, isOther: boolean, flags: number, table = this.table): void {
    this.#write(table + ((page - CODE) >> 12) * this.entryBytes, this.physical(page, isOther) | flags);
  }
  setTable(table: number, directory = this.directory): void {
    this.#write(directory + (this.#paging === '32-bit' ? 4 : 16), table | PRESENT);
  }
  /** Another directory, with the other table. */
  replaceDirectory(): void {
    const directory = this.pointers + 0x2000;
    this.#write(directory, PRESENT | LARGE);
    this.setTable(this.otherTable, directory);
    this.#write(this.pointers, directory | (this.#paging === 'PAE' ? 1 : PRESENT));
  }
  #write(address: number, value: number): void {
    this.#guest.view.setUint32(address, value, true);
  }
}

/** CR3 from EAX; six times what the code page adds to EBX and what the data page holds; EBX into the written page. */
const PROGRAM = `0f22d8 31db b906000000 e8${bytesOf(CODE - (0x8000 + 15))} 031e ffc9 75f5 891a`;

function bytesOf(value: number): string {
  return [0, 8, 16, 24].map((shift) => ((value >>> shift) & 0xff).toString(16).padStart(2, '0')).join('');
}

describe.each([
  ['32-bit', 'interp'], ['32-bit', 'jit'], ['PAE', 'interp'], ['PAE', 'jit'], ['4-level', 'interp'], ['4-level', 'jit'],
] as const)('%s paging, %s', (paging, accel) => {
  let guest: FlatGuest;
  let first: Space;
  let second: Space;

  /** What a run gives: the vector of its exception and EBX. */
  const enter = (space: Space): { vector: number; sum: number } => {
    const { cpu } = guest.machine;
    cpu.setHalves('gpr', space.top, 0, GPR_INDEX.rax);
    cpu.setHalves('gpr', DATA, 0, GPR_INDEX.rsi);
    cpu.setHalves('gpr', WRITTEN, 0, GPR_INDEX.rdx);
    const vector = guest.run(PROGRAM);
    return { vector, sum: cpu.low('gpr', GPR_INDEX.rbx) };
  };
  const sumOf = (code: number, data: number) => ({ vector: -1, sum: 6 * (code + (data << 8)) });
  const misses = (): number => guest.machine.engine.stats.tlbMisses;

  beforeEach(() => {
    guest = new FlatGuest({ bits: paging === '4-level' ? 64 : 32, accel });
    first = new Space(guest, paging, 0);
    second = new Space(guest, paging, 1);
    const { cpu } = guest.machine;
    cpu.setHalves('cr3', first.top, 0);
    cpu.setHalves('cr4', (cpu.low('cr4') | (paging === '32-bit' ? CR4_PSE : CR4_PAE)) >>> 0, 0);
    cpu.setHalves('pdpte', guest.view.getUint32(first.top, true), 0);
    cpu.setHalves('cr0', (cpu.low('cr0') | CR0_PG | CR0_WP) >>> 0, 0);
    cpu.updateMode();
    cpu.flushTlb('all');
    for (let i = 0; i < 6; i++) {
      expect(enter(first)).toEqual(sumOf(1, 1));
      expect(enter(second)).toEqual(sumOf(2, 2));
    }
  });

  it('walks to nothing again where nothing was written', () => {
    const before = misses();
    expect(enter(first)).toEqual(sumOf(1, 1));
    expect(enter(second)).toEqual(sumOf(2, 2));
    expect(misses()).toBe(before);
  });

  it.each([
    ['data', DATA, sumOf(1, 5)],
    ['code', CODE, sumOf(5, 1)],
  ])('sees %s that were mapped elsewhere, with no INVLPG', (_name, page, expected) => {
    first.map(page, true, PRESENT);
    expect(enter(first)).toEqual(expected);
    expect(enter(second)).toEqual(sumOf(2, 2));
    first.map(page, false, PRESENT);
    expect(enter(first)).toEqual(sumOf(1, 1));
  });

  it('sees another table in the directory', () => {
    first.setTable(first.otherTable);
    expect(enter(first)).toEqual(sumOf(5, 5));
    expect(enter(second)).toEqual(sumOf(2, 2));
  });

  it.each(paging === '32-bit' ? [] : [undefined])('sees another directory behind the pointers', () => {
    first.replaceDirectory();
    expect(enter(first)).toEqual(sumOf(5, 5));
  });

  it('sees that another has written its table while it was there', () => {
    first.setTable(first.otherTable);
    expect(enter(first)).toEqual(sumOf(5, 5));
    expect(enter(second)).toEqual(sumOf(2, 2));
    first.setTable(first.table);
    first.map(DATA, true, PRESENT);
    expect(enter(first)).toEqual(sumOf(1, 5));
  });

  it.each([
    ['data that are gone', DATA, 0, { cr2: DATA, error: 0 }],
    ['code that is gone', CODE, 0, { cr2: CODE, error: 0 }],
    ['a page that must not be written any more', WRITTEN, READ_ONLY, { cr2: WRITTEN, error: 3 }],
  ])('faults at %s', (_name, page, flags, { cr2, error }) => {
    const { cpu } = guest.machine;
    first.map(page, false, flags);
    expect(enter(first).vector).toBe(PAGE_FAULT);
    expect(cpu.low('cr2')).toBe(cr2);
    expect(guest.view.getUint32(cpu.low('gpr', GPR_INDEX.rsp), true)).toBe(error);
    expect(enter(second)).toEqual(sumOf(2, 2));
  });

  it('sets accessed and dirty bits that were cleared', () => {
    for (const page of [CODE, DATA, WRITTEN]) first.map(page, false, PRESENT);
    expect(enter(first)).toEqual(sumOf(1, 1));
    const bits = [CODE, DATA, WRITTEN].map((page) => guest.view.getUint32(first.leaf(page), true) & (ACCESSED | DIRTY));
    expect(bits).toEqual([ACCESSED, ACCESSED, ACCESSED | DIRTY]);
  });

  it('runs code that was written in a space that the guest had left', () => {
    guest.machine.memory[first.physical(CODE, false) + 2] = 9;
    guest.machine.engine.invalidate(first.physical(CODE, false), 4096);
    expect(enter(first)).toEqual(sumOf(9, 1));
  });

  it('keeps apart what more spaces have than it remembers', () => {
    const others = Array.from({ length: 8 }, (_, i) => 0x1a_0000 + i * 0x1000);
    for (const top of others) guest.machine.memory.copyWithin(top, first.top, first.top + 4096);
    for (let round = 0; round < 3; round++) {
      for (const top of others) expect(enter({ ...second, top } as Space)).toEqual(sumOf(1, 1));
      expect(enter(second)).toEqual(sumOf(2, 2));
    }
  });
});
