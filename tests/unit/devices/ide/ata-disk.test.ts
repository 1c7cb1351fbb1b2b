// The hard disk by its command set. Reference: ATA/ATAPI-6 (T13/1410D), 8 and 9.

import { describe, expect, it } from 'vitest';
import { BSY, DRQ, ERR, IdeBoard } from '../../../support/ide-board.ts';

const SECTOR = 512;
const SECTORS = 512;
const CONTENT = Uint8Array.from({ length: SECTORS * SECTOR }, (_, at) => (Math.floor(at / SECTOR) * 7 + at) & 0xff);
const content = (): Uint8Array => CONTENT.slice();
const board = (disk = content()) => new IdeBoard({ disk });
const word = (data: Uint8Array, index: number): number => data[index * 2]! | (data[index * 2 + 1]! << 8);

describe('after reset', () => {
  it('shows the signature of a disk', () => {
    const ide = board();
    expect([ide.in(1), ide.in(2), ide.in(3), ide.in(4), ide.in(5), ide.status]).toEqual([1, 1, 1, 0, 0, 0x50]);
  });

  it('SRST keeps it busy, then shows the signature again', () => {
    const ide = board();
    ide.command(0x20, { lba: 5, count: 1 });
    ide.control(4);
    expect(ide.status & BSY).toBe(BSY);
    ide.control(0);
    ide.wait();
    expect([ide.status, ide.in(2), ide.in(3), ide.interrupt]).toEqual([0x50, 1, 1, false]);
  });

  it('the absent unit 1 has status 0 and takes no command', () => {
    const ide = board();
    ide.out(6, 0xb0);
    expect([ide.in(7), ide.status]).toEqual([0, 0]);
    ide.out(7, 0xec);
    expect(ide.interrupt).toBe(false);
  });

  it('EXECUTE DEVICE DIAGNOSTIC passes', () => {
    const ide = board();
    ide.command(0x90);
    expect([ide.in(1), ide.in(2), ide.interrupt]).toEqual([1, 1, true]);
  });
});

describe('IDENTIFY DEVICE', () => {
  it('states size, modes and names', () => {
    const ide = board();
    ide.command(0xec);
    expect([ide.interrupt, ide.status & DRQ]).toEqual([true, DRQ]);
    expect(ide.in(7) & ERR).toBe(0);
    expect(ide.interrupt).toBe(false);
    const data = ide.readBytes(512);
    expect(word(data, 60) | (word(data, 61) << 16)).toBe(SECTORS);
    expect(word(data, 100)).toBe(SECTORS);
    expect(word(data, 83) & 0x3400).toBe(0x3400);
    expect(word(data, 63) & 7).toBe(7);
    const model = Array.from({ length: 40 }, (_, i) => String.fromCharCode(data[(54 + i) ^ 1]!)).join('');
    expect(model.trim()).toBe('BOXWRIGHT HARDDISK');
    expect(ide.status & DRQ).toBe(0);
  });

  it('shows the transfer mode that SET FEATURES chose', () => {
    const ide = board();
    ide.command(0xef, { features: 3, count: 0x22 });
    ide.command(0xec);
    expect(word(ide.readBytes(512), 63)).toBe(0x0407);
  });
});

