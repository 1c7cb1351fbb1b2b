// Parses the operand codes of the opcode tables into small numbers the decoder can switch on.
// Reference: Intel SDM vol. 2D appendix A.2; extensions in the header of `one-byte.table.ts`.

import { SEGMENT_INDEX } from '../state/cpu-state.ts';
import type { DecodedOperand, RegisterFile } from './instruction.ts';

/** How an operand is found; the numbers are what `decoder.ts` switches on. */
export const OPERAND_KIND = {
  /** General register or memory, by ModRM.rm. */
  rmGeneral: 0,
  rmMmx: 1,
  rmXmm: 2,
  /** ModRM.rm names a register whatever mod says. */
  rmGeneralOnly: 3,
  rmMmxOnly: 4,
  rmXmmOnly: 5,
  /** Registers by ModRM.reg. */
  regGeneral: 6,
  regMmx: 7,
  regXmm: 8,
  regSegment: 9,
  regControl: 10,
  regDebug: 11,
  memoryOnly: 12,
  /** Low three bits of the opcode. */
  opcodeGeneral: 13,
  /** ST(i), by ModRM.rm. */
  stack: 14,
  /** A register or constant given by the row; may depend on the operand size. */
  fixed: 15,
  immediate8: 16,
  immediate8Signed: 17,
  immediate16: 18,
  immediateZ: 19,
  immediateV: 20,
  relative8: 21,
  relativeZ: 22,
  far: 23,
  offset: 24,
  /** DS:rSI or ES:rDI: only the width is an operand. */
  string: 25,
} as const;

export interface OperandSpec {
  readonly kind: number;
  /** Width in bits for operand sizes 16, 32 and 64; registers of ModRM.rm may differ from memory. */
  readonly registerBits: readonly [number, number, number];
  readonly memoryBits: readonly [number, number, number];
  /** For `fixed`, by operand size. */
  readonly fixed: readonly [DecodedOperand, DecodedOperand, DecodedOperand] | undefined;
}

type Widths = readonly [number, number, number];

const same = (bits: number): Widths => [bits, bits, bits];

const WIDTHS: Readonly<Record<string, Widths>> = {
  '': same(0),
  b: same(8),
  w: same(16),
  d: same(32),
  q: same(64),
  dq: same(128),
  ps: same(128),
  pd: same(128),
  ss: same(32),
  sd: same(64),
  t: same(80),
  v: [16, 32, 64],
  z: [16, 32, 32],
  y: [32, 32, 64],
  a: [32, 64, 64],
  p: [32, 48, 80],
  s: [48, 48, 80],
};

const KIND_OF_LETTER: Readonly<Record<string, number>> = {
  E: OPERAND_KIND.rmGeneral,
  Q: OPERAND_KIND.rmMmx,
  W: OPERAND_KIND.rmXmm,
  R: OPERAND_KIND.rmGeneralOnly,
  N: OPERAND_KIND.rmMmxOnly,
  U: OPERAND_KIND.rmXmmOnly,
  G: OPERAND_KIND.regGeneral,
  P: OPERAND_KIND.regMmx,
  V: OPERAND_KIND.regXmm,
  S: OPERAND_KIND.regSegment,
  C: OPERAND_KIND.regControl,
  D: OPERAND_KIND.regDebug,
  M: OPERAND_KIND.memoryOnly,
  Z: OPERAND_KIND.opcodeGeneral,
  O: OPERAND_KIND.offset,
  X: OPERAND_KIND.string,
  Y: OPERAND_KIND.string,
};

const KIND_OF_CODE: Readonly<Record<string, readonly [number, Widths]>> = {
  Ib: [OPERAND_KIND.immediate8, same(8)],
  Ibs: [OPERAND_KIND.immediate8Signed, [16, 32, 64]],
  Iw: [OPERAND_KIND.immediate16, same(16)],
  Iz: [OPERAND_KIND.immediateZ, [16, 32, 64]],
  Iv: [OPERAND_KIND.immediateV, [16, 32, 64]],
  Jb: [OPERAND_KIND.relative8, [16, 32, 64]],
  Jz: [OPERAND_KIND.relativeZ, [16, 32, 64]],
  Ap: [OPERAND_KIND.far, [16, 32, 32]],
  STi: [OPERAND_KIND.stack, same(80)],
};

