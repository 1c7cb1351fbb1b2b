// What an IDE channel and its two units remember.

import { defineState } from '../../snapshot/define-state.ts';
import { bool, bytes, type Field, f64, kept, list, nested, u16, u32, u8 } from '../../snapshot/fields.ts';

/** A channel's data between medium and data register: the largest block of READ MULTIPLE, four of a CD. */
export const BUFFER_BYTES = 0x2000;

/** Another thread fills it. */
const sharedBytes = (length: number): Field<Uint8Array> => ({
  ...bytes(length),
  create: () => new Uint8Array(new SharedArrayBuffer(length)),
});

/** Of a unit on a channel, or on an AHCI port. */
export const UNIT_FIELDS = {
  features: u8(),
  count: u8(),
  low: u8(),
  mid: u8(),
  high: u8(),
  /** What these five held before the last write, for 48-bit commands. */
  previous: bytes(5),
  error: u8(),
  status: u8(),
  command: u8(),
  interrupt: bool(),
  // Settings that commands change.
  multiple: u8(16),
  heads: u8(16),
  sectors: u8(63),
  transferMode: u8(),
  writeCache: bool(true),
  lookAhead: bool(true),
  smart: bool(true),
  power: u8(0xff),
  // A transfer under way: where it goes on, and how much is left.
  lba: f64(),
  left: u32(),
  /** Where the next block begins in the buffer, and the end of what it holds. */
  blockStart: u32(),
  filled: u32(),
  // CD-ROM.
  packet: bytes(12),
  /** What the host takes in one block. */
  byteLimit: u16(),
  senseKey: u8(),
  senseCode: u16(),
  trayOpen: kept(bool()),
  locked: bool(),
  attention: bool(),
  mediaEvent: u8(),
};

const CHANNEL = {
  units: list(2, nested(UNIT_FIELDS)),
  deviceHead: u8(),
  control: u8(),
  phase: u8(),
  /** Of the block in the data register. */
  position: u32(),
  end: u32(),
  buffer: sharedBytes(BUFFER_BYTES),
  busMaster: nested({ command: u8(), status: u8(), table: u32() }),
};

export const IDE_SPEC = defineState('ide', 1, { channels: list(2, nested(CHANNEL)) });
export type IdeState = ReturnType<typeof IDE_SPEC.create>;
export type ChannelState = IdeState['channels'][number];
export type UnitState = ChannelState['units'][number];

/** What the data register is for. */
export const PHASE_NONE = 0;
export const PHASE_IN = 1;
export const PHASE_OUT = 2;
/** A command waits for the bus master to be started. */
export const PHASE_DMA = 3;
