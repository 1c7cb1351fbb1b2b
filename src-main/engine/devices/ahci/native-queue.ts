// Native command queuing of a disk: reads and writes that are under way together and end in any order, and the log page
// that says which of them failed. Reference: Serial ATA 2.6, 13.6 (NCQ), 13.7.2 (log 10h).

import type { Drive, DriveOutcome } from '../../block/drive.ts';
import type { Dma } from '../../bus/dma.ts';
import { ERROR_ABRT, ERROR_IDNF, ERROR_UNC, STATUS_ERR, STATUS_READY } from '../ide/registers.ts';
import { type Command, noteWritten, scatter, viewsOf } from './command-list.ts';

export const READ_QUEUED = 0x60;
export const WRITE_QUEUED = 0x61;
export const READ_LOG = 0x2f;
export const ERROR_LOG = 0x10;
const SECTOR = 512;
const FORCED = 0x80;
const QUEUED_TAG = 0x1f;

interface Failure {
  readonly tag: number;
  readonly error: number;
  readonly lba: number;
}

export class NativeQueue {
  private readonly drive: Drive;
  private readonly dma: Dma;
  private failure: Failure | undefined;

  constructor(drive: Drive, dma: Dma) {
    this.drive = drive;
    this.dma = dma;
  }

  /** Carries a queued command out; `ended` gets its tag and the error register, 0 when all went well. */
  start(command: Command, begin: () => void, ended: (tag: number, error: number) => void): void {
    const { frame } = command;
    const tag = frame[12]! >>> 3;
    const sectors = frame[3]! | (frame[11]! << 8) || 0x1_0000;
    const lba =
      frame[4]! +
      frame[5]! * 2 ** 8 +
      frame[6]! * 2 ** 16 +
      frame[8]! * 2 ** 24 +
      frame[9]! * 2 ** 32 +
      frame[10]! * 2 ** 40;
    const reading = frame[2] === READ_QUEUED;
    const length = sectors * SECTOR;
    const fail = (error: number): void => {
      this.failure = { tag, error, lba };
      ended(tag, error);
    };
    begin();
    if (lba * SECTOR + length > (this.drive.medium?.bytes ?? 0)) return fail(ERROR_IDNF);
    const memory = scatter(this.dma, command, 0, length);
    if (memory.bytes < length) return fail(ERROR_ABRT);
    const done = (outcome: DriveOutcome): void => {
      if (reading) noteWritten(this.dma, memory);
      if (outcome === 'ok') ended(tag, 0);
      else fail(reading ? ERROR_UNC : ERROR_ABRT);
    };
    this.drive.submit({
      operation: reading ? 'read' : 'write',
      offset: lba * SECTOR,
      length,
      data: viewsOf(this.dma, memory, reading ? 'write' : 'read'),
      done: (outcome) => {
        if (outcome !== 'ok' || reading || (frame[7]! & FORCED) === 0) return done(outcome);
        this.drive.submit({ operation: 'flush', offset: 0, length: 0, data: [], done });
      },
    });
  }

  /** READ LOG EXT: the directory, and the page of the last failure. */
  log(page: number): Uint8Array | undefined {
    const bytes = new Uint8Array(SECTOR);
    if (page === 0) {
      bytes[0] = 1;
      bytes[ERROR_LOG * 2] = 1;
      return bytes;
    }
    if (page !== ERROR_LOG) return undefined;
    if (this.failure === undefined) bytes[0] = 0x80;
    else {
      const { tag, error, lba } = this.failure;
      bytes.set([tag & QUEUED_TAG, 0, STATUS_READY | STATUS_ERR, error]);
      bytes.set(
        [lba, lba / 2 ** 8, lba / 2 ** 16].map((part) => Math.floor(part) & 0xff),
        4,
      );
      bytes.set(
        [lba / 2 ** 24, lba / 2 ** 32, lba / 2 ** 40].map((part) => Math.floor(part) & 0xff),
        8,
      );
    }
    bytes[SECTOR - 1] = -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
    return bytes;
  }

  reset(): void {
    this.failure = undefined;
  }
}
