// What the stages of one decoding share: bytes, position, prefixes seen. Reused, never handed out.
// Reading past the end gives zeros: the decoder compares `position` with the end once, when it is done.

export interface DecodeState {
  bytes: Uint8Array;
  /** Of the next byte to read. */
  position: number;
  codeBits: 16 | 32 | 64;
  addressBits: 16 | 32 | 64;
  /** 66 and 67 were seen. */
  operandOverride: boolean;
  addressOverride: boolean;
  lock: boolean;
  /** The last of F2 and F3, or 0. */
  repeat: number;
  /** REX byte, or 0. */
  rex: number;
  /** `SEGMENT_INDEX` of the override in force, or -1. */
  segment: number;
}

export const createDecodeState = (): DecodeState => ({
  bytes: new Uint8Array(0),
  position: 0,
  codeBits: 32,
  addressBits: 32,
  operandOverride: false,
  addressOverride: false,
  lock: false,
  repeat: 0,
  rex: 0,
  segment: -1,
});

export const readByte = (s: DecodeState): number => s.bytes[s.position++]! | 0;

export const readSignedByte = (s: DecodeState): number => (s.bytes[s.position++]! << 24) >> 24;

export const readWord = (s: DecodeState): number => {
  const at = s.position;
  s.position = at + 2;
  return (s.bytes[at]! | (s.bytes[at + 1]! << 8)) & 0xffff;
};

/** Signed. */
export const readDoubleword = (s: DecodeState): number => {
  const at = s.position;
  s.position = at + 4;
  return s.bytes[at]! | (s.bytes[at + 1]! << 8) | (s.bytes[at + 2]! << 16) | (s.bytes[at + 3]! << 24);
};
