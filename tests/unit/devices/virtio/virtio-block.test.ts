// The virtio block device, driven over its rings as the specification says, with a disk of 64 KiB behind it.

import { describe, expect, it } from 'vitest';
import type { DriveRequest } from '../../../../src-main/engine/block/drive.ts';
import { MemoryDrive, type MemoryDriveOptions } from '../../../../src-main/engine/block/memory-drive.ts';
import { VirtioBlock } from '../../../../src-main/engine/devices/virtio/virtio-block.ts';
import { VirtioPci } from '../../../../src-main/engine/devices/virtio/virtio-pci.ts';
import { fakeContext } from '../../../support/fake-context.ts';
import { VirtioDriver } from '../../../support/virtio-driver.ts';

const DISK_BYTES = 0x1_0000;
const FLUSH = 1 << 9;
const CONFIG_WCE = 1 << 11;
const READ_ONLY = 1 << 5;
const MULTI_QUEUE = 1 << 12;
const DISCARD = 1 << 13;
const WRITE_ZEROES = 1 << 14;
const CONFIG = 0x2000;
const LATENCY = 100_000;

function board(options: Partial<MemoryDriveOptions> = {}) {
  const context = fakeContext(0, 0x10_0000);
  const content = Uint8Array.from({ length: DISK_BYTES }, (_, at) => (at >> 9) ^ at);
  const requests: DriveRequest[] = [];
  const drive = new MemoryDrive({
    id: 'd',
    kind: 'disk',
    clock: context.clock,
    content,
    ...options,
    fault: (request) => {
      requests.push(request);
      return options.fault?.(request);
    },
  });
  const messages: [number, number][] = [];
  const device = new VirtioPci(context, {
    id: 'virtio-blk0',
    slot: 4,
    queues: 4,
    messages: { sendMsi: (address, data) => messages.push([address, data]) },
    kind: (transport) =>
      new VirtioBlock(transport, context.dma, { drive, serial: 'A-SERIAL-NUMBER-OF-MORE-THAN-20' }),
  });
  const driver = new VirtioDriver(device, context);
  const wait = (times = 1) => context.clock.advance(times * LATENCY);
  const header = (type: number, sector = 0) => {
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setUint32(0, type, true);
    new DataView(bytes.buffer).setBigUint64(8, BigInt(sector), true);
    return { bytes };
  };
  /** Sends a request, waits for it, and tells its status and what the device has written. */
  const request = (type: number, sector: number, ...data: ({ bytes: Uint8Array } | { length: number })[]) => {
    const { addresses } = driver.add([header(type, sector), ...data, { length: 1 }]);
    driver.kick();
    wait(40);
    const [used] = driver.used();
    return {
      status: driver.bytes[addresses.at(-1)!],
      used,
      addresses,
      read: (part: number, length: number) => driver.bytes.slice(addresses[part], addresses[part]! + length),
    };
  };
  return { context, content, drive, device, driver, requests, messages, wait, header, request };
}

const ALL = FLUSH | DISCARD | WRITE_ZEROES;
const range = (sector: number, sectors: number, flags = 0) => {
  const bytes = new Uint8Array(16);
  const data = new DataView(bytes.buffer);
  data.setBigUint64(0, BigInt(sector), true);
  data.setUint32(8, sectors, true);
  data.setUint32(12, flags, true);
  return bytes;
};

describe('what it says of itself', () => {
  it('is a transitional block device with four queues', () => {
    const { driver, device } = board();
    expect([device.pci.vendorId, device.pci.deviceId, device.pci.subsystemId]).toEqual([0x1af4, 0x1001, 2]);
    const { low, high } = driver.offered();
    expect(high).toBe(1);
    for (const feature of [FLUSH, DISCARD, WRITE_ZEROES, MULTI_QUEUE, 1 << 28, 1 << 29])
      expect(low & feature).not.toBe(0);
    expect(low & READ_ONLY).toBe(0);
    expect(driver.get(0x12, 2)).toBe(4);
    expect(driver.get(CONFIG + 34, 2)).toBe(4);
  });

  it('tells its capacity in sectors and the size of a block', () => {
    const { driver } = board();
    expect([driver.get(CONFIG), driver.get(CONFIG + 4), driver.get(CONFIG + 20)]).toEqual([128, 0, 512]);
  });

  it('offers read-only in place of discarding for such a medium', () => {
    const { driver } = board({ readOnly: true });
    expect(driver.offered().low & (READ_ONLY | DISCARD | WRITE_ZEROES)).toBe(READ_ONLY);
  });

  it('refuses features it did not offer', () => {
    const { driver } = board();
    driver.start(1 << 3);
    expect(driver.status & 8).toBe(0);
    driver.start(FLUSH);
    expect(driver.status & 8).toBe(8);
  });
});