export const registerOperand = (
  file: RegisterFile,
  index: number,
  bits: number,
  high8 = false,
): DecodedOperand => ({ kind: 'register', file, index, bits, high8 });

const always = (operand: DecodedOperand): readonly [DecodedOperand, DecodedOperand, DecodedOperand] => [
  operand,
  operand,
  operand,
];

const accumulator = (widths: Widths): readonly [DecodedOperand, DecodedOperand, DecodedOperand] => [
  registerOperand('gpr', 0, widths[0]),
  registerOperand('gpr', 0, widths[1]),
  registerOperand('gpr', 0, widths[2]),
];

const segment = (name: keyof typeof SEGMENT_INDEX) =>
  always(registerOperand('segment', SEGMENT_INDEX[name], 16));

const FIXED: Readonly<Record<string, readonly [DecodedOperand, DecodedOperand, DecodedOperand]>> = {
  AL: always(registerOperand('gpr', 0, 8)),
  AX: always(registerOperand('gpr', 0, 16)),
  CL: always(registerOperand('gpr', 1, 8)),
  DX: always(registerOperand('gpr', 2, 16)),
  rAX: accumulator([16, 32, 64]),
  eAX: accumulator([16, 32, 32]),
  ES: segment('es'),
  CS: segment('cs'),
  SS: segment('ss'),
  DS: segment('ds'),
  FS: segment('fs'),
  GS: segment('gs'),
  ST0: always(registerOperand('x87', 0, 80)),
  XMM0: always(registerOperand('xmm', 0, 128)),
  '1': always({ kind: 'immediate', bits: 8, low: 1, high: 0 }),
};

/** Register width of the files that have only one. */
const WHOLE_REGISTER: Readonly<Record<string, Widths>> = {
  Q: same(64),
  N: same(64),
  P: same(64),
  W: same(128),
  U: same(128),
  V: same(128),
};

const widthsOf = (code: string, suffix: string): Widths => {
  const widths = WIDTHS[suffix];
  if (widths === undefined) throw new Error(`Unknown size in operand code "${code}"`);
  return widths;
};

const parseSimple = (code: string): OperandSpec => {
  const letter = code.charAt(0);
  const kind = KIND_OF_LETTER[letter];
  if (kind === undefined) throw new Error(`Unknown operand code "${code}"`);
  const suffix = code.slice(1);
  if (suffix === '' && letter !== 'M') throw new Error(`Operand code "${code}" has no size`);
  const memoryBits = widthsOf(code, suffix);
  return { kind, memoryBits, registerBits: WHOLE_REGISTER[letter] ?? memoryBits, fixed: undefined };
};

/** Throws on a code that is not in the language: tables are checked when they are loaded. */
export const parseOperandCode = (code: string): OperandSpec => {
  const fixed = FIXED[code];
  if (fixed !== undefined) {
    return { kind: OPERAND_KIND.fixed, registerBits: same(0), memoryBits: same(0), fixed };
  }
  const special = KIND_OF_CODE[code];
  if (special !== undefined) {
    return { kind: special[0], registerBits: special[1], memoryBits: special[1], fixed: undefined };
  }
  const [first = '', second, ...rest] = code.split('/');
  if (second === undefined) return parseSimple(code);
  if (!first.startsWith('R') || !second.startsWith('M') || rest.length > 0) {
    throw new Error(`Unknown operand code "${code}"`);
  }
  return {
    kind: OPERAND_KIND.rmGeneral,
    registerBits: widthsOf(code, first.slice(1)),
    memoryBits: widthsOf(code, second.slice(1)),
    fixed: undefined,
  };
};

/** Whether an instruction with this operand has a ModRM byte. */
export const usesModRm = (spec: OperandSpec): boolean =>
  spec.kind <= OPERAND_KIND.memoryOnly || spec.kind === OPERAND_KIND.stack;
