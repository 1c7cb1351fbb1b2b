// An AHCI controller with a disk of 64 KiB on port 0 and a CD-ROM on port 2, driven as the specification says.

import { describe, expect, it } from 'vitest';
import type { DriveRequest } from '../../../../src-main/engine/block/drive.ts';
import { MemoryDrive, type MemoryDriveOptions } from '../../../../src-main/engine/block/memory-drive.ts';
import { AhciController } from '../../../../src-main/engine/devices/ahci/ahci-controller.ts';
import { unitFor } from '../../../../src-main/engine/devices/ide/ide-controller.ts';
import { PciHost } from '../../../../src-main/engine/devices/pci/pci-host.ts';
import { fakeContext } from '../../../support/fake-context.ts';

const GHC = 0x04;
const IS = 0x08;
const [CLB, FB, PX_IS, PX_IE, CMD, TFD, SIG, SSTS, SCTL, SERR, SACT, CI] = [
  0x00, 0x08, 0x10, 0x14, 0x18, 0x20, 0x24, 0x28, 0x2c, 0x30, 0x34, 0x38,
];
const LIST = 0x1000;
const FRAMES = 0x2000;
const TABLES = 0x3000;
const DATA = 0x1_0000;
const LATENCY = 100_000;

interface Issue {
  readonly slot?: number;
  readonly command: number;
  readonly lba?: number;
  readonly count?: number;
  readonly features?: number;
  readonly device?: number;
  readonly packet?: readonly number[];
  /** Where the data goes, and how long each range is. */
  readonly ranges?: readonly (readonly [address: number, length: number])[];
}

