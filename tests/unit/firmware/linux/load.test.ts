// Direct Linux start: what stands where in guest memory, and what is said about unusable files.

import { describe, expect, it } from 'vitest';
import { BootError } from '../../../../src-main/engine/firmware/boot-error.ts';
import { type LinuxBoot, loadLinux } from '../../../../src-main/engine/firmware/linux/load.ts';
import { parseSetupHeader } from '../../../../src-main/engine/firmware/linux/setup-header.ts';
import { FlatMemory } from '../../../support/flat-memory.ts';
import { linuxImage, SETUP_BYTES } from '../../../support/linux-image.ts';

const MiB = 0x10_0000;

function boot(change: Partial<LinuxBoot> = {}): LinuxBoot {
  return {
    kernel: { name: 'vmlinuz', bytes: linuxImage() }, initrd: [], commandLine: 'console=ttyS0', ramBytes: 32 * MiB,
    rsdpAddress: 0xf_0000, longMode: false, textScreen: true, ...change,
  };
}

function problem(run: () => unknown): BootError {
  try {
    run();
  } catch (error) {
    if (error instanceof BootError) return error;
    throw error;
  }
  throw new Error('no error');
}

describe('setup header', () => {
  it('is read with its protocol version, sizes and version text', () => {
    const header = parseSetupHeader('k', linuxImage());
    expect(header).toMatchObject({ version: 0x20f, setupBytes: SETUP_BYTES, code32Start: MiB, relocatable: true, kernelVersion: '6.1.0-test (gcc)' });
    expect(header.raw.length).toBe(0x202 + 0x6a - 0x1f1);
  });

  it('has the limits of old protocols where the fields did not exist', () => {
    const header = parseSetupHeader('k', linuxImage({ version: 0x202 }));
    expect(header).toMatchObject({ initrdAddressMax: 0x37ff_ffff, commandLineMax: 255, relocatable: false, initSize: 0, is64Bit: false });
  });

  it.each([
    ['not-a-kernel', new Uint8Array(4096)],
    ['not-a-kernel', new Uint8Array(10)],
    ['kernel-is-vmlinux', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, ...new Array<number>(4000).fill(0))],
    ['kernel-not-relocatable-high', linuxImage({ loadedHigh: false })],
    ['kernel-truncated', linuxImage().subarray(0, SETUP_BYTES)],
  ])('refuses what is not a bzImage with %s and the name of the file', (code, bytes) => {
    const error = problem(() => parseSetupHeader('/tmp/thing', bytes));
    expect(error.code).toBe(code);
    expect(error.message).toContain('/tmp/thing');
    expect(error.detail['file']).toBe('/tmp/thing');
  });
});

