// Rules that hold for every device; a new device is one line in the list.

import { describe, expect, it } from 'vitest';
import { MemoryDrive } from '../../../src-main/engine/block/memory-drive.ts';
import { PortSpace } from '../../../src-main/engine/bus/port-space.ts';
import { AhciController } from '../../../src-main/engine/devices/ahci/ahci-controller.ts';
import { Cmos } from '../../../src-main/engine/devices/cmos/cmos.ts';
import { DebugConsole } from '../../../src-main/engine/devices/debug-console.ts';
import { DebugExit } from '../../../src-main/engine/devices/debug-exit.ts';
import type { Device, DeviceContext, Width } from '../../../src-main/engine/devices/device.ts';
import { Dma8237 } from '../../../src-main/engine/devices/dma8237.ts';
import { FwCfg } from '../../../src-main/engine/devices/fw-cfg.ts';
import { FloppyController } from '../../../src-main/engine/devices/floppy/floppy-controller.ts';
import { FloatError } from '../../../src-main/engine/devices/float-error.ts';
import { IdeController } from '../../../src-main/engine/devices/ide/ide-controller.ts';
import { Hpet } from '../../../src-main/engine/devices/hpet.ts';
import { IoApic } from '../../../src-main/engine/devices/ioapic/io-apic.ts';
import { ApicBus } from '../../../src-main/engine/devices/lapic/apic-bus.ts';
import { LocalApic } from '../../../src-main/engine/devices/lapic/local-apic.ts';
import { unitFor } from '../../../src-main/engine/devices/ide/ide-controller.ts';
import { hostBridge } from '../../../src-main/engine/devices/pci/host-bridge.ts';
import { PciHost } from '../../../src-main/engine/devices/pci/pci-host.ts';
import { Pic } from '../../../src-main/engine/devices/pic/pic.ts';
import { AcpiPm } from '../../../src-main/engine/devices/piix/acpi-pm.ts';
import { IsaBridge } from '../../../src-main/engine/devices/piix/isa-bridge.ts';
import { ResetControlPort } from '../../../src-main/engine/devices/piix/reset-control.ts';
import { Pit } from '../../../src-main/engine/devices/pit/pit.ts';
import { Port92 } from '../../../src-main/engine/devices/port92.ts';
import { Ps2Controller } from '../../../src-main/engine/devices/ps2/ps2-controller.ts';
import { TestDevice } from '../../../src-main/engine/devices/test-device.ts';
import { Uart16550 } from '../../../src-main/engine/devices/uart16550/uart16550.ts';
import { Vga } from '../../../src-main/engine/devices/vga/vga.ts';
import { BLOCK_QUEUES, VirtioBlock } from '../../../src-main/engine/devices/virtio/virtio-block.ts';
import { VirtioPci } from '../../../src-main/engine/devices/virtio/virtio-pci.ts';
import { StateError } from '../../../src-main/engine/snapshot/codec.ts';
import { type FakeContext, fakeContext } from '../../support/fake-context.ts';

/** Enough to be a display's memory. */
const MEMORY_BYTES = 0x4_0000;

const nothing = { set() {} };
const reset = { reset() {} };
const peer = { transmit() {}, receive: () => -1 };
const memory = { move() {} };
const processor = { interruptPending() {}, nmi() {}, smi() {}, init() {}, startup() {} };
const pic = { pending: () => false, acknowledge: () => 0xff };

function localApic(context: DeviceContext): Device {
  return new LocalApic(context, { id: 'lapic0', apicId: 0, bus: new ApicBus(), pic, processor, memory });
}

function ioApic(context: DeviceContext): Device {
  const bus = new ApicBus();
  new LocalApic(context, { id: 'lapic0', apicId: 0, bus, pic, processor, memory });
  return new IoApic(context, { bus, apicId: 1 });
}

function acpiPm(context: DeviceContext): AcpiPm {
  const power = { powerOff() {} };
  return new AcpiPm(context, { slot: 1, function: 3, power, ports: memory, initialBase: 0x600 });
}

/** Its memory is the machine's, as RAM is. */
function vga(context: DeviceContext): Device {
  return new Vga(context, { memory: (context as FakeContext).memory });
}

function ahci(context: DeviceContext): Device {
  const drive = new MemoryDrive({ id: 'd', kind: 'disk', clock: context.clock, content: new Uint8Array(4096) });
  return new AhciController(context, {
    id: 'ahci0', slot: 24, messages: { sendMsi() {} }, drives: [{ drive, unit: unitFor({ drive }, 0) }],
  });
}

function virtioBlock(context: DeviceContext): Device {
  const drive = new MemoryDrive({ id: 'd', kind: 'disk', clock: context.clock, content: new Uint8Array(4096) });
  return new VirtioPci(context, {
    id: 'virtio-blk0', slot: 4, queues: BLOCK_QUEUES, messages: { sendMsi() {} },
    kind: (transport) => new VirtioBlock(transport, context.dma, { drive, serial: '' }),
  });
}

function ide(context: DeviceContext): Device {
  const drive = (kind: 'disk' | 'cdrom') =>
    new MemoryDrive({ id: kind, kind, clock: context.clock, content: new Uint8Array(0x4_0000), latencyNs: 0 });
  const drives = [
    { channel: 0, unit: 0, drive: drive('disk') },
    { channel: 1, unit: 0, drive: drive('cdrom') },
  ] as const;
  return new IdeController(context, { slot: 1, drives, decodeAtReset: true, ports: memory });
}

