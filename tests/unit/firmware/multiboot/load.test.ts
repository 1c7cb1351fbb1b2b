// Multiboot 1: ELF and a.out-kludge kernels, modules and the information structure.

import { describe, expect, it } from 'vitest';
import { BootError } from '../../../../src-main/engine/firmware/boot-error.ts';
import { findMultibootHeader } from '../../../../src-main/engine/firmware/multiboot/header.ts';
import { loadMultiboot, type MultibootBoot } from '../../../../src-main/engine/firmware/multiboot/load.ts';
import { FlatMemory } from '../../../support/flat-memory.ts';

const MiB = 0x10_0000;
const HEADER_AT = 0x200;

function header(data: DataView, at: number, flags: number): void {
  data.setUint32(at, 0x1bad_b002, true);
  data.setUint32(at + 4, flags, true);
  data.setUint32(at + 8, -(0x1bad_b002 + flags), true);
}

/** One segment: 16 bytes of file at 1 MiB, 4096 in memory, linked at C0100000h when `high`. */
function elf(bits: 32 | 64, { flags = 3, high = false } = {}): Uint8Array {
  const bytes = new Uint8Array(0x400);
  const data = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, 1, 1]);
  data.setUint16(16, 2, true);
  data.setUint16(18, bits === 64 ? 62 : 3, true);
  const virtual = high ? 0xc010_0000 : MiB;
  const put = (at: number, value: number) => (bits === 64 ? data.setBigUint64(at, BigInt(value), true) : data.setUint32(at, value, true));
  put(24, virtual + 8);
  put(bits === 64 ? 32 : 28, 0x80);
  data.setUint16(bits === 64 ? 54 : 42, bits === 64 ? 56 : 32, true);
  data.setUint16(bits === 64 ? 56 : 44, 1, true);
  data.setUint32(0x80, 1, true);
  const [offset, address, physical, fileSize, memorySize] = bits === 64 ? [8, 16, 24, 32, 40] : [4, 8, 12, 16, 20];
  put(0x80 + offset!, 0x300);
  put(0x80 + address!, virtual);
  put(0x80 + physical!, MiB);
  put(0x80 + fileSize!, 16);
  put(0x80 + memorySize!, 4096);
  bytes.fill(0x90, 0x300, 0x310);
  header(data, HEADER_AT, flags);
  return bytes;
}

function boot(bytes: Uint8Array, change: Partial<MultibootBoot> = {}): MultibootBoot {
  return { kernel: { name: 'kernel', bytes }, modules: [], commandLine: 'a b', ramBytes: 8 * MiB, textScreen: true, ...change };
}

function problem(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof BootError) return error.code;
    throw error;
  }
  return 'none';
}

describe.each([32, 64] as const)('ELF%d kernel', (bits) => {
  it('is loaded at its physical address with zeroed BSS and entered with the magic in EAX', () => {
    const memory = new FlatMemory(8 * MiB);
    memory.bytes.fill(0xee);
    const entry = loadMultiboot(boot(elf(bits)), memory);
    expect(entry.eip).toBe(MiB + 8);
    expect(entry.registers.eax).toBe(0x2bad_b002);
    expect([memory.bytes[MiB], memory.bytes[MiB + 15], memory.bytes[MiB + 16], memory.bytes[MiB + 4095], memory.bytes[MiB + 4096]])
      .toEqual([0x90, 0x90, 0, 0, 0xee]);
  });

  it('linked high is entered at its physical address', () => {
    expect(loadMultiboot(boot(elf(bits, { high: true })), new FlatMemory(8 * MiB)).eip).toBe(MiB + 8);
  });
});

