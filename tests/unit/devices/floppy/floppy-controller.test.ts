// The 82077AA with a real DMA controller and disks in memory. Reference: Intel 82077AA datasheet (290166), 5 and 6.

import { describe, expect, it } from 'vitest';
import { MemoryDrive } from '../../../../src-main/engine/block/memory-drive.ts';
import { PortSpace } from '../../../../src-main/engine/bus/port-space.ts';
import { Dma8237 } from '../../../../src-main/engine/devices/dma8237.ts';
import { FloppyController } from '../../../../src-main/engine/devices/floppy/floppy-controller.ts';
import { driveType, geometryOf, sizeOf } from '../../../../src-main/engine/devices/floppy/geometry.ts';
import { fakeContext } from '../../../support/fake-context.ts';

const SECTOR = 512;
const BYTES_1440 = 1_474_560;
const CONTENT = Uint8Array.from({ length: BYTES_1440 }, (_, at) => (Math.floor(at / SECTOR) * 3 + at) & 0xff);
const sector = (cylinder: number, head: number, number: number): number => ((cylinder * 2 + head) * 18 + number - 1) * SECTOR;
const TO_MEMORY = 0x44;
const FROM_MEMORY = 0x48;

function build(content: Uint8Array | undefined = CONTENT.slice(), readOnly = false) {
  const context = fakeContext(0, 0x2_0000);
  const ports = new PortSpace();
  const dma = new Dma8237({ dma: context.dma });
  const drive = new MemoryDrive({ id: 'a', kind: 'floppy', clock: context.clock, content, readOnly });
  const controller = new FloppyController(context, { drives: [drive, undefined], dma: dma.channel(2) });
  ports.attach(dma);
  ports.attach(controller);
  dma.reset();
  controller.reset();
  const out = (port: number, value: number): void => ports.write(port, 1, value);
  const read = (port: number): number => ports.read(port, 1);
  const send = (...bytes: number[]): void => {
    for (const byte of bytes) {
      expect(read(0x3f4) & 0xc0).toBe(0x80);
      out(0x3f5, byte);
    }
  };
  const result = (): number[] => {
    const bytes: number[] = [];
    while ((read(0x3f4) & 0xc0) === 0xc0) bytes.push(read(0x3f5));
    return bytes;
  };
  const setDma = (mode: number, address: number, bytes: number): void => {
    out(0x0a, 6);
    out(0x0c, 0);
    out(0x0b, mode | 2);
    out(0x04, address & 0xff);
    out(0x04, address >> 8);
    out(0x81, 0);
    out(0x05, (bytes - 1) & 0xff);
    out(0x05, (bytes - 1) >> 8);
    out(0x0a, 2);
  };
  const wait = (): void => context.clock.advance(1e8);
  // What a BIOS does: cascade, reset, rates, motor.
  out(0xd6, 0xc0);
  out(0xd4, 0);
  out(0x3f2, 0x00);
  out(0x3f2, 0x1c);
  for (let i = 0; i < 4; i++) {
    send(0x08);
    result();
  }
  out(0x3f7, 0);
  send(0x03, 0xaf, 0x02);
  const seek = (cylinder: number): void => {
    send(0x0f, 0, cylinder);
    send(0x08);
    result();
  };
  return { context, controller, drive, content, out, read, send, result, setDma, wait, seek, pin: context.irq('irq') };
}

describe('reset', () => {
  it('lets four interrupts be sensed', () => {
    const { out, send, result, pin } = build();
    out(0x3f2, 0x18);
    expect(pin.level).toBe(false);
    out(0x3f2, 0x1c);
    expect(pin.level).toBe(true);
    for (let unit = 0; unit < 4; unit++) {
      send(0x08);
      expect(result()).toEqual([0xc0 | unit, 0]);
    }
    send(0x08);
    expect(result()).toEqual([0x80]);
  });

  it('by DSR lets go by itself', () => {
    const { out, read, pin } = build();
    out(0x3f4, 0x80);
    expect([pin.level, read(0x3f4)]).toEqual([true, 0x80]);
  });
});

