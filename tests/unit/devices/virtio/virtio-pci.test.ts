// The transport under a device that only echoes: queues, interrupts, the legacy registers, and guests that mean no good.

import { describe, expect, it } from 'vitest';
import { VirtioEntropy } from '../../../../src-main/engine/devices/virtio/virtio-entropy.ts';
import { VirtioPci } from '../../../../src-main/engine/devices/virtio/virtio-pci.ts';
import { fakeContext } from '../../../support/fake-context.ts';
import { NEEDS_RESET, VirtioDriver } from '../../../support/virtio-driver.ts';

const INDIRECT = 1 << 28;
const EVENT_INDEX = 1 << 29;
const LEGACY = 0;
const TABLE = 1;
const ISR = 0x1000;
const MSIX = 0x40;

function board() {
  const context = fakeContext(0, 0x10_0000);
  const messages: [number, number][] = [];
  const device = new VirtioPci(context, {
    id: 'virtio-rng',
    slot: 5,
    queues: 1,
    messages: { sendMsi: (address, data) => messages.push([address, data]) },
    kind: (transport) =>
      new VirtioEntropy(transport, context.dma, (bytes) => new Uint8Array(bytes).fill(0x5a)),
  });
  const driver = new VirtioDriver(device, context);
  const pin = context.irq('inta');
  const enableMsix = (control = 0x8000) => driver.pci.writeConfig(5, 0, MSIX + 2, 2, control);
  const setVector = (vector: number, address: number, data: number, masked = 0) =>
    [address, 0, data, masked].forEach((value, word) =>
      device.write(TABLE, vector * 16 + word * 4, 4, value),
    );
  return { context, device, driver, messages, pin, enableMsix, setVector };
}

describe('entropy', () => {
  it('fills what it is given, up to 64 KiB at once', () => {
    const { driver } = board();
    driver.start(0);
    const { addresses } = driver.add([{ length: 3 }, { length: 5 }]);
    driver.add([{ length: 0x2_0000 }]);
    driver.kick();
    expect(driver.used()).toEqual([
      { head: 0, length: 8 },
      { head: 2, length: 0x1_0000 },
    ]);
    expect([...driver.bytes.slice(addresses[0], addresses[0]! + 4)]).toEqual([0x5a, 0x5a, 0x5a, 0]);
    expect(driver.bytes[addresses[1]! + 4]).toBe(0x5a);
  });
});

describe('the queue', () => {
  it('goes on over the end of its ring', () => {
    const { driver } = board();
    driver.start(0);
    for (let round = 0; round < 100; round++) {
      driver.add([{ length: 4 }]);
      driver.add([{ length: 4 }]);
      driver.kick();
      expect(driver.used().map(({ head }) => head)).toEqual([(round * 2) % 8, (round * 2 + 1) % 8]);
    }
  });

  it('follows an indirect descriptor', () => {
    const { driver } = board();
    driver.start(INDIRECT);
    const table = driver.place({ length: 32 }).address;
    const [one, two] = [driver.place({ length: 8 }), driver.place({ length: 8 })];
    driver.descriptor(table, 0, one.address, 8, 3, 1);
    driver.descriptor(table, 1, two.address, 8, 2);
    driver.descriptor(driver.ring().descriptors, 6, table, 32, 4);
    driver.offer(6);
    driver.kick();
    expect(driver.used()).toEqual([{ head: 6, length: 16 }]);
    expect(driver.bytes[two.address + 7]).toBe(0x5a);
  });

  it('interrupts for every request given back, unless the guest wants none', () => {
    const { driver, pin } = board();
    driver.start(0);
    driver.add([{ length: 4 }]);
    driver.kick();
    expect(pin.level).toBe(true);
    expect(driver.get(ISR, 1)).toBe(1);
    expect(pin.level).toBe(false);
    expect(driver.get(ISR, 1)).toBe(0);
    driver.memory.setUint16(driver.ring().available, 1, true);
    driver.add([{ length: 4 }]);
    driver.kick();
    expect(pin.level).toBe(false);
  });

  it('interrupts by event index only where the guest has asked, and asks itself for the next request', () => {
    const { driver, pin } = board();
    driver.start(EVENT_INDEX);
    const { available, used, size } = driver.ring();
    const wanted = (index: number) => driver.memory.setUint16(available + 4 + 2 * size, index, true);
    wanted(2);
    driver.add([{ length: 1 }]);
    driver.kick();
    expect(pin.level).toBe(false);
    expect(driver.memory.getUint16(used + 4 + 8 * size, true)).toBe(1);
    driver.add([{ length: 1 }]);
    driver.kick();
    expect(pin.level).toBe(false);
    driver.add([{ length: 1 }]);
    driver.kick();
    expect(pin.level).toBe(true);
    expect(driver.memory.getUint16(used + 4 + 8 * size, true)).toBe(3);
  });
});