describe('requests', () => {
  it('read sectors into any number of pieces', () => {
    const { driver, content, request } = board();
    driver.start(ALL);
    const { status, used, read } = request(0, 3, { length: 100 }, { length: 924 });
    expect(status).toBe(0);
    expect(used).toEqual({ head: 0, length: 1025 });
    expect([...read(1, 100), ...read(2, 924)]).toEqual([...content.subarray(1536, 2560)]);
  });

  it('write sectors', () => {
    const { driver, content, request } = board();
    driver.start(ALL);
    const bytes = Uint8Array.from({ length: 1024 }, (_, at) => at * 7);
    expect(request(1, 126, { bytes }).status).toBe(0);
    expect([...content.subarray(126 * 512)]).toEqual([...bytes]);
  });

  it('are taken with header, data and status cut anywhere', () => {
    const { driver, content, header, wait } = board();
    driver.start(ALL);
    const { bytes } = header(0, 1);
    const { addresses } = driver.add([
      { bytes: bytes.slice(0, 5) },
      { bytes: bytes.slice(5) },
      { length: 511 },
      { length: 2 },
    ]);
    driver.kick();
    wait();
    expect(driver.used()).toEqual([{ head: 0, length: 513 }]);
    expect(driver.bytes[addresses[3]!]).toBe(content[1023]);
    expect(driver.bytes[addresses[3]! + 1]).toBe(0);
  });

  it('flush', () => {
    const { driver, requests, request } = board();
    driver.start(ALL);
    expect(request(4, 0).status).toBe(0);
    expect(requests.map(({ operation }) => operation)).toEqual(['flush']);
  });

  it('write through for drivers that cannot flush, and for those that switch the cache off', () => {
    const { driver, requests, request } = board();
    driver.start(0);
    request(1, 0, { bytes: new Uint8Array(512) });
    expect(requests.map(({ operation }) => operation)).toEqual(['write', 'flush']);
    driver.start(FLUSH | CONFIG_WCE);
    driver.set(CONFIG + 32, 0, 1);
    request(1, 0, { bytes: new Uint8Array(512) });
    expect(requests.slice(2).map(({ operation }) => operation)).toEqual(['write', 'flush']);
    driver.set(CONFIG + 32, 1, 1);
    request(1, 0, { bytes: new Uint8Array(512) });
    expect(requests.slice(4).map(({ operation }) => operation)).toEqual(['write']);
  });

  it('discard and write zeroes over a list of ranges', () => {
    const { driver, content, request } = board();
    driver.start(ALL);
    content.fill(0xaa);
    expect(request(13, 0, { bytes: Uint8Array.of(...range(2, 1), ...range(10, 2, 1)) }).status).toBe(0);
    const zeroed = Array.from(
      { length: 128 },
      (_, sector) => content[sector * 512] === 0 && content[sector * 512 + 511] === 0,
    );
    expect(zeroed.flatMap((is, sector) => (is ? [sector] : []))).toEqual([2, 10, 11]);
    expect(request(11, 0, { bytes: range(20, 1) }).status).toBe(0);
    expect(request(11, 0, { bytes: range(20, 1, 1) }).status).toBe(2);
    expect(request(13, 0, { bytes: range(127, 2) }).status).toBe(1);
    expect(request(13, 0, { bytes: range(0, 0xffff_ffff) }).status).toBe(1);
    expect(request(13, 0, { bytes: new Uint8Array(15) }).status).toBe(1);
  });

  it('get the serial number, of which there is room for 20 characters', () => {
    const { driver, request } = board();
    driver.start(ALL);
    const { status, used, read } = request(8, 0, { length: 20 });
    expect(String.fromCharCode(...read(1, 20))).toBe('A-SERIAL-NUMBER-OF-M');
    expect([status, used!.length]).toEqual([0, 21]);
  });

  it.each([
    ['an unknown type', 99, 0, 512, 2],
    ['an end behind the disk', 0, 127, 1024, 1],
    ['a sector far behind it', 0, 2 ** 50, 512, 1],
    ['half a sector', 0, 0, 256, 1],
    ['no data at all', 0, 0, 0, 1],
  ])('with %s end with a status that says so', (_name, type, sector, length, expected) => {
    const { driver, request } = board();
    driver.start(ALL);
    const { status, used } = request(type, sector, ...(length === 0 ? [] : [{ length }]));
    expect(status).toBe(expected);
    expect(used!.length).toBe(1);
  });

  it('tell errors of the drive, and refuse writes to a medium that is read only', () => {
    const bad = board({ fault: ({ offset }) => (offset === 512 ? 'io-error' : undefined) });
    bad.driver.start(ALL);
    expect(bad.request(0, 1, { length: 512 }).status).toBe(1);
    expect(bad.request(0, 2, { length: 512 }).status).toBe(0);
    const fixed = board({ readOnly: true });
    fixed.driver.start(FLUSH);
    expect(fixed.request(1, 0, { bytes: new Uint8Array(512) }).status).toBe(1);
    expect(fixed.requests).toEqual([]);
  });

  it('run at once, from several queues, and come back as the drive has them', () => {
    const { driver, header, wait } = board();
    driver.start(ALL, [0, 3]);
    driver.add([header(0), { length: 512 }, { length: 1 }], 0);
    driver.add([header(0, 5), { length: 512 }, { length: 1 }], 3);
    driver.kick(0);
    driver.kick(3);
    expect(driver.used(0)).toEqual([]);
    wait(2);
    expect([driver.used(0).length, driver.used(3).length]).toEqual([1, 1]);
  });
});

describe('a reset by the guest', () => {
  it('is over only when what was asked before can no longer write memory', () => {
    const { driver, header, wait } = board();
    driver.start(ALL);
    driver.add([header(0), { length: 512 }, { length: 1 }]);
    driver.kick();
    driver.set(0x14, 0, 1);
    expect(driver.status).not.toBe(0);
    wait();
    expect(driver.status).toBe(0);
    expect(driver.used()).toEqual([]);
    driver.start(ALL);
    expect(driver.status & 0x40).toBe(0);
  });
});
