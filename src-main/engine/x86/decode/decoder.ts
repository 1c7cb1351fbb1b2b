// Bytes to `Instruction`. Decides length, operands, #UD and the 15-byte limit; privilege, alignment and CR0/CR4
// checks are the business of `execution` (the row says which apply).
// Reference: Intel SDM vol. 2A chapter 2, vol. 2D appendix A; vol. 3A section 7.15 (#UD, #GP of long instructions).

import type { CpuFeature } from '../models/cpu-model.ts';
import { SEGMENT_INDEX } from '../state/cpu-state.ts';
import {
  createDecodeState,
  type DecodeState,
  readByte,
  readDoubleword,
  readSignedByte,
  readWord,
} from './decode-state.ts';
import type {
  DecodedOperand,
  DecodeResult,
  Instruction,
  MemoryAddress,
  RegisterFile,
} from './instruction.ts';
import { readAddress, readOffset } from './modrm.ts';
import {
  availableRows,
  buildOpcodeMap,
  type CompiledRow,
  GROUP_FLAG,
  MODRM_CELLS,
  OPCODE_ROWS,
  PREFIX_66,
  PREFIX_F2,
  PREFIX_F3,
  PREFIX_NONE,
  SIZE_DEFAULT64,
  SIZE_FORCE64,
  slotOf,
} from './opcode-map.ts';
import { OPERAND_KIND, type OperandSpec, registerOperand } from './operand-codes.ts';
import { MAX_INSTRUCTION_LENGTH, REX_B, REX_R, REX_W, readPrefixes } from './prefixes.ts';

export interface DecodeMode {
  readonly codeBits: 16 | 32 | 64;
}

const MAP = buildOpcodeMap(OPCODE_ROWS);

// One decoding at a time, and almost always for one CPU.
const state = createDecodeState();
let currentFeatures: ReadonlySet<CpuFeature> | undefined;
let available: Uint8Array = new Uint8Array(0);

/** Operand sizes as indices into `OperandSpec` widths. */
const SIZE_16 = 0;
const SIZE_32 = 1;
const SIZE_64 = 2;
const OPERAND_BITS = [16, 32, 64] as const;

// Register and memory operands are shared objects: they carry no more than a few small numbers.
const bank = (file: RegisterFile, count: number, bits: number): DecodedOperand[] =>
  Array.from({ length: count }, (_, index) => registerOperand(file, index, bits));

const GENERAL_8 = bank('gpr', 16, 8);
const GENERAL_8_LEGACY = Array.from({ length: 8 }, (_, n) => registerOperand('gpr', n & 3, 8, n >= 4));
const GENERAL_16 = bank('gpr', 16, 16);
const GENERAL_32 = bank('gpr', 16, 32);
const GENERAL_64 = bank('gpr', 16, 64);
const MMX = bank('mmx', 8, 64);
const XMM = bank('xmm', 16, 128);
const STACK = bank('x87', 8, 80);
const SEGMENTS = bank('segment', 6, 16);
const CONTROL = [bank('control', 9, 32), bank('control', 9, 64)] as const;
const DEBUG = [bank('debug', 8, 32), bank('debug', 8, 64)] as const;
const MEMORY = Array.from({ length: 129 }, (_, bits): DecodedOperand => ({ kind: 'memory', bits }));

const NO_OPERANDS: readonly DecodedOperand[] = [];
/** CR0, CR2, CR3, CR4 and, in 64-bit code, CR8. */
const CONTROL_REGISTERS = 0b1_0001_1101;

const general = (s: DecodeState, index: number, bits: number): DecodedOperand => {
  switch (bits) {
    case 8:
      return s.rex === 0 ? GENERAL_8_LEGACY[index]! : GENERAL_8[index]!;
    case 16:
      return GENERAL_16[index]!;
    case 32:
      return GENERAL_32[index]!;
    default:
      return GENERAL_64[index]!;
  }
};

const immediate = (bits: number, low: number, high: number): DecodedOperand => ({
  kind: 'immediate',
  bits,
  low,
  high,
});

/** A signed value cut to `bits`: 16-bit ones have no upper bits, 64-bit ones are extended. */
const signedImmediate = (bits: number, value: number): DecodedOperand =>
  bits === 16 ? immediate(16, value & 0xffff, 0) : immediate(bits, value, bits === 64 ? value >> 31 : 0);

const readFar = (s: DecodeState, bits: number): DecodedOperand => {
  const offset = bits === 16 ? readWord(s) : readDoubleword(s) >>> 0;
  return { kind: 'far', bits, selector: readWord(s), offset };
};

