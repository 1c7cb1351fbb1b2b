// Which device answers an address, what answers where none does, and conflicts.

import { describe, expect, it } from 'vitest';
import { type Bus, BusConflict } from '../../../src-main/engine/bus/address-space.ts';
import { MemorySpace } from '../../../src-main/engine/bus/memory-space.ts';
import { PortSpace } from '../../../src-main/engine/bus/port-space.ts';
import type { BusTarget, Region, Width } from '../../../src-main/engine/bus/region.ts';
import type { UnclaimedCounter } from '../../../src-main/engine/bus/unclaimed.ts';

/** Answers its own number in every byte lane and keeps a log. */
class Probe implements BusTarget {
  readonly log: string[] = [];
  readonly id: string;
  readonly regions: readonly Region[];
  private readonly answer: number;

  constructor(id: string, answer: number, ...regions: readonly Region[]) {
    this.id = id;
    this.regions = regions;
    this.answer = answer;
  }

  read(region: number, offset: number, width: Width): number {
    this.log.push(`r${region}:${offset}/${width}`);
    return (this.answer * 0x0101_0101) % 2 ** (8 * width);
  }

  write(region: number, offset: number, width: Width, value: number): void {
    this.log.push(`w${region}:${offset}/${width}=${value.toString(16)}`);
  }
}

interface Case {
  readonly space: 'port' | 'memory';
  create(): Bus & { readonly unclaimed: UnclaimedCounter };
}

const CASES: readonly Case[] = [
  { space: 'port', create: () => new PortSpace() },
  { space: 'memory', create: () => new MemorySpace() },
];

describe.each(CASES)('$space space', ({ space, create }) => {
  const at = (base: number, length: number, more: Partial<Region> = {}): Region => ({
    space,
    base,
    length,
    ...more,
  });

  it('gives a device offsets in its own regions', () => {
    const bus = create();
    const probe = new Probe('p', 0x12, at(0x100, 8), at(0x200, 4));
    bus.attach(probe);
    expect([bus.read(0x104, 4), bus.read(0x203, 1)]).toEqual([0x1212_1212, 0x12]);
    bus.write(0x202, 2, 0xabcd);
    expect(probe.log).toEqual(['r0:4/4', 'r1:3/1', 'w1:2/2=abcd']);
  });

  it('reads all ones and drops writes where nobody answers, and counts', () => {
    const bus = create();
    expect([bus.read(0x80, 1), bus.read(0x80, 2), bus.read(0x80, 4)]).toEqual([0xff, 0xffff, 0xffff_ffff]);
    bus.write(0x80, 1, 0);
    expect(bus.unclaimed.byAddress.get(0x80)).toEqual({ reads: 3, writes: 1 });
  });

  it('bounds what a probing guest costs', () => {
    const bus = create();
    for (let address = 0; address < 5000; address++) bus.read(address, 1);
    expect([bus.unclaimed.byAddress.size, bus.unclaimed.others]).toEqual([4096, 904]);
  });

  it('splits accesses that are too wide for the device, low part first', () => {
    const bus = create();
    const probe = new Probe('p', 7, at(0x40, 4, { maxWidth: 1 }));
    bus.attach(probe);
    bus.write(0x41, 2, 0xbeef);
    expect(bus.read(0x40, 4)).toBe(0x0707_0707);
    expect(probe.log).toEqual(['w0:1/1=ef', 'w0:2/1=be', 'r0:0/1', 'r0:1/1', 'r0:2/1', 'r0:3/1']);
  });

  it('splits accesses that cross from one owner to the next or to none', () => {
    const bus = create();
    bus.attach(new Probe('low', 1, at(0x10, 2)));
    bus.attach(new Probe('high', 2, at(0x12, 1)));
    expect(bus.read(0x10, 4)).toBe(0xff02_0101);
  });

  it('names both owners of a conflict and changes nothing', () => {
    const bus = create();
    bus.attach(new Probe('first', 1, at(0x60, 1)));
    const second = new Probe('second', 2, at(0x50, 1), at(0x5f, 4));
    expect(() => bus.attach(second)).toThrow(BusConflict);
    expect(() => bus.attach(second)).toThrow(/second \(5fh to 62h\) overlaps first \(60h to 60h\)/);
    expect(bus.read(0x50, 1)).toBe(0xff);
  });

  it('lets the higher priority answer inside another region, but the first byte decides for wide accesses', () => {
    const bus = create();
    bus.attach(new Probe('host', 1, at(0xcf8, 8)));
    bus.attach(new Probe('reset', 2, at(0xcf9, 1, { priority: 1 })));
    expect([bus.read(0xcf8, 1), bus.read(0xcf9, 1), bus.read(0xcfa, 1)]).toEqual([1, 2, 1]);
    expect(bus.read(0xcf8, 4)).toBe(0x0101_0101);
  });

  it('moves a region; what it covered before and what covers it now come out right', () => {
    const bus = create();
    const fixed = new Probe('fixed', 1, at(0x300, 4));
    const bar = new Probe('bar', 2, at(0, 8, { unmapped: true }));
    bus.attach(fixed);
    bus.attach(bar);
    expect(bus.read(0, 1)).toBe(0xff);
    bus.move(bar, 0, 0x2fc);
    expect([bus.read(0x2fc, 1), bus.read(0x2ff, 1), bus.read(0x300, 1)]).toEqual([2, 2, 1]);
    bus.detach(fixed);
    expect(bus.read(0x300, 1)).toBe(2);
    bus.move(bar, 0, undefined);
    expect(bus.read(0x2fc, 1)).toBe(0xff);
  });

  it('detaches', () => {
    const bus = create();
    const probe = new Probe('p', 3, at(0x10, 1));
    bus.attach(probe);
    bus.detach(probe);
    expect(bus.read(0x10, 1)).toBe(0xff);
  });
});

describe('port space', () => {
  it('wraps at 64 Ki', () => {
    const bus = new PortSpace();
    bus.attach(new Probe('top', 1, { space: 'port', base: 0xffff, length: 1 }));
    bus.attach(new Probe('bottom', 2, { space: 'port', base: 0, length: 1 }));
    expect(bus.read(0xffff, 2)).toBe(0x0201);
  });
});
