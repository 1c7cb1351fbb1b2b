// Page tables of every paging mode: access, accessed and dirty bits, faults (Intel SDM vol. 3, chapter 4).

import { beforeEach, describe, expect, it } from 'vitest';
import { FakeCpu } from '../../../support/fake-cpu.ts';
import { createWalkResult, loadPdptes, walk } from '../../../../src-main/engine/x86/helpers/page-walk.ts';
import type { AccessKind } from '../../../../src-main/engine/x86/helpers/cpu-context.ts';
import { CPU_MODELS } from '../../../../src-main/engine/x86/models/index.ts';

const PRESENT = 1;
const WRITABLE = 2;
const USER = 4;
const ACCESSED = 0x20;
const DIRTY = 0x40;
const LARGE = 0x80;
const GLOBAL = 0x100;
const NX = 1n << 63n;

const result = createWalkResult();
let cpu: FakeCpu;
const translate = (linear: number, access: AccessKind = 'read', user = false): boolean =>
  walk(cpu, linear, access, user, result);
const errorOf = (linear: number, access: AccessKind, user: boolean): number => {
  expect(translate(linear, access, user)).toBe(false);
  return result.errorCode;
};

describe('no paging', () => {
  it('maps every address to itself', () => {
    cpu = new FakeCpu();
    expect(translate(0xfffffff0, 'write')).toBe(true);
    expect(result.physical).toBe(0xfffffff0);
  });
});

describe('32-bit paging', () => {
  const DIRECTORY = 0x1000;
  const TABLE = 0x2000;
  const setPde = (index: number, value: number) => cpu.writePhysical32(DIRECTORY + index * 4, value);
  const setPte = (index: number, value: number) => cpu.writePhysical32(TABLE + index * 4, value);
  const pde = (index: number) => cpu.readPhysical32(DIRECTORY + index * 4);
  const pte = (index: number) => cpu.readPhysical32(TABLE + index * 4);

  beforeEach(() => {
    cpu = new FakeCpu();
    cpu.setHalves('cr0', 0x80000011, 0);
    cpu.setHalves('cr3', DIRECTORY, 0);
    setPde(1, TABLE | PRESENT | WRITABLE | USER);
  });

  it('goes through directory and table and sets the accessed bits', () => {
    setPte(3, 0x5000 | PRESENT | WRITABLE | USER);
    expect(translate(0x403123)).toBe(true);
    expect(result).toMatchObject({ physical: 0x5123, pageShift: 12, writable: true, user: true, dirty: false });
    expect(pde(1) & ACCESSED).toBe(ACCESSED);
    expect(pte(3) & (ACCESSED | DIRTY)).toBe(ACCESSED);
  });

  it('sets the dirty bit for a write', () => {
    setPte(3, 0x5000 | PRESENT | WRITABLE);
    expect(translate(0x403123, 'write')).toBe(true);
    expect(result.dirty).toBe(true);
    expect(pte(3) & (ACCESSED | DIRTY)).toBe(ACCESSED | DIRTY);
  });

  it('reports P, W and U in the error code and changes nothing', () => {
    expect(errorOf(0x3000, 'read', false)).toBe(0);
    expect(errorOf(0x403000, 'write', true)).toBe(6);
    setPte(3, 0x5000 | PRESENT);
    expect(errorOf(0x403000, 'read', true)).toBe(5);
    expect(errorOf(0x403000, 'execute', true)).toBe(5);
    setPte(3, 0x5000 | PRESENT | USER);
    expect(errorOf(0x403000, 'write', true)).toBe(7);
    expect(pte(3) & ACCESSED).toBe(0);
    expect(pde(1) & ACCESSED).toBe(0);
  });

  it('takes the stricter right of the two levels', () => {
    setPde(1, TABLE | PRESENT | USER);
    setPte(3, 0x5000 | PRESENT | WRITABLE | USER);
    expect(errorOf(0x403000, 'write', true)).toBe(7);
  });

  it('lets the supervisor write read-only pages unless WP is set', () => {
    setPte(3, 0x5000 | PRESENT | USER);
    expect(translate(0x403000, 'write')).toBe(true);
    cpu.setHalves('cr0', 0x80010011, 0);
    expect(errorOf(0x403000, 'write', false)).toBe(3);
  });

  it('maps 4 MiB pages only with CR4.PSE', () => {
    setPde(2, 0x00c00000 | PRESENT | WRITABLE | LARGE | GLOBAL | ACCESSED);
    expect(translate(0x812345)).toBe(true);
    expect(result.pageShift).toBe(12);
    cpu.setHalves('cr4', 0x90, 0);
    expect(translate(0x812345, 'write')).toBe(true);
    expect(result).toMatchObject({ physical: 0xc12345, pageShift: 22, global: true, dirty: true });
    expect(pde(2) & (ACCESSED | DIRTY)).toBe(ACCESSED | DIRTY);
  });

  it('takes address bits 32-35 of a PSE-36 page and refuses reserved ones', () => {
    cpu.setHalves('cr4', 0x10, 0);
    setPde(2, 0x00c00000 | (5 << 13) | PRESENT | LARGE);
    expect(translate(0x800001)).toBe(true);
    expect(result.physical).toBe(0x5_00c0_0001);
    setPde(2, 0x00c00000 | (1 << 17) | PRESENT | LARGE);
    expect(errorOf(0x800001, 'read', false)).toBe(9);
    setPde(2, 0x00c00000 | (1 << 21) | PRESENT | LARGE);
    expect(errorOf(0x800001, 'write', true)).toBe(15);
  });
});