const readImmediate = (s: DecodeState, kind: number, bits: number): DecodedOperand => {
  switch (kind) {
    case OPERAND_KIND.immediate8:
      return immediate(8, readByte(s), 0);
    case OPERAND_KIND.immediate8Signed:
      return signedImmediate(bits, readSignedByte(s));
    case OPERAND_KIND.immediate16:
      return immediate(16, readWord(s), 0);
    case OPERAND_KIND.immediateZ:
      return signedImmediate(bits, bits === 16 ? readWord(s) : readDoubleword(s));
    case OPERAND_KIND.immediateV:
      if (bits < 64) return signedImmediate(bits, bits === 16 ? readWord(s) : readDoubleword(s));
      return immediate(64, readDoubleword(s), readDoubleword(s));
    case OPERAND_KIND.relative8:
      return { kind: 'relative', bits, displacement: readSignedByte(s) };
    case OPERAND_KIND.relativeZ:
      return {
        kind: 'relative',
        bits,
        displacement: bits === 16 ? (readWord(s) << 16) >> 16 : readDoubleword(s),
      };
    default:
      return readFar(s, bits);
  }
};

/** Registers of ModRM.reg; undefined where the number names none. */
const regField = (s: DecodeState, kind: number, modRm: number, bits: number): DecodedOperand | undefined => {
  const low = (modRm >> 3) & 7;
  const extended = s.rex & REX_R ? low | 8 : low;
  switch (kind) {
    case OPERAND_KIND.regGeneral:
      return general(s, extended, bits);
    case OPERAND_KIND.regMmx:
      return MMX[low];
    case OPERAND_KIND.regXmm:
      return XMM[extended];
    case OPERAND_KIND.regSegment:
      return SEGMENTS[low];
    case OPERAND_KIND.regControl:
      return (CONTROL_REGISTERS >> extended) & 1 ? CONTROL[bits === 64 ? 1 : 0][extended] : undefined;
    default:
      return DEBUG[bits === 64 ? 1 : 0][extended];
  }
};

/** Registers of ModRM.rm. */
const rmField = (s: DecodeState, kind: number, modRm: number, bits: number): DecodedOperand => {
  const low = modRm & 7;
  switch (kind) {
    case OPERAND_KIND.rmGeneral:
    case OPERAND_KIND.rmGeneralOnly:
      return general(s, s.rex & REX_B ? low | 8 : low, bits);
    case OPERAND_KIND.rmMmx:
    case OPERAND_KIND.rmMmxOnly:
      return MMX[low]!;
    case OPERAND_KIND.stack:
      return STACK[low]!;
    default:
      return XMM[s.rex & REX_B ? low | 8 : low]!;
  }
};

const operandOf = (
  s: DecodeState,
  spec: OperandSpec,
  size: number,
  opcode: number,
  modRm: number,
): DecodedOperand | undefined => {
  const { kind } = spec;
  if (kind <= OPERAND_KIND.rmXmm) {
    if (modRm < 0xc0) return MEMORY[spec.memoryBits[size]!];
    return rmField(s, kind, modRm, spec.registerBits[size]!);
  }
  if (kind >= OPERAND_KIND.immediate8 && kind <= OPERAND_KIND.far) {
    return readImmediate(s, kind, spec.registerBits[size]!);
  }
  if (kind >= OPERAND_KIND.regGeneral && kind <= OPERAND_KIND.regDebug) {
    return regField(s, kind, modRm, spec.registerBits[size]!);
  }
  switch (kind) {
    case OPERAND_KIND.fixed:
      return spec.fixed?.[size];
    case OPERAND_KIND.opcodeGeneral:
      return general(s, s.rex & REX_B ? (opcode & 7) | 8 : opcode & 7, spec.registerBits[size]!);
    case OPERAND_KIND.memoryOnly:
    case OPERAND_KIND.offset:
    case OPERAND_KIND.string:
      return MEMORY[spec.memoryBits[size]!];
    default:
      return rmField(s, kind, modRm, spec.registerBits[size]!);
  }
};

const operandSize = (s: DecodeState, compiled: CompiledRow): number => {
  const override = s.operandOverride && !compiled.mandatory66;
  if (s.codeBits !== 64) return override === (s.codeBits === 32) ? SIZE_16 : SIZE_32;
  if (s.rex & REX_W || compiled.longSize === SIZE_FORCE64) return SIZE_64;
  if (override) return SIZE_16;
  return compiled.longSize === SIZE_DEFAULT64 ? SIZE_64 : SIZE_32;
};

const addressSize = (s: DecodeState): 16 | 32 | 64 => {
  if (s.codeBits === 64) return s.addressOverride ? 32 : 64;
  return s.addressOverride === (s.codeBits === 32) ? 16 : 32;
};

const prefixClass = (s: DecodeState): number => {
  if (s.repeat !== 0) return s.repeat === 0xf3 ? PREFIX_F3 : PREFIX_F2;
  return s.operandOverride ? PREFIX_66 : PREFIX_NONE;
};