function board(options: Partial<MemoryDriveOptions> = {}) {
  const context = fakeContext(0, 0x4_0000);
  const data = new DataView(context.memory.buffer);
  const content = Uint8Array.from({ length: 0x1_0000 }, (_, at) => (at >> 9) * 3 + at);
  const cdContent = Uint8Array.from({ length: 0x8000 }, (_, at) => (at >> 11) ^ at);
  const requests: DriveRequest[] = [];
  const disk = new MemoryDrive({
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
  const cd = new MemoryDrive({
    id: 'c',
    kind: 'cdrom',
    clock: context.clock,
    content: cdContent,
    readOnly: true,
  });
  const messages: [number, number][] = [];
  const device = new AhciController(context, {
    id: 'ahci0',
    slot: 24,
    messages: { sendMsi: (address, value) => messages.push([address, value]) },
    drives: [
      { drive: disk, unit: unitFor({ drive: disk, identity: { serial: 'S1', model: 'A DISK' } }, 0) },
      undefined,
      { drive: cd, unit: unitFor({ drive: cd }, 2) },
    ],
  });
  const pci = new PciHost({ functions: [device.pci], ports: { move() {} }, memory: { move() {} } });
  pci.reset();
  device.reset();
  pci.writeConfig(24, 0, 4, 2, 6);
  const get = (offset: number) => device.read(0, offset, 4);
  const set = (offset: number, value: number) => device.write(0, offset, 4, value >>> 0);
  const port = (n: number) => ({
    get: (offset: number) => get(0x100 + 0x80 * n + offset),
    set: (offset: number, value: number) => set(0x100 + 0x80 * n + offset, value),
  });
  const start = (n: number) => {
    port(n).set(CLB, LIST);
    port(n).set(FB, FRAMES);
    port(n).set(CMD, 0x10);
    port(n).set(SERR, 0xffff_ffff);
    port(n).set(PX_IS, 0xffff_ffff);
    port(n).set(PX_IE, 0xffff_ffff);
    port(n).set(CMD, 0x11);
    set(GHC, 0x8000_0002);
  };
  /** Lays a command out in memory. */
  const prepare = ({
    slot = 0,
    command,
    lba = 0,
    count = 1,
    features = 0,
    device: head = 0x40,
    packet,
    ranges = [],
  }: Issue) => {
    const table = TABLES + slot * 0x400;
    context.memory.fill(0, table, table + 0x400);
    data.setUint32(LIST + slot * 32, 5 | (packet ? 0x20 : 0) | (ranges.length << 16), true);
    data.setUint32(LIST + slot * 32 + 4, 0, true);
    data.setUint32(LIST + slot * 32 + 8, table, true);
    data.setUint32(LIST + slot * 32 + 12, 0, true);
    const at = (shift: number) => Math.floor(lba / 2 ** shift) & 0xff;
    context.memory.set(
      [
        0x27,
        0x80,
        command,
        features,
        at(0),
        at(8),
        at(16),
        head,
        at(24),
        at(32),
        at(40),
        features >> 8,
        count,
        count >> 8,
      ],
      table,
    );
    if (packet) context.memory.set(packet, table + 0x40);
    ranges.forEach(([address, length], index) => {
      data.setUint32(table + 0x80 + index * 16, address, true);
      data.setUint32(table + 0x80 + index * 16 + 12, length - 1, true);
    });
  };
  const issue = (n: number, what: Issue) => {
    prepare(what);
    port(n).set(CI, 1 << (what.slot ?? 0));
    context.clock.advance(20 * LATENCY);
  };
  const transferred = (slot = 0) => data.getUint32(LIST + slot * 32 + 4, true);
  return {
    context,
    data,
    content,
    cdContent,
    disk,
    requests,
    messages,
    device,
    pci,
    get,
    set,
    port,
    start,
    prepare,
    issue,
    transferred,
    memory: context.memory,
    pin: context.irq('inta'),
  };
}

describe('the controller', () => {
  it('says what it can do', () => {
    const { get, device } = board();
    const cap = get(0);
    expect([cap & 31, (cap >>> 8) & 31, (cap >>> 30) & 1, cap >>> 31]).toEqual([5, 31, 1, 1]);
    expect(get(0x0c)).toBe(0x3f);
    expect(device.pci.classCode).toBe(0x010601);
  });

  it('shows links and signatures of what is connected', () => {
    const { port } = board();
    expect([0, 1, 2].map((n) => port(n).get(SSTS))).toEqual([0x113, 0, 0x113]);
    expect([0, 2].map((n) => port(n).get(SIG))).toEqual([0x0000_0101, 0xeb14_0101]);
    expect(port(0).get(TFD) & 0x89).toBe(0);
    expect(port(1).get(TFD)).toBe(0x7f);
  });
});

describe('commands', () => {
  it('identify the disk as one on a serial link with a queue of 32', () => {
    const { start, issue, port, data, memory, transferred } = board();
    start(0);
    issue(0, { command: 0xec, ranges: [[DATA, 512]] });
    expect(port(0).get(CI)).toBe(0);
    expect(port(0).get(TFD)).toBe(0x50);
    expect(transferred()).toBe(512);
    const word = (n: number) => data.getUint16(DATA + 2 * n, true);
    expect([word(75), word(76) & 0x100, word(93), data.getUint32(DATA + 200, true)]).toEqual([
      31, 0x100, 0, 128,
    ]);
    expect(String.fromCharCode(memory[DATA + 55]!, memory[DATA + 54]!)).toBe('A ');
    expect(port(0).get(PX_IS) & 2).toBe(2);
    expect(memory[FRAMES + 0x20]).toBe(0x5f);
  });

  it('read by DMA into scattered memory, and end with a frame and an interrupt', () => {
    const { start, issue, port, content, memory, transferred, pin, get, set } = board();
    start(0);
    issue(0, {
      command: 0x25,
      lba: 5,
      count: 3,
      ranges: [
        [DATA, 100],
        [DATA + 0x1000, 1436],
      ],
    });
    expect([...memory.slice(DATA, DATA + 100), ...memory.slice(DATA + 0x1000, DATA + 0x1000 + 1436)]).toEqual(
      [...content.slice(5 * 512, 8 * 512)],
    );
    expect([port(0).get(CI), transferred(), memory[FRAMES + 0x40], memory[FRAMES + 0x42]]).toEqual([
      0, 1536, 0x34, 0x50,
    ]);
    expect([port(0).get(PX_IS) & 1, get(IS), pin.level]).toEqual([1, 1, true]);
    port(0).set(PX_IS, 1);
    set(IS, 1);
    expect([get(IS), pin.level]).toEqual([0, false]);
  });

  it('write, and flush', () => {
    const { start, issue, content, memory, requests } = board();
    start(0);
    memory.fill(0x77, DATA, DATA + 1024);
    issue(0, { command: 0x35, lba: 126, count: 2, ranges: [[DATA, 1024]] });
    issue(0, { command: 0xea });
    expect([...content.slice(126 * 512)].every((byte) => byte === 0x77)).toBe(true);
    expect(requests.map(({ operation }) => operation)).toEqual(['write', 'flush']);
  });

  it('read and write by PIO, block for block', () => {
    const { start, issue, port, content, memory } = board();
    start(0);
    issue(0, { command: 0x24, lba: 10, count: 20, ranges: [[DATA, 20 * 512]] });
    expect([...memory.slice(DATA, DATA + 20 * 512)]).toEqual([...content.slice(10 * 512, 30 * 512)]);
    expect(port(0).get(CI)).toBe(0);
    memory.fill(0x99, DATA, DATA + 1536);
    issue(0, { command: 0x34, lba: 1, count: 3, ranges: [[DATA, 1536]] });
    expect(port(0).get(CI)).toBe(0);
    expect([...content.slice(512, 2048)].every((byte) => byte === 0x99)).toBe(true);
  });

  it('go one after another through the slots', () => {
    const { start, prepare, port, context, memory, content } = board();
    start(0);
    for (const slot of [31, 0, 7])
      prepare({ slot, command: 0x25, lba: slot, ranges: [[DATA + slot * 512, 512]] });
    port(0).set(CI, 0x8000_0081);
    context.clock.advance(10 * LATENCY);
    expect(port(0).get(CI)).toBe(0);
    for (const slot of [31, 0, 7])
      expect([...memory.slice(DATA + slot * 512, DATA + slot * 512 + 512)]).toEqual([
        ...content.slice(slot * 512, slot * 512 + 512),
      ]);
  });

  it('that fail leave their slot set and stop the port until it is started again', () => {
    const { start, issue, prepare, port, context, get } = board();
    start(0);
    issue(0, { command: 0x25, lba: 128, ranges: [[DATA, 512]] });
    expect(port(0).get(TFD)).toBe(0x1051);
    expect([port(0).get(CI), port(0).get(PX_IS) >>> 30, get(IS)]).toEqual([1, 1, 1]);
    expect((port(0).get(CMD) >>> 8) & 31).toBe(0);
    prepare({ slot: 1, command: 0xe5 });
    port(0).set(CI, 2);
    context.clock.advance(LATENCY);
    expect(port(0).get(CI)).toBe(3);
    port(0).set(CMD, 0x10);
    expect([port(0).get(CI), port(0).get(CMD) & 0x8000]).toEqual([0, 0]);
    port(0).set(CMD, 0x11);
    port(0).set(CI, 2);
    expect(port(0).get(CI)).toBe(0);
  });
});

describe('native queuing', () => {
  it('carries many commands out together and reports each', () => {
    const { start, prepare, port, context, content, memory } = board();
    start(0);
    for (const slot of [0, 3, 9])
      prepare({
        slot,
        command: 0x60,
        features: 1,
        count: slot << 3,
        lba: slot,
        ranges: [[DATA + slot * 512, 512]],
      });
    port(0).set(SACT, 0x209);
    port(0).set(CI, 0x209);
    expect([port(0).get(CI), port(0).get(SACT), port(0).get(TFD)]).toEqual([0, 0x209, 0x50]);
    context.clock.advance(10 * LATENCY);
    expect(port(0).get(SACT)).toBe(0);
    expect([port(0).get(PX_IS) & 8, memory[FRAMES + 0x58]]).toEqual([8, 0xa1]);
    for (const slot of [0, 3, 9])
      expect([...memory.slice(DATA + slot * 512, DATA + slot * 512 + 512)]).toEqual([
        ...content.slice(slot * 512, slot * 512 + 512),
      ]);
  });

  it('makes forced writes durable', () => {
    const { start, prepare, port, context, requests } = board();
    start(0);
    prepare({ command: 0x61, features: 1, count: 0, device: 0xc0, ranges: [[DATA, 512]] });
    port(0).set(SACT, 1);
    port(0).set(CI, 1);
    context.clock.advance(10 * LATENCY);
    expect(requests.map(({ operation }) => operation)).toEqual(['write', 'flush']);
    expect(port(0).get(SACT)).toBe(0);
  });

  it('names the command that failed in log page 10h', () => {
    const { start, prepare, issue, port, context, memory } = board({
      fault: ({ offset }) => (offset === 40 * 512 ? 'io-error' : undefined),
    });
    start(0);
    prepare({ slot: 4, command: 0x60, features: 1, count: 4 << 3, lba: 40, ranges: [[DATA, 512]] });
    port(0).set(SACT, 0x10);
    port(0).set(CI, 0x10);
    context.clock.advance(10 * LATENCY);
    expect([port(0).get(SACT), port(0).get(PX_IS) >>> 30, port(0).get(TFD)]).toEqual([0x10, 1, 0x4051]);
    port(0).set(CMD, 0x10);
    port(0).set(CMD, 0x11);
    // The page survives a restart of the engine: the error is read after one.
    issue(0, { command: 0x2f, lba: 0x10, ranges: [[DATA, 512]] });
    expect([memory[DATA], memory[DATA + 2], memory[DATA + 3], memory[DATA + 4]]).toEqual([4, 0x51, 0x40, 40]);
    expect(memory.slice(DATA, DATA + 512).reduce((sum, byte) => sum + byte, 0) % 256).toBe(0);
  });
});

describe('the CD-ROM', () => {
  it('identifies itself and reads by packets, by DMA and by PIO', () => {
    const { start, issue, port, cdContent, memory } = board();
    start(2);
    issue(2, { command: 0xa1, ranges: [[DATA, 512]] });
    expect(memory[DATA + 1]).toBe(0x85);
    const read = [0x28, 0, 0, 0, 0, 3, 0, 0, 2, 0, 0, 0];
    issue(2, { command: 0xa0, packet: [0, 0, 0, 0, 0, 0], ranges: [] });
    for (const features of [1, 0]) {
      memory.fill(0, DATA, DATA + 4096);
      issue(2, { command: 0xa0, features, lba: 0xff_fe00, packet: read, ranges: [[DATA, 4096]] });
      expect([...memory.slice(DATA, DATA + 4096)]).toEqual([...cdContent.slice(3 * 2048, 5 * 2048)]);
      expect([port(2).get(CI), port(2).get(TFD) & 0x89]).toEqual([0, 0]);
    }
  });

  it('reports what it cannot do by an error of the packet', () => {
    const { start, issue, port } = board();
    start(2);
    issue(2, { command: 0xa0, packet: [0xff] });
    expect(port(2).get(TFD) & 1).toBe(1);
    expect(port(2).get(TFD) >>> 12).toBe(5);
    expect(port(2).get(PX_IS) >>> 30).toBe(1);
  });
});

describe('resets', () => {
  it('of the link bring the signature back', () => {
    const { start, port } = board();
    start(0);
    port(0).set(CMD, 0x10);
    port(0).set(SCTL, 0x301);
    expect([port(0).get(SSTS), port(0).get(TFD)]).toEqual([0, 0x7f]);
    port(0).set(SCTL, 0x300);
    expect([port(0).get(SSTS), port(0).get(SIG), port(0).get(SERR)]).toEqual([0x113, 0x101, 0x0400_0000]);
    expect(port(0).get(PX_IS) & 0x40).toBe(0x40);
    port(0).set(SERR, 0xffff_ffff);
    expect(port(0).get(PX_IS) & 0x40).toBe(0);
  });

  it('of the device go by the control register of a frame', () => {
    const { start, port, memory, prepare } = board();
    start(2);
    for (const control of [4, 0]) {
      prepare({ command: 0 });
      memory[TABLES + 1] = 0;
      memory[TABLES + 15] = control;
      port(2).set(CI, 1);
      expect(port(2).get(CI)).toBe(0);
    }
    expect([port(2).get(SIG), memory[FRAMES + 0x45], memory[FRAMES + 0x46]]).toEqual([
      0xeb14_0101, 0x14, 0xeb,
    ]);
  });

  it('wait for requests that could still write memory', () => {
    const { start, prepare, port, context, get, set } = board();
    start(0);
    prepare({ command: 0x25, ranges: [[DATA, 512]] });
    port(0).set(CI, 1);
    port(0).set(CMD, 0x10);
    expect(port(0).get(CMD) & 0x8000).toBe(0x8000);
    context.clock.advance(LATENCY);
    expect(port(0).get(CMD) & 0x8000).toBe(0);
    expect(port(0).get(PX_IS) & 1).toBe(0);
    port(0).set(CMD, 0x11);
    port(0).set(CI, 1);
    set(GHC, 0x8000_0001);
    expect(get(GHC)).toBe(0x8000_0001);
    context.clock.advance(LATENCY);
    expect([get(GHC), port(0).get(CI), port(0).get(CMD) & 0x8011]).toEqual([0x8000_0000, 0, 0]);
  });
});

describe('interrupts', () => {
  it('are messages once MSI is enabled', () => {
    const { start, issue, messages, pci, pin } = board();
    pci.writeConfig(24, 0, 0x44, 4, 0xfee0_1000);
    pci.writeConfig(24, 0, 0x4c, 2, 0x4041);
    pci.writeConfig(24, 0, 0x42, 2, 1);
    start(0);
    issue(0, { command: 0xe5 });
    expect(messages).toEqual([[0xfee0_1000, 0x4041]]);
    expect(pin.rises).toBe(0);
  });
});

describe('a guest that means no good', () => {
  it('gets no further than an error with frames and tables that are none', () => {
    const { start, prepare, port, memory, data } = board();
    start(0);
    prepare({ command: 0x25 });
    memory[TABLES] = 0x46;
    port(0).set(CI, 1);
    expect(port(0).get(PX_IS) & 0x0800_0000).toBe(0x0800_0000);
    port(0).set(CMD, 0x10);
    port(0).set(CMD, 0x11);
    data.setUint32(LIST + 8, 0xffff_ff80, true);
    data.setUint32(LIST + 12, 0xffff_ffff, true);
    port(0).set(CI, 1);
    expect(port(0).get(CI)).toBe(1);
  });

  it('with too little memory for a command gets an error or waits in vain, until the port is stopped', () => {
    const { start, issue, port } = board();
    start(0);
    issue(0, { command: 0x25, count: 4, ranges: [[DATA, 512]] });
    expect(port(0).get(PX_IS) & 0x0100_0000).toBe(0x0100_0000);
    port(0).set(CMD, 0x10);
    port(0).set(CMD, 0x11);
    issue(0, { command: 0xe5 });
    expect(port(0).get(CI)).toBe(0);
  });
});
