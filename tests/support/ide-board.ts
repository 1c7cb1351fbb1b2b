// An IDE controller on a small board: ports as a driver uses them, time that a test moves on, drives in memory.

import type { DriveOutcome, DriveRequest } from '../../src-main/engine/block/drive.ts';
import { MemoryDrive } from '../../src-main/engine/block/memory-drive.ts';
import { PortSpace } from '../../src-main/engine/bus/port-space.ts';
import { IdeController } from '../../src-main/engine/devices/ide/ide-controller.ts';
import { PciHost } from '../../src-main/engine/devices/pci/pci-host.ts';
import { type FakeContext, fakeContext } from './fake-context.ts';

export const BSY = 0x80;
export const DRDY = 0x40;
export const DRQ = 0x08;
export const ERR = 0x01;
const BUS_MASTER_BASE = 0xc000;
const REQUEST_NS = 1e6;

export interface IdeBoardOptions {
  readonly disk?: Uint8Array;
  readonly cd?: Uint8Array | null;
  readonly readOnly?: boolean;
  readonly fault?: (request: DriveRequest) => DriveOutcome | undefined;
}

/** The disk is unit 0 of the primary channel, the CD-ROM unit 0 of the secondary one; `null`: a drive without a disc. */
export class IdeBoard {
  readonly context: FakeContext = fakeContext(0, 0x10_0000);
  readonly controller: IdeController;
  readonly requests: DriveRequest[] = [];
  readonly ejected: string[] = [];
  readonly cdrom: MemoryDrive | undefined;
  readonly #ports = new PortSpace();
  readonly #base: number;
  readonly #pin: string;

  constructor({ disk, cd, readOnly, fault }: IdeBoardOptions) {
    const { clock } = this.context;
    const record = (request: DriveRequest): DriveOutcome | undefined => {
      this.requests.push(request);
      return fault?.(request);
    };
    const hard = disk && new MemoryDrive({ id: 'hd', kind: 'disk', clock, content: disk, readOnly: readOnly ?? false, fault: record });
    this.cdrom = cd === undefined ? undefined : new MemoryDrive({
      id: 'cd', kind: 'cdrom', clock, content: cd ?? undefined, readOnly: true, fault: record, onEject: () => this.ejected.push('cd'),
    });
    const drives = [
      ...(hard === undefined ? [] : [{ channel: 0, unit: 0, drive: hard } as const]),
      ...(this.cdrom === undefined ? [] : [{ channel: 1, unit: 0, drive: this.cdrom } as const]),
    ];
    this.controller = new IdeController(this.context, { slot: 1, drives, decodeAtReset: true, ports: this.#ports });
    this.#ports.attach(this.controller);
    const pci = new PciHost({ functions: [this.controller.pci], ports: this.#ports, memory: { move() {} } });
    this.controller.reset();
    pci.reset();
    pci.writeConfig(1, 1, 0x20, 4, BUS_MASTER_BASE);
    pci.writeConfig(1, 1, 0x04, 2, 5);
    this.#base = hard === undefined ? 0x170 : 0x1f0;
    this.#pin = hard === undefined ? 'secondary' : 'primary';
    this.pci = pci;
  }

  readonly pci: PciHost;

  in(register: number, width: 1 | 2 | 4 = 1): number {
    return this.#ports.read(this.#base + register, width);
  }

  out(register: number, value: number, width: 1 | 2 | 4 = 1): void {
    this.#ports.write(this.#base + register, width, value);
  }

  /** Alternate status, which leaves the interrupt alone. */
  get status(): number {
    return this.#ports.read(this.#base + 0x206, 1);
  }

  control(value: number): void {
    this.#ports.write(this.#base + 0x206, 1, value);
  }

  get interrupt(): boolean {
    return this.context.irq(this.#pin).level;
  }

  busMaster = {
    in: (register: number): number => this.#ports.read(this.#busMasterBase + register, 1),
    out: (register: number, value: number, width: 1 | 2 | 4 = 1): void =>
      this.#ports.write(this.#busMasterBase + register, width, value),
  };

  get #busMasterBase(): number {
    return BUS_MASTER_BASE + (this.#pin === 'primary' ? 0 : 8);
  }

  /** Lets the drive finish what was asked of it. */
  wait(): void {
    this.context.clock.advance(REQUEST_NS);
  }

  /** Parameters for a 28-bit command, then the command. */
  command(code: number, { lba = 0, count = 0, features = 0 }: { lba?: number; count?: number; features?: number } = {}): void {
    this.out(1, features);
    this.out(2, count & 0xff);
    this.out(3, lba & 0xff);
    this.out(4, (lba >> 8) & 0xff);
    this.out(5, (lba >> 16) & 0xff);
    this.out(6, 0xe0 | (lba >> 24));
    this.out(7, code);
  }

  /** Each register written twice, the high half first. */
  wideCommand(code: number, lba: number, count: number): void {
    this.out(2, count >> 8);
    this.out(3, Math.floor(lba / 2 ** 24) & 0xff);
    this.out(4, Math.floor(lba / 2 ** 32) & 0xff);
    this.out(5, Math.floor(lba / 2 ** 40) & 0xff);
    this.out(2, count & 0xff);
    this.out(3, lba & 0xff);
    this.out(4, (lba >> 8) & 0xff);
    this.out(5, (lba >> 16) & 0xff);
    this.out(6, 0xe0);
    this.out(7, code);
  }

  readBytes(bytes: number): Uint8Array {
    const data = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at += 2) {
      const word = this.in(0, 2);
      data[at] = word & 0xff;
      if (at + 1 < bytes) data[at + 1] = word >> 8;
    }
    return data;
  }

  writeBytes(data: Uint8Array): void {
    for (let at = 0; at < data.length; at += 2) this.out(0, data[at]! | (data[at + 1]! << 8), 2);
  }

  /** One table entry after the other at 1000h. */
  table(...entries: readonly (readonly [address: number, bytes: number])[]): void {
    const view = new DataView(this.context.memory.buffer);
    entries.forEach(([address, bytes], index) => {
      view.setUint32(0x1000 + 8 * index, address, true);
      view.setUint32(0x1004 + 8 * index, (bytes & 0xffff) | (index === entries.length - 1 ? 0x8000_0000 : 0), true);
    });
    this.busMaster.out(4, 0x1000, 4);
  }

  /** Sends a packet with the limit for a block of data. */
  packet(bytes: readonly number[], { limit = 0xfffe, dma = false }: { limit?: number; dma?: boolean } = {}): void {
    this.out(6, 0xa0);
    this.out(1, dma ? 1 : 0);
    this.out(4, limit & 0xff);
    this.out(5, limit >> 8);
    this.out(7, 0xa0);
    const packet = new Uint8Array(12);
    packet.set(bytes);
    this.writeBytes(packet);
  }

  /** All data of a packet command by PIO, and the size of each block. */
  packetData(): { readonly data: number[]; readonly blocks: number[] } {
    const data: number[] = [];
    const blocks: number[] = [];
    for (let tries = 0; tries < 10_000; tries++) {
      this.wait();
      if ((this.in(7) & DRQ) === 0) break;
      const bytes = this.in(4) | (this.in(5) << 8);
      blocks.push(bytes);
      data.push(...this.readBytes(bytes));
    }
    return { data, blocks };
  }

  /** REQUEST SENSE: key and code with its qualifier. */
  sense(): [key: number, code: number] {
    this.packet([0x03, 0, 0, 0, 18]);
    const { data } = this.packetData();
    return [data[2]! & 15, (data[12]! << 8) | data[13]!];
  }
}
