// What the floppy disk controller and its drives remember.

import { defineState } from '../../snapshot/define-state.ts';
import { bool, bytes, type Field, kept, list, nested, u16, u8 } from '../../snapshot/fields.ts';

export const SECTOR_BYTES = 512;
/** Address fields of a track's sectors, for FORMAT TRACK. */
export const ADDRESS_BYTES = 4 * 256;

const shared = (length: number): Field<Uint8Array> => ({
  ...bytes(length),
  create: () => new Uint8Array(new SharedArrayBuffer(length)),
});

export const FLOPPY_SPEC = defineState('floppy', 1, {
  dor: u8(),
  tdr: u8(),
  rate: u8(2),
  powerDown: bool(),
  /** Reset by DSR or DOR lasts until it is let go; then four interrupts are to be sensed. */
  inReset: bool(true),
  pollInterrupts: u8(),
  interrupt: bool(),
  // The command phase, and the result phase.
  command: bytes(9),
  commandLength: u8(),
  result: bytes(10),
  resultLength: u8(),
  resultRead: u8(),
  // Settings of SPECIFY, CONFIGURE, PERPENDICULAR MODE and LOCK.
  specify: bytes(2),
  configure: bytes(3),
  perpendicular: u8(),
  lock: bool(),
  // The execution phase.
  step: u8(),
  cylinder: u8(),
  head: u8(),
  sector: u8(),
  terminal: bool(),
  /** In the buffer or the address fields. */
  position: u16(),
  buffer: shared(SECTOR_BYTES),
  addresses: bytes(ADDRESS_BYTES),
  /** ST0 of the seek that SENSE INTERRUPT STATUS will report. */
  seekStatus: u8(),
  drives: list(4, nested({ cylinder: u8(), changed: kept(bool(true)) })),
});
export type FloppyState = ReturnType<typeof FLOPPY_SPEC.create>;

/** Steps of the execution phase. */
export const STEP_NONE = 0;
/** The medium's part of a sector: read or write. */
export const STEP_MEDIUM = 1;
/** The host's part of a sector, by DMA or through the FIFO. */
export const STEP_HOST = 2;
/** The host's address fields for FORMAT TRACK, then the sectors. */
export const STEP_ADDRESSES = 3;
export const STEP_FORMAT = 4;