describe('PIO', () => {
  it('READ SECTORS gives a block with an interrupt for each sector', () => {
    const disk = content();
    const ide = board(disk);
    ide.command(0x20, { lba: 10, count: 3 });
    expect(ide.status & BSY).toBe(BSY);
    ide.wait();
    for (let n = 0; n < 3; n++) {
      expect([ide.interrupt, ide.in(7) & (DRQ | BSY)]).toEqual([true, DRQ]);
      expect(ide.readBytes(SECTOR)).toEqual(disk.subarray((10 + n) * SECTOR, (11 + n) * SECTOR));
    }
    expect([ide.interrupt, ide.status]).toEqual([false, 0x50]);
  });

  it('a count of 0 means 256, beyond what the buffer holds', () => {
    const disk = content();
    const ide = board(disk);
    ide.command(0x20, { lba: 1, count: 0 });
    for (let n = 0; n < 256; n++) {
      ide.wait();
      expect(ide.readBytes(SECTOR)).toEqual(disk.subarray((1 + n) * SECTOR, (2 + n) * SECTOR));
    }
    expect(ide.status).toBe(0x50);
  });

  it('READ MULTIPLE gives blocks of the size that SET MULTIPLE MODE chose', () => {
    const disk = content();
    const ide = board(disk);
    ide.command(0xc6, { count: 4 });
    ide.command(0xc4, { lba: 0, count: 6 });
    ide.wait();
    expect(ide.readBytes(4 * SECTOR)).toEqual(disk.subarray(0, 4 * SECTOR));
    expect([ide.interrupt, ide.status & DRQ]).toEqual([true, DRQ]);
    expect(ide.readBytes(2 * SECTOR)).toEqual(disk.subarray(4 * SECTOR, 6 * SECTOR));
    expect(ide.status & DRQ).toBe(0);
  });

  it('SET MULTIPLE MODE refuses what is no power of two or too large', () => {
    const ide = board();
    for (const count of [3, 32]) {
      ide.command(0xc6, { count });
      expect([ide.in(7) & ERR, ide.in(1)]).toEqual([ERR, 4]);
    }
    ide.command(0xc6, { count: 0 });
    ide.command(0xc4, { count: 1 });
    expect([ide.in(7) & ERR, ide.in(1)]).toEqual([ERR, 4]);
  });

  it('WRITE SECTORS asks for each sector and interrupts when it is written', () => {
    const disk = content();
    const ide = board(disk);
    ide.command(0x30, { lba: 100, count: 2 });
    expect([ide.interrupt, ide.status & DRQ]).toEqual([false, DRQ]);
    ide.writeBytes(new Uint8Array(SECTOR).fill(0xaa));
    expect(ide.status & BSY).toBe(BSY);
    ide.wait();
    expect([ide.interrupt, ide.in(7) & DRQ]).toEqual([true, DRQ]);
    ide.writeBytes(new Uint8Array(SECTOR).fill(0xbb));
    ide.wait();
    expect([ide.interrupt, ide.in(7)]).toEqual([true, 0x50]);
    expect([disk[100 * SECTOR], disk[101 * SECTOR], disk[102 * SECTOR]]).toEqual([0xaa, 0xbb, content()[102 * SECTOR]]);
  });

  it('takes 48-bit addresses and counts', () => {
    const disk = content();
    const ide = board(disk);
    ide.wideCommand(0x24, 300, 1);
    ide.wait();
    expect(ide.readBytes(SECTOR)).toEqual(disk.subarray(300 * SECTOR, 301 * SECTOR));
    ide.wideCommand(0x24, 2 ** 32, 1);
    expect([ide.in(7) & ERR, ide.in(1)]).toEqual([ERR, 0x10]);
  });

  it('HOB shows what the registers held before', () => {
    const ide = board();
    ide.out(3, 0x12);
    ide.out(3, 0x34);
    expect(ide.in(3)).toBe(0x34);
    ide.control(0x80);
    expect(ide.in(3)).toBe(0x12);
    ide.out(3, 0x56);
    expect(ide.in(3)).toBe(0x56);
  });

  it('takes cylinders, heads and sectors in the translation that was set', () => {
    const disk = content();
    const ide = board(disk);
    ide.out(6, 0xa0 | 3);
    ide.out(2, 17);
    ide.out(7, 0x91);
    // Cylinder 2, head 1, sector 5 of 4 heads and 17 sectors.
    ide.out(2, 1);
    ide.out(3, 5);
    ide.out(4, 2);
    ide.out(5, 0);
    ide.out(6, 0xa0 | 1);
    ide.out(7, 0x20);
    ide.wait();
    const lba = (2 * 4 + 1) * 17 + 4;
    expect(ide.readBytes(SECTOR)).toEqual(disk.subarray(lba * SECTOR, (lba + 1) * SECTOR));
  });
});

