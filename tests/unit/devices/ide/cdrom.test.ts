// The CD-ROM by its packet commands. Reference: MMC-5 (T10/1675-D), 6; ATA/ATAPI-6 (T13/1410D), 9.8.

import { describe, expect, it } from 'vitest';
import { DRQ, ERR, IdeBoard } from '../../../support/ide-board.ts';

const BLOCK = 2048;
const BLOCKS = 40;
const CONTENT = Uint8Array.from({ length: BLOCKS * BLOCK }, (_, at) => (Math.floor(at / BLOCK) * 11 + at) & 0xff);
const board = () => new IdeBoard({ cd: CONTENT });
const big32 = (value: number): number[] => [value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff];
const read10 = (block: number, count: number): number[] => [0x28, 0, ...big32(block), 0, count >> 8, count & 0xff];
const blocks = (from: number, to: number): number[] => [...CONTENT.subarray(from * BLOCK, to * BLOCK)];
const failed = (ide: IdeBoard): boolean => (ide.in(7) & ERR) !== 0;

describe('identification', () => {
  it('shows the signature of a packet device, also when taken for a disk', () => {
    const ide = board();
    expect([ide.in(2), ide.in(3), ide.in(4), ide.in(5), ide.status]).toEqual([1, 1, 0x14, 0xeb, 0]);
    ide.command(0xec);
    expect([failed(ide), ide.in(4), ide.in(5)]).toEqual([true, 0x14, 0xeb]);
  });

  it('IDENTIFY PACKET DEVICE and INQUIRY name a removable CD-ROM', () => {
    const ide = board();
    ide.command(0xa1);
    const words = ide.readBytes(512);
    expect(words[0]! | (words[1]! << 8)).toBe(0x85c0);
    ide.packet([0x12, 0, 0, 0, 36]);
    const { data } = ide.packetData();
    expect([data.length, data[0], data[1], String.fromCharCode(...data.slice(8, 16))]).toEqual([36, 5, 0x80, 'BOXWRGHT']);
  });
});

describe('the PACKET protocol', () => {
  it('asks for the command, gives blocks no larger than the host takes, then ends', () => {
    const ide = board();
    ide.out(6, 0xa0);
    ide.out(1, 0);
    ide.out(4, 0x00);
    ide.out(5, 0x10);
    ide.out(7, 0xa0);
    expect([ide.status & DRQ, ide.in(2) & 3]).toEqual([DRQ, 1]);
    const packet = new Uint8Array(12);
    packet.set(read10(3, 5));
    ide.writeBytes(packet);
    ide.wait();
    expect([ide.interrupt, ide.in(2) & 3]).toEqual([true, 2]);
    const { data, blocks: sizes } = ide.packetData();
    expect(data).toEqual(blocks(3, 8));
    expect(sizes.every((size) => size <= 0x1000)).toBe(true);
    expect([ide.in(2) & 3, failed(ide), ide.status & DRQ]).toEqual([3, false, 0]);
  });

  it('rounds a limit that is no whole number of sectors down', () => {
    const ide = board();
    ide.packet(read10(0, 2), { limit: 3000 });
    expect(ide.packetData().blocks).toEqual([2048, 2048]);
  });

  it('gives answers shorter than asked for', () => {
    const ide = board();
    ide.packet([0x12, 0, 0, 0, 5]);
    expect(ide.packetData().data).toHaveLength(5);
  });

  it('reads by DMA, and answers by DMA', () => {
    const ide = board();
    ide.table([0x8000, 4096], [0xc000, 2048]);
    ide.packet([0xa8, 0, ...big32(7), ...big32(3)], { dma: true });
    ide.busMaster.out(0, 9);
    ide.wait();
    expect([ide.interrupt, ide.busMaster.in(2) & 7, ide.in(2) & 3]).toEqual([true, 4, 3]);
    expect([...ide.context.memory.subarray(0x8000, 0x9000)]).toEqual(blocks(7, 9));
    expect([...ide.context.memory.subarray(0xc000, 0xc800)]).toEqual(blocks(9, 10));
    ide.busMaster.out(0, 0);
    ide.busMaster.out(2, 6);
    ide.table([0x9000, 8]);
    ide.packet([0x25], { dma: true });
    ide.busMaster.out(0, 9);
    expect([...ide.context.memory.subarray(0x9000, 0x9008)]).toEqual([...big32(BLOCKS - 1), ...big32(BLOCK)]);
  });
});