describe('interrupts', () => {
  it('can be kept from the pin by the command register, and are shown in the status register', () => {
    const { driver, pin } = board();
    driver.start(0);
    driver.pci.writeConfig(5, 0, 4, 2, 0x0407);
    driver.add([{ length: 1 }]);
    driver.kick();
    expect(pin.level).toBe(false);
    expect(driver.pci.readConfig(5, 0, 6, 2) & 8).toBe(8);
    driver.pci.writeConfig(5, 0, 4, 2, 0x0007);
    expect(pin.level).toBe(true);
  });

  it('are messages once MSI-X is enabled, one for each queue', () => {
    const { driver, pin, messages, enableMsix, setVector } = board();
    enableMsix();
    setVector(0, 0xfee0_1000, 0x4031);
    setVector(1, 0xfee0_2000, 0x4032);
    driver.start(0);
    driver.set(0x16, 0, 2);
    driver.set(0x1a, 1, 2);
    expect(driver.get(0x1a, 2)).toBe(1);
    driver.set(0x1a, 2, 2);
    expect(driver.get(0x1a, 2)).toBe(0xffff);
    driver.set(0x1a, 1, 2);
    driver.add([{ length: 1 }]);
    driver.kick();
    expect(messages).toEqual([[0xfee0_2000, 0x4032]]);
    expect(pin.rises).toBe(0);
  });

  it('wait while their vector, or all of them, are masked', () => {
    const { driver, device, messages, enableMsix, setVector } = board();
    enableMsix();
    setVector(1, 0xfee0_2000, 0x4032, 1);
    driver.start(0);
    driver.set(0x16, 0, 2);
    driver.set(0x1a, 1, 2);
    driver.add([{ length: 1 }]);
    driver.kick();
    expect(messages).toEqual([]);
    expect(device.read(TABLE, 0x800, 4)).toBe(2);
    enableMsix(0xc000);
    device.write(TABLE, 16 + 12, 4, 0);
    expect(messages).toEqual([]);
    enableMsix(0x8000);
    expect(messages).toHaveLength(1);
    expect(device.read(TABLE, 0x800, 4)).toBe(0);
  });

  it('are never writes to memory', () => {
    const { driver, messages, enableMsix, setVector } = board();
    enableMsix();
    setVector(1, 0x0010_0000, 0x4032);
    driver.start(0);
    driver.set(0x16, 0, 2);
    driver.set(0x1a, 1, 2);
    driver.add([{ length: 1 }]);
    driver.kick();
    expect(messages).toEqual([]);
  });
});

