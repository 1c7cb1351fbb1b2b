// PCI configuration space (PCI 2.2, chapter 6): mechanism #1, base addresses, capabilities.

import { describe, expect, it } from 'vitest';
import { MemorySpace } from '../../../src-main/engine/bus/memory-space.ts';
import { PortSpace } from '../../../src-main/engine/bus/port-space.ts';
import type { BusTarget } from '../../../src-main/engine/bus/region.ts';
import { hostBridge } from '../../../src-main/engine/devices/pci/host-bridge.ts';
import type { PciFunction } from '../../../src-main/engine/devices/pci/pci-function.ts';
import { PciHost } from '../../../src-main/engine/devices/pci/pci-host.ts';
import { IsaBridge } from '../../../src-main/engine/devices/piix/isa-bridge.ts';
import { ResetControlPort } from '../../../src-main/engine/devices/piix/reset-control.ts';
import { fakeContext } from '../../support/fake-context.ts';

const card: BusTarget = {
  id: 'card',
  regions: [
    { space: 'memory', base: 0, length: 0x1000, unmapped: true },
    { space: 'port', base: 0, length: 0x20, unmapped: true },
  ],
  read: (region) => 0x50 + region,
  write() {},
};

function board() {
  const context = fakeContext();
  const ports = new PortSpace();
  const memory = new MemorySpace();
  const shadows: string[] = [];
  const moves: (number | undefined)[] = [];
  const resets: string[] = [];
  const isa = new IsaBridge(context, { slot: 1 });
  const cardFunction: PciFunction = {
    slot: 3,
    function: 0,
    vendorId: 0x1af4,
    deviceId: 0x1234,
    revision: 7,
    classCode: 0x020000,
    subsystemVendorId: 0x1af4,
    subsystemId: 0x0001,
    interruptPin: 1,
    device: card,
    bars: [
      { index: 0, kind: 'memory', bytes: 0x1000, region: 0 },
      { index: 1, kind: 'io', bytes: 0x20, region: 1 },
      {
        index: 2,
        kind: 'memory',
        bytes: 0x0100_0000,
        prefetchable: true,
        onMove: (base) => moves.push(base),
      },
    ],
    capabilities: [
      { id: 0x09, length: 6, registers: [{ offset: 2, width: 4, value: 0x1234_5678, writable: 0xff }] },
      { id: 0x05, length: 10, registers: [] },
    ],
  };
  const shadow = {
    shadow: (base: number, bytes: number, read: boolean, write: boolean) =>
      shadows.push(`${base.toString(16)}+${bytes.toString(16)} ${read ? 'r' : '-'}${write ? 'w' : '-'}`),
  };
  const host = new PciHost({ functions: [hostBridge({ shadow }), isa.pci, cardFunction], ports, memory });
  for (const device of [host, card]) {
    ports.attach(device);
    memory.attach(device);
  }
  ports.attach(new ResetControlPort({ reset: { reset: (kind) => resets.push(kind) } }));
  host.reset();
  shadows.length = 0;
  const select = (slot: number, register: number, fn = 0, bus = 0) =>
    ports.write(0xcf8, 4, (0x8000_0000 | (bus << 16) | (slot << 11) | (fn << 8) | register) >>> 0);
  const get = (slot: number, register: number, width: 1 | 2 | 4 = 4) => {
    select(slot, register);
    return ports.read(0xcfc + (register & 3), width);
  };
  const put = (slot: number, register: number, value: number, width: 1 | 2 | 4 = 4) => {
    select(slot, register);
    ports.write(0xcfc + (register & 3), width, value);
  };
  return { context, ports, memory, host, isa, shadows, moves, resets, select, get, put };
}

describe('configuration mechanism #1', () => {
  it('keeps the address for doubleword accesses only', () => {
    const { ports } = board();
    ports.write(0xcfb, 1, 1);
    ports.write(0xcf8, 4, 0x8000_0000);
    expect([ports.read(0xcf8, 4), ports.read(0xcf8, 2), ports.read(0xcfa, 1)]).toEqual([
      0x8000_0000, 0xffff, 0xff,
    ]);
    ports.write(0xcf8, 4, 0xffff_ffff);
    expect(ports.read(0xcf8, 4)).toBe(0x80ff_fffc);
  });

  it('shows identities, and all ones for absent functions, buses and without enable', () => {
    const { ports, get, select } = board();
    expect([get(0, 0), get(1, 0), get(3, 0), get(5, 0)]).toEqual([
      0x1237_8086, 0x7000_8086, 0x1234_1af4, 0xffff_ffff,
    ]);
    expect([get(3, 8), get(3, 0x2c), get(3, 0x3d, 1)]).toEqual([0x0200_0007, 0x0001_1af4, 1]);
    select(0, 0, 0, 1);
    expect(ports.read(0xcfc, 4)).toBe(0xffff_ffff);
    ports.write(0xcf8, 4, 0);
    expect(ports.read(0xcfc, 4)).toBe(0xffff_ffff);
  });

  it('reads bytes and words at their lanes', () => {
    const { get } = board();
    expect([get(3, 1, 1), get(3, 2, 2), get(3, 3, 1)]).toEqual([0x1a, 0x1234, 0x12]);
  });

  it('protects what is read-only and keeps the interrupt line', () => {
    const { get, put } = board();
    put(3, 0, 0);
    put(3, 0x3c, 0xffff_ff0b);
    put(3, 4, 0xffff, 2);
    expect([get(3, 0), get(3, 0x3c, 2), get(3, 4, 2)]).toEqual([0x1234_1af4, 0x010b, 0x0407]);
  });

  it('leaves port CF9h to reset control', () => {
    const { ports, resets } = board();
    ports.write(0xcf9, 1, 0x02);
    ports.write(0xcf9, 1, 0x06);
    ports.write(0xcf9, 1, 0x00);
    ports.write(0xcf9, 1, 0x04);
    expect(resets).toEqual(['system', 'processor']);
    ports.write(0xcf8, 4, 0x8000_0600);
    expect([ports.read(0xcf8, 4), resets.length]).toEqual([0x8000_0600, 2]);
  });
});

