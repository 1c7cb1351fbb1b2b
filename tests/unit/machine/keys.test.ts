// Scan codes of set 1 on their way to the keyboard.

import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src-main/engine/bus/manual-clock.ts';
import { KeyQueue } from '../../../src-main/engine/machine/key-queue.ts';
import { ScanCodeReader } from '../../../src-main/engine/machine/scan-code-reader.ts';

const read = (...codes: number[]) => new ScanCodeReader().read(Uint8Array.from(codes)).map(({ key, down }) => [key, down]);

describe('set 1', () => {
  it('make and break', () => expect(read(0x1e, 0x9e)).toEqual([[0x1e, true], [0x1e, false]]));
  it('extended keys', () => expect(read(0xe0, 0x48, 0xe0, 0xc8)).toEqual([[0xe048, true], [0xe048, false]]));
  it('faked shifts are left out', () => expect(read(0xe0, 0x2a, 0xe0, 0x37)).toEqual([[0xe037, true]]));
  it('Pause is one key', () => expect(read(0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5, 0x1e)).toEqual([[0xe11d, true], [0x1e, true]]));
  it('prefixes may arrive apart from their codes', () => {
    const reader = new ScanCodeReader();
    expect(reader.read(Uint8Array.of(0xe0))).toEqual([]);
    expect(reader.read(Uint8Array.of(0x48))).toEqual([{ key: 0xe048, down: true }]);
  });
});

it('keys the keyboard has no room for are offered again, in order', () => {
  const clock = new ManualClock();
  const taken: number[] = [];
  let room = 2;
  const queue = new KeyQueue(clock, (key) => {
    if (room === 0) return false;
    room -= 1;
    taken.push(key);
    return true;
  });
  queue.push(Uint8Array.of(1, 2, 3, 4));
  expect(taken).toEqual([1, 2]);
  room = 10;
  queue.push(Uint8Array.of(5));
  clock.advance(10_000_000);
  expect(taken).toEqual([1, 2, 3, 4, 5]);
});
