// Legacy prefixes and REX in front of an opcode.
// Reference: Intel SDM vol. 2A sections 2.1.1 (legacy prefixes) and 2.2.1 (REX: the last byte before the opcode).

import { SEGMENT_INDEX } from '../state/cpu-state.ts';
import type { DecodeState } from './decode-state.ts';

export const MAX_INSTRUCTION_LENGTH = 15;

export const REX_W = 8;
export const REX_R = 4;
export const REX_X = 2;
export const REX_B = 1;

const SEGMENT_OF_PREFIX: Readonly<Record<number, number>> = {
  38: SEGMENT_INDEX.es,
  46: SEGMENT_INDEX.cs,
  54: SEGMENT_INDEX.ss,
  62: SEGMENT_INDEX.ds,
  100: SEGMENT_INDEX.fs,
  101: SEGMENT_INDEX.gs,
};

const NOT_PREFIX = 0;
const SEGMENT = 1;
const OPERAND_SIZE = 2;
const ADDRESS_SIZE = 3;
const LOCK = 4;
const REPEAT = 5;
const REX = 6;

const PREFIX_CLASS = new Uint8Array(256);
const SEGMENT_BY_BYTE = new Uint8Array(256);
for (const [byte, segment] of Object.entries(SEGMENT_OF_PREFIX)) {
  PREFIX_CLASS[Number(byte)] = SEGMENT;
  SEGMENT_BY_BYTE[Number(byte)] = segment;
}
PREFIX_CLASS[0x66] = OPERAND_SIZE;
PREFIX_CLASS[0x67] = ADDRESS_SIZE;
PREFIX_CLASS[0xf0] = LOCK;
PREFIX_CLASS[0xf2] = REPEAT;
PREFIX_CLASS[0xf3] = REPEAT;

const PREFIX_CLASS_64 = PREFIX_CLASS.slice();
PREFIX_CLASS_64.fill(REX, 0x40, 0x50);

/** In 64-bit code only FS and GS overrides exist; the other four are ignored, also after FS or GS. */
const noteSegment = (s: DecodeState, byte: number): void => {
  const segment = SEGMENT_BY_BYTE[byte]!;
  if (s.codeBits !== 64 || segment >= SEGMENT_INDEX.fs) s.segment = segment;
};

const note = (s: DecodeState, kind: number, byte: number): void => {
  switch (kind) {
    case SEGMENT:
      noteSegment(s, byte);
      break;
    case OPERAND_SIZE:
      s.operandOverride = true;
      break;
    case ADDRESS_SIZE:
      s.addressOverride = true;
      break;
    case LOCK:
      s.lock = true;
      break;
    default:
      s.repeat = byte;
  }
};

/**
 * Clears what a former instruction left, reads prefixes and stops at the opcode, or after 15 bytes: the
 * opcode then makes the instruction too long.
 */
export const readPrefixes = (s: DecodeState): void => {
  s.operandOverride = false;
  s.addressOverride = false;
  s.lock = false;
  s.repeat = 0;
  s.rex = 0;
  s.segment = -1;
  const classes = s.codeBits === 64 ? PREFIX_CLASS_64 : PREFIX_CLASS;
  const { bytes } = s;
  const limit = s.position + MAX_INSTRUCTION_LENGTH;
  let position = s.position;
  while (position < limit) {
    const byte = bytes[position]! | 0;
    const kind = classes[byte]!;
    if (kind === NOT_PREFIX) break;
    position += 1;
    if (kind === REX) {
      s.rex = byte;
    } else {
      s.rex = 0;
      note(s, kind, byte);
    }
  }
  s.position = position;
};