describe('PAE paging', () => {
  const POINTERS = 0x1020;
  const DIRECTORY = 0x2000;
  const TABLE = 0x3000;
  const set64 = (address: number, value: bigint) => cpu.view.setBigUint64(address, value, true);

  beforeEach(() => {
    cpu = new FakeCpu();
    cpu.setHalves('cr0', 0x80000011, 0);
    cpu.setHalves('cr4', 0x20, 0);
    cpu.setHalves('cr3', POINTERS, 0);
    set64(POINTERS + 24, BigInt(DIRECTORY | PRESENT));
    set64(DIRECTORY, BigInt(TABLE | PRESENT | WRITABLE | USER));
    expect(loadPdptes(cpu, POINTERS)).toBe(true);
  });

  it('uses the directory pointers loaded with CR3, not those in memory', () => {
    set64(TABLE + 8, BigInt(0x7000 | PRESENT));
    set64(POINTERS + 24, 0n);
    expect(translate(0xc0001234)).toBe(true);
    expect(result.physical).toBe(0x7234);
  });

  it('gives addresses above 4 GiB', () => {
    set64(TABLE + 8, 0xf_0000_7000n | BigInt(PRESENT));
    expect(translate(0xc0001234)).toBe(true);
    expect(result.physical).toBe(0xf_0000_7234);
  });

  it('maps 2 MiB pages', () => {
    set64(DIRECTORY + 8, BigInt(0x400000 | PRESENT | LARGE | WRITABLE));
    expect(translate(0xc0212345, 'write')).toBe(true);
    expect(result).toMatchObject({ physical: 0x412345, pageShift: 21, user: false });
    expect(cpu.readPhysical32(DIRECTORY + 8) & (ACCESSED | DIRTY)).toBe(ACCESSED | DIRTY);
  });

  it('faults with RSVD for address bits the model lacks, bits 52-62 and XD without NXE', () => {
    for (const bit of [36n, 51n, 52n, 62n, 63n]) {
      set64(TABLE + 8, BigInt(0x7000 | PRESENT) | (1n << bit));
      expect(errorOf(0xc0001000, 'read', true)).toBe(13);
    }
    set64(DIRECTORY + 8, BigInt(0x400000 | 0x2000 | PRESENT | LARGE));
    expect(errorOf(0xc0200000, 'read', false)).toBe(9);
  });

  it('refuses directory pointers with reserved bits and keeps the old ones', () => {
    set64(POINTERS, BigInt(DIRECTORY | PRESENT | WRITABLE));
    expect(loadPdptes(cpu, POINTERS)).toBe(false);
    set64(POINTERS, BigInt(DIRECTORY | PRESENT) | (1n << 36n));
    expect(loadPdptes(cpu, POINTERS)).toBe(false);
    set64(POINTERS, BigInt(DIRECTORY | WRITABLE));
    expect(loadPdptes(cpu, POINTERS)).toBe(true);
  });
});

