// The firmware configuration device as its documentation describes it.

import { describe, expect, it } from 'vitest';
import { FwCfg } from '../../../src-main/engine/devices/fw-cfg.ts';
import { fakeContext } from '../../support/fake-context.ts';

const text = (value: string): Uint8Array => Uint8Array.from(value, (character) => character.charCodeAt(0));

function device() {
  const memory = new Uint8Array(0x1000);
  const dma = {
    read: (address: number, into: Uint8Array) => into.set(memory.subarray(address, address + into.length)),
    write: (address: number, from: Uint8Array) => memory.set(from, address),
    views: () => [],
    written: () => {},
  };
  const items = new Map([[0, text('QEMU')], [3, Uint8Array.of(0, 0, 0, 8, 0, 0, 0, 0)]]);
  const files = new Map([['etc/one', text('first')], ['etc/two', text('second file')]]);
  const fwCfg = new FwCfg({ ...fakeContext(), dma }, { items, files });
  const select = (selector: number): void => fwCfg.write(0, 0, 2, selector);
  const bytes = (count: number): string => Array.from({ length: count }, () => String.fromCharCode(fwCfg.read(0, 1, 1))).join('');
  const view = new DataView(memory.buffer);
  const request = (control: number, length: number, target: number): number => {
    view.setUint32(0x100, control);
    view.setUint32(0x104, length);
    view.setUint32(0x108, 0);
    view.setUint32(0x10c, target);
    fwCfg.write(1, 0, 4, 0);
    // 100h, big-endian.
    fwCfg.write(1, 4, 4, 0x0001_0000);
    return view.getUint32(0x100);
  };
  return { fwCfg, select, bytes, request, memory };
}

describe('the firmware configuration device', () => {
  it('gives an item byte by byte, then zeroes', () => {
    const { select, bytes } = device();
    select(0);
    expect(bytes(6)).toBe('QEMU\0\0');
    select(0);
    expect(bytes(2)).toBe('QE');
  });

  it('lists its files with size, selector and name', () => {
    const { select, bytes } = device();
    select(0x19);
    expect(bytes(4)).toBe('\0\0\0\x02');
    expect(bytes(8)).toBe('\0\0\0\x05\0\x20\0\0');
    expect(bytes(56).replace(/\0+$/, '')).toBe('etc/one');
    expect(bytes(8)).toBe('\0\0\0\x0b\0\x21\0\0');
    expect(bytes(56).replace(/\0+$/, '')).toBe('etc/two');
    select(0x21);
    expect(bytes(6)).toBe('second');
  });

  it('answers at the DMA port with its signature', () => {
    const { fwCfg } = device();
    const swapped = (value: number): string => String.fromCharCode(value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24);
    expect(swapped(fwCfg.read(1, 0, 4)) + swapped(fwCfg.read(1, 4, 4))).toBe('QEMU CFG');
  });

  it('copies by DMA: select and read, skip, read on', () => {
    const { request, memory } = device();
    expect(request((0x21 << 16) | 0x08 | 0x02, 6, 0x200)).toBe(0);
    expect(String.fromCharCode(...memory.subarray(0x200, 0x206))).toBe('second');
    expect(request(0x04, 1, 0)).toBe(0);
    expect(request(0x02, 6, 0x300)).toBe(0);
    expect(String.fromCharCode(...memory.subarray(0x300, 0x306))).toBe('file\0\0');
  });

  it('refuses to be written', () => {
    const { request } = device();
    expect(request((0x20 << 16) | 0x08 | 0x10, 1, 0x200)).toBe(1);
  });
});
