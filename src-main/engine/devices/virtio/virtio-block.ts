// The virtio block device: a drive behind virtqueues. Requests go to the drive as they come, in any number at once; the
// guest orders them by waiting, and has them made durable by FLUSH.
// Reference: Virtual I/O Device (VIRTIO) Version 1.2, 5.2.

import { readU32, readU64 } from '../../base/bytes.ts';
import type { Drive, DriveOutcome, DriveRequest } from '../../block/drive.ts';
import type { Dma } from '../../bus/dma.ts';
import type { VirtioKind, VirtioTransport } from './virtio-device.ts';
import { type Chain, readSegments, type Segment, slice, type Virtqueue, writeSegments } from './virtqueue.ts';

export const BLOCK_QUEUES = 4;

const SECTOR = 512;
const FEATURE_SEG_MAX = 1 << 2;
const FEATURE_GEOMETRY = 1 << 4;
const FEATURE_READ_ONLY = 1 << 5;
const FEATURE_BLOCK_SIZE = 1 << 6;
const FEATURE_FLUSH = 1 << 9;
const FEATURE_TOPOLOGY = 1 << 10;
const FEATURE_CONFIG_WCE = 1 << 11;
const FEATURE_MULTI_QUEUE = 1 << 12;
const FEATURE_DISCARD = 1 << 13;
const FEATURE_WRITE_ZEROES = 1 << 14;

const TYPE_IN = 0;
const TYPE_OUT = 1;
const TYPE_FLUSH = 4;
const TYPE_GET_ID = 8;
const TYPE_DISCARD = 11;
const TYPE_WRITE_ZEROES = 13;

const OK = 0;
const IO_ERROR = 1;
const UNSUPPORTED = 2;

const HEADER_BYTES = 16;
const ID_BYTES = 20;
const RANGE_BYTES = 16;
const CONFIG_BYTES = 60;
/** Descriptors of data in a request: a queue's, without header and status. */
const SEGMENTS = 254;
/** Longer requests are refused; none that a system makes comes near. */
const MAX_REQUEST = 64 * 0x10_0000;
/** Sectors that DISCARD and WRITE ZEROES take at once, and ranges in one request. */
const MAX_RANGE_SECTORS = 0x40_0000;
const MAX_RANGES = 32;
const WRITEBACK_OFFSET = 32;
/** The state that a guest can leave the device in. */
const WRITE_THROUGH = 1;

export interface VirtioBlockOptions {
  readonly drive: Drive;
  readonly serial: string;
}

interface Request {
  readonly queue: Virtqueue;
  readonly chain: Chain;
  readonly sector: number;
}

export class VirtioBlock implements VirtioKind {
  readonly type = 2;
  readonly classCode = 0x010000;
  readonly queues = BLOCK_QUEUES;
  readonly features: number;
  readonly configBytes = CONFIG_BYTES;
  private readonly transport: VirtioTransport;
  private readonly dma: Dma;
  private readonly options: VirtioBlockOptions;

  constructor(transport: VirtioTransport, dma: Dma, options: VirtioBlockOptions) {
    this.transport = transport;
    this.dma = dma;
    this.options = options;
    const { drive } = options;
    const writable = FEATURE_DISCARD | FEATURE_WRITE_ZEROES;
    this.features =
      FEATURE_SEG_MAX |
      FEATURE_GEOMETRY |
      FEATURE_BLOCK_SIZE |
      FEATURE_FLUSH |
      FEATURE_TOPOLOGY |
      FEATURE_CONFIG_WCE |
      FEATURE_MULTI_QUEUE |
      (drive.medium?.readOnly === true ? FEATURE_READ_ONLY : writable);
    drive.onMediumChange(() => transport.configChanged());
  }

  readConfig(offset: number): number {
    return this.config()[offset]!;
  }

  writeConfig(offset: number, value: number): void {
    if (offset === WRITEBACK_OFFSET && (this.transport.accepted & FEATURE_CONFIG_WCE) !== 0)
      this.transport.kindState = value & 1 ? 0 : WRITE_THROUGH;
  }

  reset(): void {}

  /** Whether writes may wait in a cache until FLUSH. */
  private get writeback(): boolean {
    return this.transport.kindState !== WRITE_THROUGH;
  }

  handle(queue: Virtqueue, chain: Chain): void {
    const header = new Uint8Array(HEADER_BYTES);
    // Without a place for the status there is nothing to say and nobody to say it to.
    if (chain.writableBytes === 0) return this.transport.complete(queue, chain, 0);
    if (chain.readableBytes < HEADER_BYTES) return this.finish({ queue, chain, sector: 0 }, IO_ERROR, 0);
    readSegments(this.dma, chain.readable, header);
    const request = { queue, chain, sector: readU64(header, 8) };
    switch (readU32(header, 0)) {
      case TYPE_IN:
        return this.read(request);
      case TYPE_OUT:
        return this.write(request);
      case TYPE_FLUSH:
        return this.flush(request);
      case TYPE_GET_ID:
        return this.tellId(request);
      case TYPE_DISCARD:
        return this.ranges(request, 'discard');
      case TYPE_WRITE_ZEROES:
        return this.ranges(request, 'write-zeroes');
      default:
        return this.finish(request, UNSUPPORTED, 0);
    }
  }

  private get bytes(): number {
    return this.options.drive.medium?.bytes ?? 0;
  }

  private read(request: Request): void {
    const { chain, sector } = request;
    const length = chain.writableBytes - 1;
    const data = this.data(chain.writable, 0, sector, length, 'write');
    if (data === undefined) return this.finish(request, IO_ERROR, 0);
    this.submit({ operation: 'read', offset: sector * SECTOR, length, data }, (outcome) => {
      for (const segment of slice(chain.writable, 0, length))
        this.dma.written(segment.address, segment.length);
      this.finish(request, statusOf(outcome), length);
    });
  }