describe('information structure', () => {
  it('has memory, command line, modules, map, loader name and text screen', () => {
    const memory = new FlatMemory(8 * MiB);
    const modules = [
      { name: 'one', bytes: new Uint8Array(5000).fill(1), arguments: 'x y' },
      { name: 'two', bytes: new Uint8Array(10).fill(2), arguments: '' },
    ];
    const info = loadMultiboot(boot(elf(32), { modules }), memory).registers.ebx ?? 0;
    const word = (offset: number) => memory.data.getUint32(info + offset, true);
    expect(word(0)).toBe(1 | 4 | 8 | 0x40 | 0x200 | 0x1000);
    expect([word(4), word(8)]).toEqual([639, 7 * 1024 - 64]);
    expect(memory.text(word(16))).toBe('kernel a b');
    expect(memory.text(word(64))).toBe('boxwright');
    expect(word(20)).toBe(2);
    const module = (index: number) => [0, 4, 8].map((field) => memory.data.getUint32(word(24) + 16 * index + field, true)) as [number, number, number];
    const [firstStart, firstEnd, firstText] = module(0);
    expect([firstStart, firstEnd, memory.text(firstText)]).toEqual([MiB + 4096, MiB + 4096 + 5000, 'one x y']);
    const [secondStart, secondEnd, secondText] = module(1);
    expect([secondStart % 4096, secondEnd - secondStart, memory.text(secondText), memory.bytes[secondStart]]).toEqual([0, 10, 'two', 2]);
    const map = word(48);
    expect(memory.data.getUint32(map, true)).toBe(20);
    expect(memory.data.getUint32(map + 20, true)).toBe(1);
    expect(word(44) % 24).toBe(0);
    expect([word(88), word(96), word(100), word(104), memory.bytes[info + 109]]).toEqual([0xb_8000, 160, 80, 25, 2]);
  });
});

describe('a.out kludge', () => {
  function image(change: Partial<Record<'header' | 'load' | 'loadEnd' | 'bssEnd' | 'entry', number>> = {}): Uint8Array {
    const bytes = new Uint8Array(0x800).fill(0x55);
    const data = new DataView(bytes.buffer);
    header(data, 0x40, 0x1_0000);
    const fields = { header: 2 * MiB + 0x20, load: 2 * MiB, loadEnd: 0, bssEnd: 0, entry: 2 * MiB + 4, ...change };
    Object.values(fields).forEach((value, index) => data.setUint32(0x40 + 12 + index * 4, value, true));
    return bytes;
  }

  it('loads from the header\'s offset to the end of the file', () => {
    const memory = new FlatMemory(8 * MiB);
    expect(loadMultiboot(boot(image()), memory).eip).toBe(2 * MiB + 4);
    expect(memory.data.getUint32(2 * MiB + 0x20, true)).toBe(0x1bad_b002);
    expect([memory.bytes[2 * MiB + 0x7df], memory.bytes[2 * MiB + 0x7e0]]).toEqual([0x55, 0]);
  });

  it('refuses contradictory and cut-off addresses', () => {
    expect(problem(() => loadMultiboot(boot(image({ load: 3 * MiB })), new FlatMemory(8 * MiB)))).toBe('kernel-bad-multiboot');
    expect(problem(() => loadMultiboot(boot(image({ loadEnd: 2 * MiB + 0x900 })), new FlatMemory(8 * MiB)))).toBe('kernel-bad-multiboot');
  });
});

describe('unusable files', () => {
  it('are told apart', () => {
    const memory = new FlatMemory(8 * MiB);
    expect(findMultibootHeader(new Uint8Array(100))).toBeUndefined();
    expect(problem(() => loadMultiboot(boot(elf(32, { flags: 0x10 })), memory))).toBe('kernel-bad-multiboot');
    const cut = elf(32);
    new DataView(cut.buffer).setUint32(0x80 + 16, 0x4000, true);
    expect(problem(() => loadMultiboot(boot(cut), memory))).toBe('kernel-bad-elf');
    const big = elf(32);
    new DataView(big.buffer).setUint32(0x80 + 20, 64 * MiB, true);
    expect(problem(() => loadMultiboot(boot(big), memory))).toBe('memory-too-small');
    const video = elf(32);
    new DataView(video.buffer).setUint32(0x80 + 12, 0xa_0000, true);
    expect(problem(() => loadMultiboot(boot(video), memory))).toBe('kernel-bad-multiboot');
  });
});
