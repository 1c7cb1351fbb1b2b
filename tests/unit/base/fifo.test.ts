// Byte queues: in one thread, and between two over shared memory.

import { describe, expect, it } from 'vitest';
import { ByteFifo } from '../../../src-main/engine/base/fifo.ts';
import { SharedRing } from '../../../src-main/engine/base/ring.ts';

describe('ByteFifo', () => {
  it('keeps order across its end and refuses a byte when full', () => {
    const fifo = new ByteFifo(3);
    expect([fifo.push(1), fifo.push(2), fifo.push(3), fifo.push(4)]).toEqual([true, true, true, false]);
    expect(fifo.shift()).toBe(1);
    expect(fifo.push(5)).toBe(true);
    expect([fifo.peek(2), fifo.peek(3)]).toEqual([5, -1]);
    expect([fifo.shift(), fifo.shift(), fifo.shift(), fifo.shift()]).toEqual([2, 3, 5, -1]);
  });

  it('replaces the newest byte', () => {
    const fifo = new ByteFifo(2);
    fifo.replaceLast(9);
    expect(fifo.length).toBe(0);
    fifo.push(1);
    fifo.push(2);
    fifo.replaceLast(9);
    expect([fifo.shift(), fifo.shift()]).toEqual([1, 9]);
  });
});

describe('SharedRing', () => {
  it('takes as much as fits and gives it back in order, many times around', () => {
    const ring = SharedRing.allocate(8);
    const reader = new SharedRing(ring.buffer);
    let next = 0;
    for (let round = 0; round < 20; round++) {
      expect(ring.write(Uint8Array.from({ length: 10 }, (_, i) => round * 8 + i))).toBe(8);
      expect(reader.length).toBe(8);
      for (let i = 0; i < 8; i++) expect(reader.readByte()).toBe(next++ & 0xff);
      expect(reader.readByte()).toBe(-1);
    }
  });

  it('refuses a capacity that is no power of two', () => {
    expect(() => SharedRing.allocate(12)).toThrow(/power of two/);
  });
});