  private write(request: Request): void {
    const { chain, sector } = request;
    const length = chain.readableBytes - HEADER_BYTES;
    const data = this.data(chain.readable, HEADER_BYTES, sector, length, 'read');
    if (data === undefined || this.options.drive.medium?.readOnly === true)
      return this.finish(request, IO_ERROR, 0);
    this.submit({ operation: 'write', offset: sector * SECTOR, length, data }, (outcome) => {
      if (outcome === 'ok' && !this.mayCache()) this.flush(request);
      else this.finish(request, statusOf(outcome), 0);
    });
  }

  /** A driver that can't flush, or has switched the cache off, counts on writes being durable. */
  private mayCache(): boolean {
    const { accepted } = this.transport;
    if ((accepted & FEATURE_CONFIG_WCE) !== 0) return this.writeback;
    return (accepted & FEATURE_FLUSH) !== 0;
  }

  private flush(request: Request): void {
    this.submit({ operation: 'flush', offset: 0, length: 0, data: [] }, (outcome) =>
      this.finish(request, statusOf(outcome), 0),
    );
  }

  private tellId(request: Request): void {
    const { chain } = request;
    const length = Math.min(chain.writableBytes - 1, ID_BYTES);
    const id = new Uint8Array(length);
    for (let at = 0; at < Math.min(length, this.options.serial.length); at++)
      id[at] = this.options.serial.charCodeAt(at) & 0x7f;
    writeSegments(this.dma, chain.writable, id);
    this.finish(request, OK, length);
  }

  /** DISCARD and WRITE ZEROES: a list of ranges, done one after another. */
  private ranges(request: Request, operation: 'discard' | 'write-zeroes'): void {
    const bytes = request.chain.readableBytes - HEADER_BYTES;
    const count = bytes / RANGE_BYTES;
    if (!Number.isInteger(count) || count < 1 || count > MAX_RANGES) return this.finish(request, IO_ERROR, 0);
    const list = new Uint8Array(HEADER_BYTES + bytes);
    readSegments(this.dma, request.chain.readable, list);
    const readOnly = this.options.drive.medium?.readOnly === true;
    const next = (index: number): void => {
      if (index === count) return this.mayCache() ? this.finish(request, OK, 0) : this.flush(request);
      const at = HEADER_BYTES + index * RANGE_BYTES;
      const offset = readU64(list, at) * SECTOR;
      const sectors = readU32(list, at + 8);
      const flags = readU32(list, at + 12);
      // Only WRITE ZEROES has a flag: that the room may be given back.
      if ((flags & ~(operation === 'discard' ? 0 : 1)) !== 0) return this.finish(request, UNSUPPORTED, 0);
      const length = sectors * SECTOR;
      if (readOnly || sectors > MAX_RANGE_SECTORS || offset + length > this.bytes)
        return this.finish(request, IO_ERROR, 0);
      this.submit({ operation, offset, length, data: [] }, (outcome) => {
        if (outcome === 'ok') next(index + 1);
        else this.finish(request, statusOf(outcome), 0);
      });
    };
    next(0);
  }

  /** The memory of a transfer; undefined when the transfer makes no sense. */
  private data(
    segments: readonly Segment[],
    skip: number,
    sector: number,
    length: number,
    access: 'read' | 'write',
  ): Uint8Array[] | undefined {
    if (length <= 0 || length % SECTOR !== 0 || length > MAX_REQUEST) return undefined;
    if (sector * SECTOR + length > this.bytes) return undefined;
    return slice(segments, skip, length).flatMap((part) => this.dma.views(part.address, part.length, access));
  }

  private submit(request: Omit<DriveRequest, 'done'>, done: (outcome: DriveOutcome) => void): void {
    this.options.drive.submit({ ...request, done });
  }

  /** The status is the last byte that the guest lets us write. */
  private finish({ queue, chain }: Request, status: number, written: number): void {
    const [place] = slice(chain.writable, chain.writableBytes - 1, 1);
    if (place !== undefined) this.dma.write(place.address, Uint8Array.of(status));
    this.transport.complete(queue, chain, status === OK ? written + 1 : 1);
  }

  private config(): Uint8Array {
    const config = new Uint8Array(CONFIG_BYTES);
    const data = new DataView(config.buffer);
    const sectors = Math.floor(this.bytes / SECTOR);
    data.setBigUint64(0, BigInt(sectors), true);
    data.setUint32(12, SEGMENTS, true);
    data.setUint16(16, Math.min(0xffff, Math.floor(sectors / (16 * 63))), true);
    config.set([16, 63], 18);
    data.setUint32(20, SECTOR, true);
    // Physical blocks of 4 KiB, aligned, best used so.
    config.set([3, 0], 24);
    data.setUint16(26, 8, true);
    data.setUint32(28, 0, true);
    config[WRITEBACK_OFFSET] = this.writeback ? 1 : 0;
    data.setUint16(34, BLOCK_QUEUES, true);
    data.setUint32(36, MAX_RANGE_SECTORS, true);
    data.setUint32(40, MAX_RANGES, true);
    data.setUint32(44, 1, true);
    data.setUint32(48, MAX_RANGE_SECTORS, true);
    data.setUint32(52, MAX_RANGES, true);
    config[56] = 1;
    return config;
  }
}

function statusOf(outcome: DriveOutcome): number {
  return outcome === 'ok' ? OK : IO_ERROR;
}