describe('the legacy registers', () => {
  it('run a queue of 256 laid out from one page on', () => {
    const { driver, device, pin } = board();
    const io = (offset: number, width: 1 | 2 | 4 = 4) => device.read(LEGACY, offset, width);
    const out = (offset: number, value: number, width: 1 | 2 | 4 = 4) =>
      device.write(LEGACY, offset, width, value);
    out(0x12, 0, 1);
    out(0x12, 3, 1);
    expect(io(0) & INDIRECT).toBe(INDIRECT);
    out(4, 0xffff_ffff);
    expect(io(4)).toBe(io(0));
    out(4, 0);
    out(0x0e, 0, 2);
    expect(io(0x0c, 2)).toBe(256);
    out(0x08, 0x80);
    expect(io(0x08)).toBe(0x80);
    out(0x12, 7, 1);
    // Descriptors take a page; the available ring ends before the next but one, where the used ring begins.
    const base = 0x8_0000;
    driver.descriptor(base, 0, 0x9_0000, 16, 2);
    driver.memory.setUint16(base + 0x1004, 0, true);
    driver.memory.setUint16(base + 0x1002, 1, true);
    out(0x10, 0, 2);
    expect(driver.memory.getUint16(base + 0x2002, true)).toBe(1);
    expect(driver.memory.getUint32(base + 0x2008, true)).toBe(16);
    expect(driver.bytes[0x9_000f]).toBe(0x5a);
    expect([pin.level, io(0x13, 1), pin.level]).toEqual([true, 1, false]);
    out(0x0e, 1, 2);
    expect(io(0x0c, 2)).toBe(0);
  });
});

describe('a guest whose rings make no sense', () => {
  type Board = ReturnType<typeof board>;
  const descriptor =
    (flags: number, next = 0, address = 0x8000, length = 16) =>
    ({ driver }: Board) => {
      driver.descriptor(driver.ring().descriptors, 0, address, length, flags, next);
      driver.offer(0);
    };
  it.each([
    ['a chain that bites its tail', descriptor(3, 0)],
    ['a descriptor that does not exist', descriptor(3, 8)],
    ['a head that does not exist', ({ driver }: Board) => driver.offer(8)],
    [
      'more requests than there is room for',
      ({ driver }: Board) => driver.memory.setUint16(driver.ring().available + 2, 9, true),
    ],
    [
      'something to read behind something to write',
      ({ driver }: Board) => {
        driver.descriptor(driver.ring().descriptors, 1, 0x8000, 16, 0);
        descriptor(3, 1)({ driver } as Board);
      },
    ],
    ['memory beyond all addresses', descriptor(2, 0, 2 ** 52)],
    ['an indirect table that is no table', descriptor(4, 0, 0x8000, 17)],
    ['an indirect table of nothing', descriptor(4, 0, 0x8000, 0)],
    ['an indirect table in a chain', descriptor(5, 1)],
    [
      'an indirect table of indirect tables',
      ({ driver }: Board) => {
        driver.descriptor(0x8000, 0, 0x8000, 16, 4);
        descriptor(4, 0, 0x8000, 16)({ driver } as Board);
      },
    ],
    [
      'an indirect loop',
      ({ driver }: Board) => {
        driver.descriptor(0x8000, 0, 0x8100, 4, 3, 0);
        descriptor(4, 0, 0x8000, 0xffff_fff0)({ driver } as Board);
      },
    ],
  ])('such as %s gets a device that wants to be reset, and then works again', (_name, spoil) => {
    const all = board();
    const { driver } = all;
    driver.start(INDIRECT);
    spoil(all);
    driver.kick();
    expect(driver.status & NEEDS_RESET).toBe(NEEDS_RESET);
    expect(driver.used()).toEqual([]);
    driver.start(0);
    expect(driver.status & NEEDS_RESET).toBe(0);
    driver.add([{ length: 4 }]);
    driver.kick();
    expect(driver.used()).toEqual([{ head: 0, length: 4 }]);
  });

  it('anywhere and at any time does no harm', () => {
    const { driver, device } = board();
    let seed = 4711;
    const next = (limit: number) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * limit);
    };
    const widths = [1, 2, 4] as const;
    for (let round = 0; round < 20_000; round++) {
      const region = next(3);
      const length = device.regions[region]!.length;
      const width = widths[next(3)]!;
      const offset = next(4) === 0 ? next(length) : next(0x40);
      if (next(3) === 0) device.read(region, offset & ~(width - 1), width);
      else device.write(region, offset & ~(width - 1), width, next(2) ? next(2 ** 32) : next(16));
      if (next(50) === 0) driver.bytes[next(0x2_0000)] = next(256);
    }
    driver.start(0);
    driver.add([{ length: 4 }]);
    driver.kick();
    expect(driver.used()).toEqual([{ head: 0, length: 4 }]);
  });
});
