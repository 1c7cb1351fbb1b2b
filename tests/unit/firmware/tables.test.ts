// MultiProcessor and SMBIOS tables, read as an operating system does.

import { describe, expect, it } from 'vitest';
import { byteSum } from '../../../src-main/engine/firmware/byte-builder.ts';
import { buildMpTable } from '../../../src-main/engine/firmware/mp-table.ts';
import { buildSmbios } from '../../../src-main/engine/firmware/smbios.ts';

const textOf = (bytes: Uint8Array) => String.fromCharCode(...bytes);

describe('MP table', () => {
  const bytes = buildMpTable({ address: 0xf_1000, processors: 1, cpuSignature: 0x673, cpuFeatures: 0x0383_fbff });
  const data = new DataView(bytes.buffer);
  const config = bytes.subarray(16);

  it('floating pointer leads to the configuration, both with correct checksums', () => {
    expect([textOf(bytes.subarray(0, 4)), data.getUint32(4, true), bytes[8], byteSum(bytes.subarray(0, 16))]).toEqual(['_MP_', 0xf_1010, 1, 0]);
    expect([textOf(config.subarray(0, 4)), data.getUint16(20, true), byteSum(config)]).toEqual(['PCMP', config.length, 0]);
  });

  it('has as many entries as it says, of the sizes the specification gives', () => {
    const kinds = new Map<number, number>();
    let at = 44;
    while (at < config.length) {
      const kind = config[at] ?? -1;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      at += kind === 0 ? 20 : 8;
    }
    expect(at).toBe(config.length);
    expect([...kinds.values()].reduce((sum, count) => sum + count)).toBe(data.getUint16(16 + 34, true));
    // IRQ 2 is the cascade; 10 and 11 are PCI's.
    expect(Object.fromEntries(kinds)).toEqual({ 0: 1, 1: 2, 2: 1, 3: 124 + 13, 4: 2 });
  });

  it('wires the timer to input 2', () => {
    const at = config.findIndex((byte, index) => index >= 44 && byte === 3 && config[index + 4] === 1 && config[index + 5] === 0 && config[index + 1] === 0);
    expect(config[at + 7]).toBe(2);
  });
});

describe('SMBIOS', () => {
  const uuid = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
  const bytes = buildSmbios({ address: 0xf_2000, ramBytes: 256 << 20, processors: 1, cpuBrand: 'Some CPU', cpuSignature: 0x673, cpuFeatures: 1, uuid });
  const data = new DataView(bytes.buffer);

  it('entry point has both checksums and the table behind it', () => {
    expect([textOf(bytes.subarray(0, 4)), bytes[5], byteSum(bytes.subarray(0, 31))]).toEqual(['_SM_', 31, 0]);
    expect([textOf(bytes.subarray(16, 21)), byteSum(bytes.subarray(16, 31))]).toEqual(['_DMI_', 0]);
    expect([data.getUint32(24, true), data.getUint16(22, true)]).toEqual([0xf_2020, bytes.length - 32]);
  });

  it('structures follow each other up to the end mark', () => {
    const seen: Record<number, { bytes: Uint8Array; texts: string[] }> = {};
    let at = 32;
    let count = 0;
    let largest = 0;
    while (at < bytes.length) {
      const start = at;
      const kind = bytes[at] ?? 0;
      const body = bytes.subarray(at, at + (bytes[at + 1] ?? 4));
      at += body.length;
      const texts: string[] = [];
      while (bytes[at] !== 0 || texts.length === 0) {
        const end = bytes.indexOf(0, at);
        texts.push(textOf(bytes.subarray(at, end)));
        at = end + 1;
      }
      at += 1;
      seen[kind] = { bytes: body, texts };
      count += 1;
      largest = Math.max(largest, at - start);
    }
    expect(Object.keys(seen).map(Number)).toEqual([0, 1, 3, 4, 16, 17, 19, 32, 127]);
    expect([data.getUint16(28, true), data.getUint16(8, true)]).toEqual([count, largest]);
    expect([...(seen[1]?.bytes.subarray(8, 24) ?? [])]).toEqual([4, 3, 2, 1, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16]);
    expect(seen[4]?.texts).toEqual(['CPU 0', 'Boxwright', 'Some CPU']);
    const memory = seen[17]?.bytes ?? new Uint8Array();
    expect((memory[12] ?? 0) | ((memory[13] ?? 0) << 8)).toBe(256);
    // Lengths as the specification has them for version 2.8.
    expect([0, 1, 3, 4, 16, 17, 19, 32].map((kind) => seen[kind]?.bytes.length)).toEqual([24, 27, 22, 42, 23, 40, 31, 11]);
  });
});