describe('4-level paging', () => {
  const PML4 = 0x1000;
  const PDPT = 0x2000;
  const PD = 0x3000;
  const PT = 0x4000;
  const TOP = -0x80000000;
  const set64 = (address: number, value: bigint) => cpu.view.setBigUint64(address, value, true);
  const ALL = BigInt(PRESENT | WRITABLE | USER);

  beforeEach(() => {
    cpu = new FakeCpu(CPU_MODELS['x86-64-v2']);
    cpu.setHalves('cr0', 0x80010011, 0);
    cpu.setHalves('cr4', 0xa0, 0);
    cpu.setHalves('cr3', PML4, 0);
    cpu.setHalves('efer', 0xd00, 0);
    set64(PML4 + 511 * 8, BigInt(PDPT) | ALL);
    set64(PDPT + 510 * 8, BigInt(PD) | ALL);
    set64(PD + 8 * 8, BigInt(PT) | ALL);
  });

  it('walks a negative linear address', () => {
    set64(PT + 5 * 8, 0x12_3456_7000n | ALL | BigInt(GLOBAL));
    expect(translate(TOP + 0x1005678)).toBe(true);
    expect(result).toMatchObject({ physical: 0x12_3456_7678, pageShift: 12, global: true, noExecute: false });
    for (const entry of [PML4 + 511 * 8, PDPT + 510 * 8, PD + 64, PT + 40]) {
      expect(cpu.readPhysical32(entry) & ACCESSED).toBe(ACCESSED);
    }
  });

  it('splits a positive address above 4 GiB into its four indices', () => {
    const linear = 3 * 2 ** 39 + 5 * 2 ** 30 + 7 * 2 ** 21 + 9 * 2 ** 12 + 0x123;
    set64(PML4 + 3 * 8, BigInt(PDPT) | ALL);
    set64(PDPT + 5 * 8, BigInt(PD) | ALL);
    set64(PD + 7 * 8, BigInt(PT) | ALL);
    set64(PT + 9 * 8, 0x9000n | ALL);
    expect(translate(linear, 'write', true)).toBe(true);
    expect(result.physical).toBe(0x9123);
  });

  it('maps 1 GiB and 2 MiB pages', () => {
    set64(PDPT + 511 * 8, 0x1_4000_0000n | ALL | BigInt(LARGE));
    expect(translate(-0x40000000 + 0x12345678)).toBe(true);
    expect(result).toMatchObject({ physical: 0x1_5234_5678, pageShift: 30 });
    set64(PD + 9 * 8, 0x600000n | ALL | BigInt(LARGE));
    expect(translate(TOP + 9 * 0x200000 + 0x1234)).toBe(true);
    expect(result).toMatchObject({ physical: 0x601234, pageShift: 21 });
  });

  it('takes PS in a directory-pointer entry as reserved where the model has no 1 GiB pages', () => {
    const entry = 0x1_4000_0000n | ALL | BigInt(LARGE);
    set64(PDPT + 511 * 8, entry | 0x2000n);
    expect(errorOf(-0x40000000, 'read', false)).toBe(9);
    const v1 = new FakeCpu(CPU_MODELS['x86-64-v1']);
    for (const name of ['cr0', 'cr3', 'cr4', 'efer'] as const) v1.set64(name, cpu.get64(name));
    v1.memory.set(cpu.memory);
    v1.view.setBigUint64(PDPT + 511 * 8, entry, true);
    cpu = v1;
    expect(errorOf(-0x40000000, 'read', false)).toBe(9);
  });

  it('forbids execution where any level has XD', () => {
    set64(PD + 64, BigInt(PT) | ALL | NX);
    set64(PT + 40, 0x7000n | ALL);
    expect(translate(TOP + 0x1005000)).toBe(true);
    expect(result.noExecute).toBe(true);
    expect(errorOf(TOP + 0x1005000, 'execute', false)).toBe(17);
    expect(errorOf(TOP + 0x1005000, 'execute', true)).toBe(21);
  });

  it('ignores bits 52-62 of an entry', () => {
    set64(PT + 40, 0x7000n | ALL | (0x7ffn << 52n));
    expect(translate(TOP + 0x1005000)).toBe(true);
  });

  it('keeps the supervisor from executing user pages with SMEP', () => {
    set64(PT + 40, 0x7000n | ALL);
    expect(translate(TOP + 0x1005000, 'execute')).toBe(true);
    cpu.setHalves('cr4', 0x1000a0, 0);
    expect(errorOf(TOP + 0x1005000, 'execute', false)).toBe(17);
    expect(translate(TOP + 0x1005000, 'execute', true)).toBe(true);
  });

  it('opens user pages to the supervisor under SMAP by AC, not for implicit accesses from CPL 3', () => {
    set64(PT + 40, 0x7000n | ALL);
    cpu.setHalves('cr4', 0x2000a0, 0);
    expect(errorOf(TOP + 0x1005000, 'read', false)).toBe(1);
    expect(errorOf(TOP + 0x1005000, 'write', false)).toBe(3);
    cpu.writeFlags(0x40002);
    expect(translate(TOP + 0x1005000, 'write')).toBe(true);
    cpu.set32('cpl', 3);
    expect(errorOf(TOP + 0x1005000, 'read', false)).toBe(1);
    expect(translate(TOP + 0x1005000, 'read', true)).toBe(true);
  });
});
