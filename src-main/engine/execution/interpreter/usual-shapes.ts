// Shapes that most of what is interpreted has, whatever the guest: the dispatch loop carries them out itself. Chosen by
// samples of guests that boot and compile: three quarters of the time in handlers was theirs. Each is given by an
// instruction that has it, in machine code; which registers and constants it names does not matter.

import { decode } from '../../x86/decode/decoder.ts';
import {
  MODE_CODE32,
  MODE_FLAT_CS,
  MODE_FLAT_DATA,
  MODE_LONG,
  MODE_LONG64,
  MODE_PROTECTED,
  MODE_STACK32,
} from '../../x86/state/cpu-state.ts';
import { codeBitsOf, handlerShape, type HandlerShape } from './handler-shape.ts';

const FLAT = MODE_PROTECTED | MODE_FLAT_CS | MODE_FLAT_DATA;
const FLAT_32 = FLAT | MODE_CODE32 | MODE_STACK32;
const FLAT_64 = FLAT | MODE_LONG | MODE_LONG64;

/** The same bytes in both modes. */
const SAME = [
  '50 ff7310 58 6a01 c9', // PUSH and POP of a register, PUSH of memory and of a constant, LEAVE
  'e800000000 c3 eb00', // CALL, RET, JMP
  '7200 7300 7400 7500 7600 7700 7800 7900 7c00 7d00 7e00 7f00', // Jcc but for overflow and parity
  '0fb64310 0fb6041b 0fb6c0 0fb74310', // MOVZX from bytes and a word
  '8a4310 8a041b 884310 c6431001 66894310', // MOV of bytes and a word
  '3c01 807b1001 a801 f6431001 84c0', // CMP and TEST of bytes
];

/** Those with 64-bit operands too, behind REX.W. */
const WIDENED = [
  '89d8 8b4310 8b0498 894310 890498 c7431000000000', // MOV
  '8d4310 8d041b', // LEA
  '01d8 034310 83c001 29d8 2b4310 83e801', // ADD, SUB
  '39d8 3b4310 394310 83f801 837b1001', // CMP
  '31c0 09d8 21d8 83e001', // XOR, OR, AND
  '85c0 a901000000', // TEST
  'c1e002 c1e802 c1f802 c1c002 c1c802', // SHL, SHR, SAR, ROL, ROR
  'f7d8 0fafc3', // NEG, IMUL
];

const ONLY_32 = [
  '40 48', // INC, DEC
  'b800000000', // MOV of a constant
  '8b0d00000000 648b0d00000000 642b0d00000000', // MOV from an address; MOV and SUB by FS
];

const ONLY_64 = [
  'b800000000 48b80000000000000000', // MOV of constants
  '8b0500000000 488b0500000000 488d0500000000', // MOV and LEA by RIP
  '65488b042500000000 65482b042500000000', // MOV and SUB by GS
  '48634310 4863c0', // MOVSXD
  '0f1f00 0f1f0400', // NOP
];

const encodings = (lines: readonly string[]): string[] => lines.flatMap((line) => line.split(' '));

function shapeOf(encoding: string, mode: number): HandlerShape {
  const bytes = Uint8Array.from(encoding.match(/../g) as RegExpMatchArray, (byte) => Number.parseInt(byte, 16));
  const decoded = decode(bytes, 0, bytes.length, { codeBits: codeBitsOf(mode) }, new Set(), true);
  if (!decoded.ok || decoded.instruction.length !== bytes.length) throw new Error(`${encoding} is not an instruction`);
  return handlerShape(decoded.instruction, mode);
}

function shapes(): HandlerShape[] {
  const widened = encodings(WIDENED);
  return [
    ...encodings([...SAME, ...WIDENED, ...ONLY_32]).map((encoding) => shapeOf(encoding, FLAT_32)),
    ...encodings([...SAME, ...WIDENED, ...ONLY_64]).map((encoding) => shapeOf(encoding, FLAT_64)),
    ...widened.map((encoding) => shapeOf(`48${encoding}`, FLAT_64)),
  ];
}

let known: readonly HandlerShape[] | undefined;

export function usualShapes(): readonly HandlerShape[] {
  known ??= shapes();
  return known;
}