describe('32-bit entry', () => {
  it('places kernel, command line and zero page and enters with ESI on the zero page', () => {
    const memory = new FlatMemory(32 * MiB);
    const entry = loadLinux(boot(), memory);
    expect(entry).toMatchObject({ eip: MiB, codeSelector: 0x10, dataSelector: 0x18 });
    expect([...memory.bytes.subarray(MiB, MiB + 4)]).toEqual([0, 1, 2, 3]);
    const page = entry.registers.esi ?? 0;
    expect(memory.text(memory.data.getUint32(page + 0x228, true))).toBe('console=ttyS0');
    expect(memory.data.getUint8(page + 0x210)).toBe(0xff);
    expect(memory.data.getUint32(page + 0x218, true)).toBe(0);
    expect(memory.data.getUint32(page + 0x70, true)).toBe(0xf_0000);
    // Flat code at 10h, flat data at 18h.
    expect(memory.data.getBigUint64(entry.gdt.base + 0x10, true)).toBe(0x00cf9b00_0000ffffn);
    expect(memory.data.getBigUint64(entry.gdt.base + 0x18, true)).toBe(0x00cf9300_0000ffffn);
  });

  it('describes an 80x25 colour text screen, or none', () => {
    const memory = new FlatMemory(32 * MiB);
    const page = loadLinux(boot(), memory).registers.esi ?? 0;
    expect([memory.bytes[page + 6], memory.bytes[page + 7], memory.bytes[page + 0xe], memory.bytes[page + 0xf]]).toEqual([3, 80, 25, 1]);
    loadLinux(boot({ textScreen: false }), memory);
    expect(memory.bytes[page + 0xf]).toBe(0);
  });

  it('describes a linear frame buffer instead where a mode is set', () => {
    const memory = new FlatMemory(32 * MiB);
    const linearScreen = { width: 1024, height: 768, bitsPerPixel: 16, address: 0xfd00_0000, pitch: 2048, memoryBytes: 16 * MiB };
    const page = loadLinux(boot({ linearScreen }), memory).registers.esi ?? 0;
    const u16 = (offset: number) => memory.data.getUint16(page + offset, true);
    expect(memory.bytes[page + 0xf]).toBe(0x23);
    expect([u16(0x12), u16(0x14), u16(0x16), u16(0x24), u16(0x32)]).toEqual([1024, 768, 16, 2048, 10]);
    expect(memory.data.getUint32(page + 0x18, true)).toBe(0xfd00_0000);
    expect(memory.data.getUint32(page + 0x1c, true)).toBe(256);
    expect([...memory.bytes.subarray(page + 0x26, page + 0x2e)]).toEqual([5, 11, 6, 5, 5, 0, 0, 0]);
  });

  it('lists memory in the E820 table, RAM first and with the ACPI area set apart', () => {
    const memory = new FlatMemory(32 * MiB);
    const page = loadLinux(boot(), memory).registers.esi ?? 0;
    const entries = Array.from({ length: memory.bytes[page + 0x1e8] ?? 0 }, (_, i) => {
      const at = page + 0x2d0 + 20 * i;
      return [Number(memory.data.getBigUint64(at, true)), Number(memory.data.getBigUint64(at + 8, true)), memory.data.getUint32(at + 16, true)];
    });
    expect(entries.slice(0, 6)).toEqual([
      [0, 0x9_fc00, 1], [0x9_fc00, 0x400, 2], [0xf_0000, 0x1_0000, 2],
      [MiB, 31 * MiB - 0x1_0000, 1], [32 * MiB - 0x1_0000, 0xf000, 3], [32 * MiB - 0x1000, 0x1000, 4],
    ]);
  });

  it('puts RAM beyond 3 GiB above 4 GiB', async () => {
    const { memoryMap } = await import('../../../../src-main/engine/firmware/memory-map.ts');
    expect(memoryMap(3.5 * 1024 * MiB).at(-1)).toEqual({ base: 0x1_0000_0000, length: 512 * MiB, type: 1 });
  });

  it('loads all parts of the initial RAM disk as high as the kernel allows', () => {
    const memory = new FlatMemory(64 * MiB);
    const part = (value: number) => ({ name: `p${value}`, bytes: new Uint8Array(5000).fill(value) });
    const page = loadLinux(boot({ ramBytes: 64 * MiB, initrd: [part(1), part(2)] }), memory).registers.esi ?? 0;
    const at = memory.data.getUint32(page + 0x218, true);
    expect(memory.data.getUint32(page + 0x21c, true)).toBe(10_000);
    expect(at % 0x1000).toBe(0);
    expect(at).toBe(64 * MiB - 0x1_0000 - 3 * 0x1000);
    expect([memory.bytes[at], memory.bytes[at + 4999], memory.bytes[at + 5000], memory.bytes[at + 9999]]).toEqual([1, 1, 2, 2]);
  });

  it('keeps the RAM disk below the address limit of the kernel', () => {
    const memory = new FlatMemory(64 * MiB);
    const image = linuxImage({ initrdMax: 48 * MiB - 1 });
    const page = loadLinux(boot({ ramBytes: 64 * MiB, kernel: { name: 'k', bytes: image }, initrd: [{ name: 'i', bytes: new Uint8Array(4096) }] }), memory).registers.esi ?? 0;
    expect(memory.data.getUint32(page + 0x218, true)).toBe(48 * MiB - 4096);
  });

  it('says how much memory would do', () => {
    const error = problem(() => loadLinux(boot({ ramBytes: 16 * MiB }), new FlatMemory(16 * MiB)));
    expect(error.code).toBe('memory-too-small');
    expect(() => loadLinux(boot({ ramBytes: Number(error.detail['neededMiB']) * MiB }), new FlatMemory(32 * MiB))).not.toThrow();
  });

  it('refuses a 64-bit kernel on a 32-bit CPU, an empty RAM disk and a long command line', () => {
    const memory = new FlatMemory(32 * MiB);
    expect(problem(() => loadLinux(boot({ kernel: { name: 'k', bytes: linuxImage({ is64Bit: true }) } }), memory)).code).toBe('kernel-needs-64-bit-cpu');
    expect(problem(() => loadLinux(boot({ initrd: [{ name: 'i', bytes: new Uint8Array(0) }] }), memory)).code).toBe('initrd-empty');
    expect(problem(() => loadLinux(boot({ commandLine: 'x'.repeat(2048) }), memory)).code).toBe('command-line-too-long');
    expect(() => loadLinux(boot({ commandLine: 'x'.repeat(2047) }), memory)).not.toThrow();
  });
});