function floppy(context: DeviceContext): Device {
  const content = new Uint8Array(1_474_560);
  const drive = new MemoryDrive({ id: 'a', kind: 'floppy', clock: context.clock, content, latencyNs: 0 });
  const channel = { toMemory: () => ({ bytes: 0, terminal: false }), fromMemory: () => ({ bytes: 0, terminal: false }), onReady() {} };
  return new FloppyController(context, { drives: [drive, undefined], dma: channel });
}

function pciHost(context: DeviceContext): Device {
  const ports = new PortSpace();
  const isa = new IsaBridge(context, { slot: 1 });
  const functions = [hostBridge({ shadow: { shadow() {} } }), isa.pci, acpiPm(context).pci];
  return new PciHost({ functions, ports, memory });
}

const DEVICES: readonly [name: string, create: (context: DeviceContext) => Device][] = [
  ['pic', (context) => new Pic(context)],
  ['pit', (context) => new Pit(context)],
  ['cmos', (context) => new Cmos(context)],
  ['uart16550', (context) => new Uart16550(context, { id: 'uart0', base: 0x3f8, peer })],
  ['ps2', (context) => new Ps2Controller(context, { a20: nothing, reset })],
  ['lapic', localApic],
  ['ioapic', ioApic],
  ['acpi-pm', acpiPm],
  ['pci', pciHost],
  ['port92', () => new Port92({ a20: nothing, reset })],
  ['reset-control', () => new ResetControlPort({ reset })],
  ['fw-cfg', (context) => new FwCfg(context, { items: new Map([[0, Uint8Array.of(1, 2, 3)]]), files: new Map([['a', new Uint8Array(9)]]) })],
  ['ide', ide],
  ['dma8237', ({ dma }) => new Dma8237({ dma })],
  ['floppy', floppy],
  ['float-error', (context) => new FloatError(context)],
  ['debug-console', () => new DebugConsole({ write() {} })],
  ['vga', vga],
  ['virtio-blk', virtioBlock],
  ['ahci', ahci],
  ['hpet', (context) => new Hpet(context, { onLegacyReplacement() {} })],
  ['test-device', (context) => new TestDevice(context)],
  ['debug-exit', () => new DebugExit({ exit() {} })],
];

/** A small generator of its own: the sequence is part of the test. */
function random(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** A hostile guest: any access at any time. Returns everything it read. */
function poke(
  device: Device,
  context: ReturnType<typeof fakeContext>,
  seed: number,
  count: number,
): number[] {
  const next = random(seed);
  const seen: number[] = [];
  for (let i = 0; i < count; i++) {
    const region = next(device.regions.length);
    const { length, maxWidth = 4 } = device.regions[region]!;
    const widths = ([1, 2, 4] as const).filter((width) => width <= maxWidth && width <= length);
    const width: Width = widths[next(widths.length)]!;
    const offset = next(Math.floor(length / width)) * width;
    if (next(3) === 0) seen.push(device.read(region, offset, width));
    else device.write(region, offset, width, next(2) ? next(2 ** (8 * width)) : next(256));
    if (next(8) === 0) context.clock.advance(next(3_000_000));
  }
  return seen;
}

describe.each(DEVICES)('%s', (_name, create) => {
  it('survives a hostile guest and reads unsigned values of the right width', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const context = fakeContext(1e12, MEMORY_BYTES);
      const device = create(context);
      device.reset();
      const seen = poke(device, context, seed, 3000);
      expect(seen.filter((value) => !Number.isInteger(value) || value < 0 || value > 0xffff_ffff)).toEqual(
        [],
      );
      device.reset();
    }
  });

  it('goes on after save and restore as if nothing had happened', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const context = fakeContext(1e12, MEMORY_BYTES);
      const original = create(context);
      original.reset();
      poke(original, context, seed, 500);
      const saved = original.spec.save(original.state);

      const later = fakeContext(1e12, MEMORY_BYTES);
      const copy = create(later);
      copy.reset();
      later.memory.set(context.memory);
      later.clock.jump(context.clock.nowNs());
      copy.spec.restore(copy.state, copy.spec.version, saved);
      copy.afterRestore?.();
      expect(copy.spec.save(copy.state)).toEqual(saved);

      expect(poke(copy, later, seed + 100, 500)).toEqual(poke(original, context, seed + 100, 500));
      expect(copy.spec.save(copy.state)).toEqual(original.spec.save(original.state));
    }
  });

  it('survives a damaged snapshot: refused whole, or taken and harmless', () => {
    const next = random(7);
    const context = fakeContext(1e12, MEMORY_BYTES);
    const device = create(context);
    device.reset();
    const saved = device.spec.save(device.state);
    for (let round = 0; round < 60; round++) {
      const damaged = saved.map((byte) => (next(4) === 0 ? next(256) : byte));
      const before = device.spec.save(device.state);
      try {
        device.spec.restore(device.state, device.spec.version, damaged);
        device.afterRestore?.();
      } catch (error) {
        expect(error).toBeInstanceOf(StateError);
        expect(device.spec.save(device.state)).toEqual(before);
      }
      poke(device, context, round, 50);
      device.reset();
    }
  });

  it('comes out of two resets alike', () => {
    const context = fakeContext(1e12, MEMORY_BYTES);
    const device = create(context);
    device.reset();
    poke(device, context, 3, 500);
    device.reset();
    const first = device.spec.save(device.state);
    device.reset();
    expect(device.spec.save(device.state)).toEqual(first);
  });
});
