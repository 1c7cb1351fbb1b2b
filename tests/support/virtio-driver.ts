// The driver's side of a virtio device over PCI, as small as it can be: negotiates, lays rings out in the memory of a
// fake context, puts requests into them and takes them back.

import type { Device, Width } from '../../src-main/engine/devices/device.ts';
import type { PciFunction } from '../../src-main/engine/devices/pci/pci-function.ts';
import { PciHost } from '../../src-main/engine/devices/pci/pci-host.ts';
import type { FakeContext } from './fake-context.ts';

const MODERN = 2;
const NOTIFY = 0x3000;

export const ACKNOWLEDGED = 3;
export const FEATURES_OK = 8;
export const DRIVER_OK = 4;
export const NEEDS_RESET = 0x40;

export interface Part {
  /** Given to the device to read; absent: `length` bytes for it to write. */
  readonly bytes?: Uint8Array;
  readonly length?: number;
}

export interface Used {
  readonly head: number;
  readonly length: number;
}

interface Ring {
  readonly size: number;
  readonly descriptors: number;
  readonly available: number;
  readonly used: number;
  seen: number;
  nextDescriptor: number;
}

const RING_BYTES = 0x2000;
const BUFFERS = 0x8000;

export class VirtioDriver {
  readonly memory: DataView;
  readonly bytes: Uint8Array;
  readonly pci: PciHost;
  readonly rings = new Map<number, Ring>();
  readonly #device: Device;
  #buffer = BUFFERS;

  constructor(device: Device & { readonly pci: PciFunction }, context: FakeContext) {
    this.#device = device;
    this.bytes = context.memory;
    this.memory = new DataView(context.memory.buffer);
    this.pci = new PciHost({ functions: [device.pci], ports: { move() {} }, memory: { move() {} } });
    this.pci.reset();
    device.reset();
    // Memory, I/O and bus mastering.
    this.pci.writeConfig(device.pci.slot, device.pci.function, 4, 2, 7);
  }

  get(offset: number, width: Width = 4): number {
    return this.#device.read(MODERN, offset, width);
  }
  set(offset: number, value: number, width: Width = 4): void {
    this.#device.write(MODERN, offset, width, value);
  }

  get status(): number {
    return this.get(0x14, 1);
  }

  offered(): { low: number; high: number } {
    this.set(0, 0);
    const low = this.get(4);
    this.set(0, 1);
    return { low, high: this.get(4) };
  }

  /** Up to DRIVER_OK; `features` of the lower word, and version 1. */
  start(features: number, queues = [0], size = 8): void {
    this.set(0x14, 0, 1);
    this.set(0x14, ACKNOWLEDGED, 1);
    this.set(0x08, 0);
    this.set(0x0c, features);
    this.set(0x08, 1);
    this.set(0x0c, 1);
    this.set(0x14, ACKNOWLEDGED | FEATURES_OK, 1);
    for (const queue of queues) this.setUp(queue, size);
    this.set(0x14, ACKNOWLEDGED | FEATURES_OK | DRIVER_OK, 1);
  }

  setUp(queue: number, size: number): Ring {
    const base = queue * RING_BYTES;
    this.bytes.fill(0, base, base + RING_BYTES);
    const ring: Ring = {
      size,
      descriptors: base,
      available: base + 0x1000,
      used: base + 0x1800,
      seen: 0,
      nextDescriptor: 0,
    };
    this.rings.set(queue, ring);
    this.set(0x16, queue, 2);
    this.set(0x18, size, 2);
    for (const [offset, value] of [
      [0x20, ring.descriptors],
      [0x28, ring.available],
      [0x30, ring.used],
    ] as const) {
      this.set(offset, value);
      this.set(offset + 4, 0);
    }
    this.set(0x1c, 1, 2);
    return ring;
  }

  ring(queue = 0): Ring {
    return this.rings.get(queue)!;
  }

  /** Room in memory, filled with a pattern that a device would have to change. */
  place(part: Part): { address: number; length: number } {
    const length = part.bytes?.length ?? part.length ?? 0;
    const address = this.#buffer;
    this.#buffer += (length + 15) & ~15;
    if (part.bytes) this.bytes.set(part.bytes, address);
    else this.bytes.fill(0xee, address, address + length);
    return { address, length };
  }

  descriptor(table: number, index: number, address: number, length: number, flags: number, next = 0): void {
    const at = table + index * 16;
    this.memory.setBigUint64(at, BigInt(address), true);
    this.memory.setUint32(at + 8, length, true);
    this.memory.setUint16(at + 12, flags, true);
    this.memory.setUint16(at + 14, next, true);
  }

  /** Puts a request into a queue, without saying so; where its parts are. */
  add(parts: readonly Part[], queue = 0): { head: number; addresses: number[] } {
    const ring = this.ring(queue);
    const head = ring.nextDescriptor;
    const addresses = parts.map((part, index) => {
      const { address, length } = this.place(part);
      const last = index === parts.length - 1;
      const at = (head + index) % ring.size;
      this.descriptor(
        ring.descriptors,
        at,
        address,
        length,
        (last ? 0 : 1) | (part.bytes ? 0 : 2),
        (at + 1) % ring.size,
      );
      return address;
    });
    ring.nextDescriptor = (head + parts.length) % ring.size;
    this.offer(head, queue);
    return { head, addresses };
  }

  offer(head: number, queue = 0): void {
    const ring = this.ring(queue);
    const index = this.memory.getUint16(ring.available + 2, true);
    this.memory.setUint16(ring.available + 4 + 2 * (index % ring.size), head, true);
    this.memory.setUint16(ring.available + 2, index + 1, true);
  }

  kick(queue = 0): void {
    this.set(NOTIFY + 4 * queue, queue, 2);
  }

  /** What came back since the last call. */
  used(queue = 0): Used[] {
    const ring = this.ring(queue);
    const now = this.memory.getUint16(ring.used + 2, true);
    const back: Used[] = [];
    for (; ring.seen !== now; ring.seen = (ring.seen + 1) & 0xffff) {
      const at = ring.used + 4 + 8 * (ring.seen % ring.size);
      back.push({ head: this.memory.getUint32(at, true), length: this.memory.getUint32(at + 4, true) });
    }
    return back;
  }
}