describe('about the disc', () => {
  it('READ CAPACITY', () => {
    const ide = board();
    ide.packet([0x25]);
    expect(ide.packetData().data).toEqual([...big32(BLOCKS - 1), ...big32(BLOCK)]);
  });

  it('READ TOC has one data track and the lead-out, by block and by time', () => {
    const ide = board();
    ide.packet([0x43, 0, 0, 0, 0, 0, 0, 0, 20]);
    expect(ide.packetData().data).toEqual([0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x16, 0xaa, 0, ...big32(BLOCKS)]);
    ide.packet([0x43, 2, 0, 0, 0, 0, 0xaa, 0, 20]);
    expect(ide.packetData().data.slice(8)).toEqual([0, 0, 2, 40]);
    ide.packet([0x43, 0, 1, 0, 0, 0, 0, 0, 20]);
    expect(ide.packetData().data).toHaveLength(12);
  });

  it('GET CONFIGURATION names the profile of the disc', () => {
    const ide = board();
    ide.packet([0x46, 0, 0, 0, 0, 0, 0, 0, 255]);
    const { data } = ide.packetData();
    expect([data[6], data[7]]).toEqual([0, 8]);
    expect(data[3]).toBe(data.length - 4);
  });

  it('MODE SENSE has the capabilities', () => {
    const ide = board();
    ide.packet([0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 255]);
    const { data } = ide.packetData();
    expect([data[0]! * 256 + data[1]! + 2, data[2], data[8]]).toEqual([data.length, 1, 0x2a]);
    ide.packet([0x5a, 0, 0x3e, 0, 0, 0, 0, 0, 255]);
    expect(failed(ide)).toBe(true);
    expect(ide.sense()).toEqual([5, 0x2400]);
  });

  it('READ DISC INFORMATION, READ TRACK INFORMATION, MECHANISM STATUS, READ SUB-CHANNEL', () => {
    const ide = board();
    const answer = (...packet: number[]): number[] => {
      ide.packet(packet);
      return ide.packetData().data;
    };
    expect(answer(0x51, 0, 0, 0, 0, 0, 0, 0, 255)).toHaveLength(34);
    expect(answer(0x52, 1, 0, 0, 0, 1, 0, 0, 255).slice(24, 28)).toEqual(big32(BLOCKS));
    expect(answer(0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8)).toHaveLength(8);
    expect(answer(0x42, 0, 0x40, 1, 0, 0, 0, 0, 16)[1]).toBe(0x15);
  });

  it('READ DVD STRUCTURE is for DVDs', () => {
    const ide = board();
    ide.packet([0xad, 0, 0, 0, 0, 0, 0, 0, 8, 4]);
    expect(ide.sense()).toEqual([5, 0x2400]);
  });
});

describe('READ CD', () => {
  it('gives user data, or raw sectors with their header', () => {
    const ide = board();
    ide.packet([0xbe, 0, ...big32(1), 0, 0, 2, 0x10]);
    expect(ide.packetData().data).toEqual(blocks(1, 3));
    ide.packet([0xbe, 0, ...big32(16), 0, 0, 2, 0xf8]);
    const { data } = ide.packetData();
    expect(data).toHaveLength(2 * 2352);
    expect(data.slice(12, 16)).toEqual([0x00, 0x02, 0x16, 1]);
    expect(data.slice(2352 + 16, 2352 + 16 + BLOCK)).toEqual(blocks(17, 18));
  });
});

describe('errors', () => {
  it('an unknown command, and blocks beyond the end', () => {
    const ide = board();
    ide.packet([0xfe]);
    expect([failed(ide), ide.in(1) >> 4]).toEqual([true, 5]);
    expect(ide.sense()).toEqual([5, 0x2000]);
    expect(ide.sense()).toEqual([0, 0]);
    ide.packet(read10(BLOCKS - 1, 2));
    expect(ide.sense()).toEqual([5, 0x2100]);
  });

  it('a block that cannot be read is a medium error', () => {
    const ide = new IdeBoard({ cd: CONTENT, fault: () => 'io-error' });
    ide.packet(read10(0, 1));
    ide.wait();
    expect(failed(ide)).toBe(true);
    expect(ide.sense()).toEqual([3, 0x1100]);
  });
});

describe('the tray', () => {
  it('without a disc the drive is not ready', () => {
    const ide = new IdeBoard({ cd: null });
    ide.packet([0]);
    expect([failed(ide), ide.in(1) >> 4]).toEqual([true, 2]);
    expect(ide.sense()).toEqual([2, 0x3a01]);
  });

  it('a new disc is announced once, by unit attention and by its event', () => {
    const ide = new IdeBoard({ cd: null });
    ide.cdrom?.change(CONTENT, true);
    ide.packet([0]);
    expect(failed(ide)).toBe(true);
    expect(ide.sense()).toEqual([6, 0x2800]);
    ide.packet([0]);
    expect(failed(ide)).toBe(false);
    const event = (): number[] => {
      ide.packet([0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8]);
      return ide.packetData().data;
    };
    expect(event().slice(4, 6)).toEqual([2, 2]);
    expect(event().slice(4, 6)).toEqual([0, 2]);
  });

  it('INQUIRY and REQUEST SENSE come through a unit attention', () => {
    const ide = board();
    ide.cdrom?.change(CONTENT, true);
    ide.packet([0x12, 0, 0, 0, 36]);
    expect(ide.packetData().data).toHaveLength(36);
    expect(ide.sense()).toEqual([6, 0x2800]);
  });

  it('opens and closes by START STOP UNIT, unless locked', () => {
    const ide = board();
    ide.packet([0x1e, 0, 0, 0, 1]);
    ide.packet([0x1b, 0, 0, 0, 2]);
    expect(ide.sense()).toEqual([5, 0x5302]);
    ide.packet([0x1e, 0, 0, 0, 0]);
    ide.packet([0x1b, 0, 0, 0, 2]);
    expect(ide.ejected).toEqual(['cd']);
    ide.packet([0]);
    expect(ide.sense()).toEqual([2, 0x3a02]);
    ide.packet([0x1b, 0, 0, 0, 3]);
    ide.packet([0]);
    expect(failed(ide)).toBe(false);
  });

  it('a disc taken out by the user leaves the drive open', () => {
    const ide = board();
    ide.cdrom?.change(undefined);
    ide.packet([0]);
    expect(ide.sense()).toEqual([2, 0x3a02]);
  });
});