describe('reading', () => {
  it('until terminal count', () => {
    const { context, send, result, setDma, wait, seek, pin, read } = build();
    seek(5);
    setDma(TO_MEMORY, 0x4000, 3 * SECTOR);
    send(0xe6, 4, 5, 1, 2, 2, 18, 0x1b, 0xff);
    expect(read(0x3f4)).toBe(0x10);
    wait();
    expect(pin.level).toBe(true);
    expect(result()).toEqual([4, 0, 0, 5, 1, 5, 2]);
    expect(pin.level).toBe(false);
    expect(context.memory.slice(0x4000, 0x4000 + 3 * SECTOR)).toEqual(CONTENT.subarray(sector(5, 1, 2), sector(5, 1, 5)));
  });

  it('goes on to the second head with MT', () => {
    const { context, send, result, setDma, wait } = build();
    setDma(TO_MEMORY, 0x4000, 36 * SECTOR);
    send(0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    wait();
    expect(result()).toEqual([0, 0, 0, 1, 0, 1, 2]);
    expect(context.memory.slice(0x4000, 0x4000 + 36 * SECTOR)).toEqual(CONTENT.subarray(0, 36 * SECTOR));
  });

  it('ends abnormally behind the last sector without terminal count', () => {
    const { send, result, setDma, wait } = build();
    setDma(TO_MEMORY, 0x4000, 4 * SECTOR);
    send(0x46, 0, 0, 0, 17, 2, 18, 0x1b, 0xff);
    wait();
    expect(result().slice(0, 3)).toEqual([0x40, 0x80, 0]);
  });

  it('waits for a DMA channel that is masked', () => {
    const { send, result, setDma, wait, out, pin } = build();
    setDma(TO_MEMORY, 0x4000, SECTOR);
    out(0x0a, 6);
    send(0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    wait();
    expect(pin.level).toBe(false);
    out(0x0a, 2);
    wait();
    expect([pin.level, result()[0]]).toEqual([true, 0]);
  });

  it('through the FIFO without DMA', () => {
    const { send, result, wait, read } = build();
    send(0x03, 0xaf, 0x03);
    send(0x46, 0, 0, 0, 18, 2, 18, 0x1b, 0xff);
    wait();
    expect(read(0x3f4)).toBe(0xf0);
    const bytes = Array.from({ length: SECTOR }, () => read(0x3f5));
    expect(bytes).toEqual([...CONTENT.subarray(sector(0, 0, 18), sector(0, 0, 18) + SECTOR)]);
    expect(result().slice(0, 2)).toEqual([0x40, 0x80]);
  });

  it('needs the heads on the cylinder, or implied seeks', () => {
    const { send, result, setDma, wait } = build();
    setDma(TO_MEMORY, 0x4000, SECTOR);
    send(0x46, 0, 9, 0, 1, 2, 18, 0x1b, 0xff);
    expect(result().slice(0, 3)).toEqual([0x40, 4, 0x10]);
    send(0x13, 0, 0x57, 0);
    send(0x46, 0, 9, 0, 1, 2, 18, 0x1b, 0xff);
    wait();
    expect(result()[0]).toBe(0);
  });

  it('finds nothing at a data rate that is not the disk\'s', () => {
    const { send, result, out } = build();
    out(0x3f7, 2);
    send(0x4a, 0);
    expect(result().slice(0, 2)).toEqual([0x40, 1]);
    out(0x3f7, 0);
    send(0x4a, 0);
    expect(result()).toEqual([0, 0, 0, 0, 0, 1, 2]);
  });
});

describe('writing', () => {
  it('writes what the host gives', () => {
    const { context, content, send, result, setDma, wait } = build();
    context.memory.fill(0x77, 0x4000, 0x4000 + 2 * SECTOR);
    setDma(FROM_MEMORY, 0x4000, 2 * SECTOR);
    send(0xc5, 0, 0, 0, 3, 2, 18, 0x1b, 0xff);
    wait();
    expect(result()).toEqual([0, 0, 0, 0, 0, 5, 2]);
    expect([content![sector(0, 0, 3)], content![sector(0, 0, 5) - 1], content![sector(0, 0, 5)]]).toEqual([0x77, 0x77, CONTENT[sector(0, 0, 5)]]);
  });

  it('is refused by a protected disk', () => {
    const { send, result, setDma } = build(CONTENT.slice(), true);
    setDma(FROM_MEMORY, 0x4000, SECTOR);
    send(0xc5, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    expect(result().slice(0, 2)).toEqual([0x40, 2]);
    send(0x04, 0);
    expect(result()[0]! & 0x40).toBe(0x40);
  });

  it('FORMAT TRACK fills the sectors whose addresses it is given', () => {
    const { context, content, send, result, setDma, wait, seek } = build();
    seek(2);
    for (let n = 0; n < 18; n++) context.memory.set([2, 1, n + 1, 2], 0x4000 + 4 * n);
    setDma(FROM_MEMORY, 0x4000, 72);
    send(0x4d, 4, 2, 18, 0x54, 0xf6);
    wait();
    expect(result()[0]).toBe(4);
    expect(content!.subarray(sector(2, 1, 1), sector(2, 1, 18) + SECTOR).every((byte) => byte === 0xf6)).toBe(true);
    expect(content![sector(2, 1, 1) - 1]).toBe(CONTENT[sector(2, 1, 1) - 1]);
  });

  it('VERIFY reads without the host', () => {
    const { send, result, wait } = build();
    send(0x56, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    wait();
    expect(result().slice(0, 2)).toEqual([0, 0]);
  });
});

describe('seeking and the disk change line', () => {
  it('the line stays until a step with a disk in the drive', () => {
    const { read, seek, drive } = build();
    expect(read(0x3f7) & 0x80).toBe(0x80);
    seek(1);
    expect(read(0x3f7) & 0x80).toBe(0);
    drive.change(undefined);
    seek(2);
    expect(read(0x3f7) & 0x80).toBe(0x80);
    drive.change(CONTENT);
    expect(read(0x3f7) & 0x80).toBe(0x80);
    seek(1);
    expect(read(0x3f7) & 0x80).toBe(0);
  });

  it('RECALIBRATE finds track 0, or no drive', () => {
    const { send, result, seek, pin } = build();
    seek(40);
    send(0x07, 0);
    expect(pin.level).toBe(true);
    send(0x08);
    expect(result()).toEqual([0x20, 0]);
    send(0x07, 1);
    send(0x08);
    expect(result()[0]).toBe(0x71);
  });

  it('without a disk nothing is found', () => {
    const { send, result, drive } = build();
    drive.change(undefined);
    send(0x4a, 0);
    expect(result().slice(0, 2)).toEqual([0x40, 1]);
  });
});

describe('other commands', () => {
  it('VERSION, LOCK, DUMPREG and what is none', () => {
    const { send, result } = build();
    send(0x10);
    expect(result()).toEqual([0x90]);
    send(0x94);
    expect(result()).toEqual([0x10]);
    send(0x0e);
    expect(result()).toHaveLength(10);
    send(0x1f);
    expect(result()).toEqual([0x80]);
  });
});

it.each([
  [368_640, [40, 2, 9], 1], [737_280, [80, 2, 9], 4], [1_228_800, [80, 2, 15], 2], [BYTES_1440, [80, 2, 18], 4], [2_949_120, [80, 2, 36], 5],
] as const)('an image of %d bytes', (bytes, shape, type) => {
  const { cylinders, heads, sectors } = geometryOf(bytes);
  expect([[cylinders, heads, sectors], driveType(bytes), sizeOf(geometryOf(bytes))]).toEqual([shape, type, bytes]);
});

it('an odd image is a floppy of the next size', () => {
  expect(sizeOf(geometryOf(183_000))).toBe(184_320);
});