describe('bus master DMA', () => {
  it('reads into the ranges of the table, then interrupts and rests', () => {
    const disk = content();
    const ide = board(disk);
    ide.table([0x8000, 512], [0xa000, 1024]);
    ide.command(0xc8, { lba: 20, count: 3 });
    expect(ide.requests).toHaveLength(0);
    ide.busMaster.out(0, 9);
    expect(ide.busMaster.in(2) & 1).toBe(1);
    ide.wait();
    expect([ide.interrupt, ide.busMaster.in(2) & 7, ide.status]).toEqual([true, 4, 0x50]);
    expect(ide.context.memory.slice(0x8000, 0x8200)).toEqual(disk.subarray(20 * SECTOR, 21 * SECTOR));
    expect(ide.context.memory.slice(0xa000, 0xa400)).toEqual(disk.subarray(21 * SECTOR, 23 * SECTOR));
    ide.busMaster.out(2, 4);
    expect(ide.busMaster.in(2) & 4).toBe(0);
  });

  it('writes, whichever of command and start comes first', () => {
    const disk = content();
    const ide = board(disk);
    ide.context.memory.fill(0x5a, 0x8000, 0x8200);
    ide.table([0x8000, 512]);
    ide.busMaster.out(0, 1);
    ide.command(0xca, { lba: 7, count: 1 });
    ide.wait();
    expect([disk[7 * SECTOR], disk[8 * SECTOR - 1], ide.interrupt]).toEqual([0x5a, 0x5a, true]);
  });

  it('stays active when the table is longer than the transfer', () => {
    const ide = board();
    ide.table([0x8000, 1024]);
    ide.command(0xc8, { count: 1 });
    ide.busMaster.out(0, 9);
    ide.wait();
    expect(ide.busMaster.in(2) & 7).toBe(5);
  });

  it('goes to rest without an interrupt when the table is too short', () => {
    const ide = board();
    ide.table([0x8000, 512]);
    ide.command(0xc8, { count: 2 });
    ide.busMaster.out(0, 9);
    ide.wait();
    expect([ide.busMaster.in(2) & 7, ide.interrupt]).toEqual([0, false]);
    ide.control(4);
    ide.control(0);
    expect(ide.status).toBe(0x50);
  });

  it('nIEN keeps the interrupt to itself', () => {
    const ide = board();
    ide.control(2);
    ide.command(0x20, { count: 1 });
    ide.wait();
    expect(ide.interrupt).toBe(false);
    ide.control(0);
    expect(ide.interrupt).toBe(true);
  });
});

describe('flushing', () => {
  it.each([0xe7, 0xea])('%i reaches the drive and ends when it is done', (code) => {
    const ide = board();
    ide.command(code);
    expect(ide.status & BSY).toBe(BSY);
    ide.wait();
    expect(ide.requests.map(({ operation }) => operation)).toEqual(['flush']);
    expect([ide.interrupt, ide.in(7)]).toEqual([true, 0x50]);
  });

  it('follows a write that is to be durable', () => {
    const ide = board();
    ide.table([0x8000, 512]);
    ide.wideCommand(0x3d, 3, 1);
    ide.busMaster.out(0, 1);
    ide.wait();
    ide.wait();
    expect(ide.requests.map(({ operation }) => operation)).toEqual(['write', 'flush']);
    expect(ide.interrupt).toBe(true);
  });

  it('comes with STANDBY IMMEDIATE and with the write cache being switched off', () => {
    const ide = board();
    ide.command(0xe0);
    ide.wait();
    ide.command(0xe5);
    expect(ide.in(2)).toBe(0);
    ide.command(0xef, { features: 0x82 });
    ide.wait();
    expect(ide.requests.map(({ operation }) => operation)).toEqual(['flush', 'flush']);
  });
});

