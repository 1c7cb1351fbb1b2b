// EDID as a driver finds it in the adapter's page of PCI memory.

import { describe, expect, it } from 'vitest';
import { vgaBoard } from '../../../support/vga-board.ts';

const MMIO_REGION = 5;

function readEdid(): number[] {
  const { vga } = vgaBoard();
  return Array.from({ length: 128 }, (_, at) => vga.read(MMIO_REGION, at, 1));
}

describe('EDID', () => {
  const edid = readEdid();

  it('begins with its mark and adds up to 0', () => {
    expect(edid.slice(0, 8)).toEqual([0, 255, 255, 255, 255, 255, 255, 0]);
    expect(edid.reduce((sum, byte) => sum + byte, 0) % 256).toBe(0);
    expect(edid.slice(18, 20)).toEqual([1, 4]);
    expect(edid[126]).toBe(0);
  });

  it('prefers 1024 by 768 at 60 Hz', () => {
    const timing = edid.slice(54, 72);
    const pair = (low: number, high: number, shift: number) =>
      timing[low]! | (((timing[high]! >> shift) & 15) << 8);
    const clockHz = (timing[0]! | (timing[1]! << 8)) * 10_000;
    const [width, blank] = [pair(2, 4, 4), pair(3, 4, 0)];
    const [height, verticalBlank] = [pair(5, 7, 4), pair(6, 7, 0)];
    expect([width, height]).toEqual([1024, 768]);
    expect(clockHz / (width + blank) / (height + verticalBlank)).toBeCloseTo(60, 1);
  });

  it('offers 1280x800, 1280x1024 and 1920x1080 among others, and says its name', () => {
    const ratios = [10 / 16, 3 / 4, 4 / 5, 9 / 16];
    const sizes = Array.from({ length: 8 }, (_, index) => {
      const [first, second] = edid.slice(38 + 2 * index);
      const width = (first! + 31) * 8;
      return `${width}x${width * ratios[second! >> 6]!}`;
    });
    for (const size of ['1280x800', '1280x1024', '1920x1080', '1152x864']) expect(sizes).toContain(size);
    const descriptors = [72, 90, 108].map((at) => edid.slice(at, at + 18));
    const name = descriptors.find((descriptor) => descriptor[3] === 0xfc)!;
    expect(String.fromCharCode(...name.slice(5))).toBe('Boxwright\n   ');
  });

  it('is followed by zeros up to the ports', () => {
    const { vga } = vgaBoard();
    expect(vga.read(MMIO_REGION, 0x80, 4)).toBe(0);
    expect(vga.read(MMIO_REGION, 0x3fc, 4)).toBe(0);
  });
});