/** Opcode just read; stays in `lastOpcode` for registers in its low bits. */
let lastOpcode = 0;

/** Reads the opcode and, without consuming it, the ModRM byte of groups: the row, or undefined for #UD. */
const findRow = (s: DecodeState): CompiledRow | undefined => {
  let opcode = readByte(s);
  let map = 0;
  if (opcode === 0x0f) {
    opcode = readByte(s);
    map = 1;
    if (opcode === 0x38 || opcode === 0x3a) {
      map = opcode === 0x38 ? 2 : 3;
      opcode = readByte(s);
    }
  }
  // 90 is XCHG rAX, rAX taken as NOP; with REX.B it is the exchange with r8 that its neighbours are. F3 makes it
  // PAUSE either way.
  const named = map === 0 && opcode === 0x90 && s.rex & REX_B && s.repeat !== 0xf3 ? 0x91 : opcode;
  lastOpcode = opcode;
  const column = s.codeBits === 64 ? (s.rex & REX_W ? 2 : 1) : 0;
  let number = MAP.slots[slotOf(column, map, prefixClass(s), named)]!;
  if (number >= GROUP_FLAG) {
    const modRm = s.bytes[s.position]! | 0;
    const cell = modRm < 0xc0 ? (modRm >> 3) & 7 : 8 + (modRm & 0x3f);
    number = MAP.groups[(number - GROUP_FLAG) * MODRM_CELLS + cell]!;
    // A group's fault needs the ModRM byte to be there.
    if (available[number] === 0) s.position += 1;
  }
  return available[number] === 0 ? undefined : MAP.rows[number];
};

/** Operands in order; undefined where a register number names none. */
const readOperands = (
  s: DecodeState,
  compiled: CompiledRow,
  size: number,
  modRm: number,
): readonly DecodedOperand[] | undefined => {
  const { specs } = compiled;
  const count = specs.length;
  if (count === 0) return NO_OPERANDS;
  const operands: DecodedOperand[] = [];
  for (let n = 0; n < count; n++) {
    const operand = operandOf(s, specs[n]!, size, lastOpcode, modRm);
    if (operand === undefined) return undefined;
    operands.push(operand);
  }
  return operands;
};

/** Everything after the prefixes; undefined means #UD, if the bytes sufficed. */
const decodeBody = (s: DecodeState, start: number, protectedMode: boolean): Instruction | undefined => {
  const compiled = findRow(s);
  if (compiled === undefined || (compiled.protectedOnly && !protectedMode)) return undefined;
  const size = operandSize(s, compiled);
  let modRm = 0xc0;
  let memory: MemoryAddress | undefined;
  if (compiled.hasModRm) {
    modRm = readByte(s);
    if (compiled.registerForm) modRm |= 0xc0;
    if (modRm < 0xc0) memory = readAddress(s, modRm);
  } else if (compiled.hasOffset) {
    memory = readOffset(s);
  }
  const operands = readOperands(s, compiled, size, modRm);
  if (operands === undefined || (s.lock && (!compiled.lockable || memory === undefined))) return undefined;
  if (compiled.loadsSegment && operands[0] === SEGMENTS[SEGMENT_INDEX.cs]) return undefined;
  return {
    row: compiled.row,
    length: s.position - start,
    operandBits: OPERAND_BITS[size]!,
    addressBits: s.addressBits,
    lock: s.lock,
    repeat: compiled.repeatable && s.repeat !== 0 ? (s.repeat === 0xf3 ? 'rep' : 'repne') : 'none',
    segment: memory !== undefined ? memory.segment : s.segment >= 0 ? s.segment : SEGMENT_INDEX.ds,
    operands,
    memory,
  };
};

/**
 * Decodes the instruction at `offset`; bytes from `end` on are not looked at. `protectedMode` is PE = 1 and
 * VM = 0.
 */
export const decode = (
  bytes: Uint8Array,
  offset: number,
  end: number,
  mode: DecodeMode,
  features: ReadonlySet<CpuFeature>,
  protectedMode: boolean,
): DecodeResult => {
  if (features !== currentFeatures) {
    currentFeatures = features;
    available = availableRows(MAP, features);
  }
  const s = state;
  s.bytes = bytes;
  s.position = offset;
  s.codeBits = mode.codeBits;
  readPrefixes(s);
  s.addressBits = addressSize(s);
  const instruction = decodeBody(s, offset, protectedMode);
  const length = s.position - offset;
  if (length > MAX_INSTRUCTION_LENGTH) {
    if (end - offset < MAX_INSTRUCTION_LENGTH) return { ok: false, fault: 'short' };
    return { ok: false, fault: 13, length: MAX_INSTRUCTION_LENGTH };
  }
  if (s.position > end) return { ok: false, fault: 'short' };
  return instruction === undefined ? { ok: false, fault: 6, length } : { ok: true, instruction };
};