describe('base address registers', () => {
  it('tell their size', () => {
    const { get, put } = board();
    for (const bar of [0x10, 0x14, 0x18, 0x1c, 0x30]) put(3, bar, 0xffff_ffff);
    expect([0x10, 0x14, 0x18, 0x1c, 0x30].map((bar) => get(3, bar))).toEqual([
      0xffff_f000, 0xffff_ffe1, 0xff00_0008, 0, 0,
    ]);
  });

  it('move the regions of the device, when decoding is on', () => {
    const { ports, memory, get, put, moves } = board();
    put(3, 0x10, 0xe000_0000);
    put(3, 0x14, 0xc000);
    put(3, 0x18, 0xd000_0000);
    expect([memory.read(0xe000_0000, 1), ports.read(0xc000, 1)]).toEqual([0xff, 0xff]);
    put(3, 4, 3, 2);
    expect([memory.read(0xe000_0fff, 1), ports.read(0xc01f, 1), moves]).toEqual([0x50, 0x51, [0xd000_0000]]);
    put(3, 0x10, 0xe800_0000);
    expect([memory.read(0xe000_0000, 1), memory.read(0xe800_0000, 1)]).toEqual([0xff, 0x50]);
    put(3, 4, 0, 2);
    expect([memory.read(0xe800_0000, 1), ports.read(0xc000, 1), moves]).toEqual([
      0xff,
      0xff,
      [0xd000_0000, undefined],
    ]);
    expect(get(3, 0x10)).toBe(0xe800_0000);
  });

  it('cannot be used to take the place of a fixed device', () => {
    const { ports, put } = board();
    put(3, 0x14, 0x0ce0);
    put(3, 4, 1, 2);
    ports.write(0xcf8, 4, 0x8000_0000);
    expect([ports.read(0xcf8, 4), ports.read(0xce0, 1)]).toEqual([0x8000_0000, 0x51]);
  });

  it('come back after a restore', () => {
    const first = board();
    first.put(3, 0x10, 0xe000_0000);
    first.put(3, 4, 3, 2);
    const second = board();
    second.host.spec.restore(second.host.state, 1, first.host.spec.save(first.host.state));
    second.host.afterRestore();
    expect(second.memory.read(0xe000_0000, 1)).toBe(0x50);
    second.host.reset();
    expect(second.memory.read(0xe000_0000, 1)).toBe(0xff);
  });
});

describe('capabilities', () => {
  it('are chained and announced', () => {
    const { get, put } = board();
    expect([get(3, 6, 2) & 0x10, get(3, 0x34, 1), get(3, 0x40, 2), get(3, 0x48, 2)]).toEqual([
      0x10, 0x40, 0x4809, 0x0005,
    ]);
    put(3, 0x42, 0xffff, 2);
    expect(get(3, 0x42, 2)).toBe(0x56ff);
    expect(get(0, 6, 2) & 0x10).toBe(0);
  });
});

describe('i440FX host bridge', () => {
  it('shadows pieces of the upper memory area by PAM', () => {
    const { put, shadows, get } = board();
    put(0, 0x59, 0x30, 1);
    put(0, 0x5a, 0x21, 1);
    put(0, 0x5f, 0xff, 1);
    expect(shadows).toEqual([
      'f0000+10000 rw',
      'c0000+4000 r-',
      'c4000+4000 -w',
      'e8000+4000 rw',
      'ec000+4000 rw',
    ]);
    expect(get(0, 0x5f, 1)).toBe(0x33);
  });
});

describe('PIIX3 interrupt routing', () => {
  it('takes a PIRQ to the ISA interrupt of its register, shared and re-routed', () => {
    const { context, isa, put } = board();
    const [a, alsoA, d] = [isa.pirq(0), isa.pirq(0), isa.pirq(3)];
    a.set(true);
    expect(context.irq('irq11').level).toBe(false);
    put(1, 0x60, 0x0b, 1);
    put(1, 0x63, 0x0b, 1);
    expect(context.irq('irq11').level).toBe(true);
    alsoA.set(true);
    d.set(true);
    a.set(false);
    alsoA.set(false);
    expect(context.irq('irq11').level).toBe(true);
    put(1, 0x63, 0x05, 1);
    expect([context.irq('irq11').level, context.irq('irq5').level]).toEqual([false, true]);
    put(1, 0x63, 0x80, 1);
    expect(context.irq('irq5').level).toBe(false);
  });

  it('refuses interrupts that a PIRQ cannot have', () => {
    const { context, isa, put } = board();
    isa.pirq(0).set(true);
    for (const irq of [0, 1, 2, 8, 13]) {
      put(1, 0x60, irq, 1);
      expect(context.irq(`irq${irq}`).level).toBe(false);
    }
  });
});