describe('errors', () => {
  it('beyond the end: the address was not found', () => {
    const ide = board();
    ide.command(0x20, { lba: SECTORS - 1, count: 2 });
    expect([ide.in(7) & ERR, ide.in(1)]).toEqual([ERR, 0x10]);
  });

  it('a bad sector: uncorrectable, with its address', () => {
    const ide = new IdeBoard({ disk: content(), fault: ({ offset }) => (offset >= 16 * SECTOR ? 'io-error' : undefined) });
    ide.command(0x20, { lba: 16, count: 1 });
    ide.wait();
    expect([ide.interrupt, ide.in(7) & (ERR | DRQ), ide.in(1), ide.in(3)]).toEqual([true, ERR, 0x40, 16]);
  });

  it.each([['io-error', 0x71], ['no-space', 0x71]] as const)('a write that fails with %s: device fault', (outcome, status) => {
    const ide = new IdeBoard({ disk: content(), fault: () => outcome });
    ide.command(0x30, { count: 1 });
    ide.writeBytes(new Uint8Array(SECTOR));
    ide.wait();
    expect([ide.in(7), ide.in(1)]).toEqual([status, 4]);
  });

  it('a flush that fails is an error', () => {
    const ide = new IdeBoard({ disk: content(), fault: () => 'io-error' });
    ide.command(0xe7);
    ide.wait();
    expect(ide.in(7) & ERR).toBe(ERR);
  });

  it('a disk that may not be written says so', () => {
    const ide = new IdeBoard({ disk: content(), readOnly: true });
    ide.table([0x8000, 512]);
    ide.command(0xca, { count: 1 });
    ide.busMaster.out(0, 1);
    ide.wait();
    expect([ide.in(7) & ERR, ide.in(1)]).toEqual([ERR, 0x44]);
  });

  it.each([0x00, 0x50, 0x92, 0xa1, 0xf9, 0xff])('command %i is aborted', (code) => {
    const ide = board();
    ide.command(code);
    expect([ide.in(7) & ERR, ide.in(1)]).toEqual([ERR, 4]);
  });
});

describe('other commands', () => {
  it('READ NATIVE MAX ADDRESS, short and long', () => {
    const ide = board();
    ide.command(0xf8);
    expect(ide.in(3) | (ide.in(4) << 8) | (ide.in(5) << 16)).toBe(SECTORS - 1);
    ide.command(0x27);
    expect(ide.in(3) | (ide.in(4) << 8)).toBe(SECTORS - 1);
  });

  it('SMART: healthy, with data that sum to zero; aborted without the key', () => {
    const ide = board();
    const smart = (features: number) => ide.command(0xb0, { lba: 0xc24f00, features });
    smart(0xda);
    expect([ide.in(7) & ERR, ide.in(4), ide.in(5)]).toEqual([0, 0x4f, 0xc2]);
    smart(0xd0);
    expect(ide.readBytes(512).reduce((sum, byte) => (sum + byte) & 0xff, 0)).toBe(0);
    ide.command(0xb0, { features: 0xda });
    expect(ide.in(7) & ERR).toBe(ERR);
  });

  it('READ VERIFY reads without giving', () => {
    const ide = board();
    ide.command(0x40, { lba: 2, count: 40 });
    for (let i = 0; i < 5; i++) ide.wait();
    expect([ide.interrupt, ide.in(7)]).toEqual([true, 0x50]);
    expect(ide.requests.reduce((sum, { length }) => sum + length, 0)).toBe(40 * SECTOR);
  });

  it('WRITE BUFFER and READ BUFFER keep a sector', () => {
    const ide = board();
    const data = Uint8Array.from({ length: 512 }, (_, at) => at & 0xff);
    ide.command(0xe8);
    ide.writeBytes(data);
    ide.command(0xe4);
    expect(ide.readBytes(512)).toEqual(data);
  });
});

describe('the PCI function', () => {
  it('is a PIIX3 whose channels follow their decode bits', () => {
    const ide = board();
    expect(ide.pci.readConfig(1, 1, 0, 4)).toBe(0x7010_8086);
    expect(ide.pci.readConfig(1, 1, 8, 4) >>> 8).toBe(0x010180);
    ide.pci.writeConfig(1, 1, 0x40, 2, 0);
    expect(ide.in(7)).toBe(0xff);
    ide.pci.writeConfig(1, 1, 0x40, 2, 0x8000);
    expect(ide.in(7)).toBe(0x50);
  });
});
