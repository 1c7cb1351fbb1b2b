// Compares an `Instruction` of ours with a line of the external vectors, in the vectors' spelling.
// Where the two describe one thing differently, the difference stands here with its reason.

import { mnemonicText } from '../../../../src-main/engine/x86/decode/format.ts';
import type { DecodedOperand, Instruction } from '../../../../src-main/engine/x86/decode/instruction.ts';
import type { CodeBits, DecoderCase } from './vectors.ts';

/** Address the vectors decode at. */
const CODE_ADDRESS: Readonly<Record<CodeBits, bigint>> = {
  16: 0x7ff0n,
  32: 0x7ffffff0n,
  64: 0x7ffffffffffffff0n,
};

const addressOf = (decoderCase: DecoderCase): bigint => {
  const given = decoderCase.options.get('ip');
  return given === undefined ? CODE_ADDRESS[decoderCase.codeBits] : BigInt(given);
};

/** Their mnemonic to ours. */
const ALIASES: Readonly<Record<string, string>> = {
  JA: 'JNBE',
  JAE: 'JNB',
  JE: 'JZ',
  JG: 'JNLE',
  JGE: 'JNL',
  JNE: 'JNZ',
  SETA: 'SETNBE',
  SETAE: 'SETNB',
  SETE: 'SETZ',
  SETG: 'SETNLE',
  SETGE: 'SETNL',
  SETNE: 'SETNZ',
  CMOVA: 'CMOVNBE',
  CMOVAE: 'CMOVNB',
  CMOVE: 'CMOVZ',
  CMOVG: 'CMOVNLE',
  CMOVGE: 'CMOVNL',
  CMOVNE: 'CMOVNZ',
  SAL: 'SHL',
  XLATB: 'XLAT',
  RESERVEDNOP: 'NOP',
  FSTPNCE: 'FSTP',
  FNENI: 'FNOP',
  FNDISI: 'FNOP',
  FNSETPM: 'FNOP',
  PREFETCH: 'PREFETCHW',
  SYSRETQ: 'SYSRET',
  SYSEXITQ: 'SYSEXIT',
  FXSAVE64: 'FXSAVE',
  FXRSTOR64: 'FXRSTOR',
  ENDBR32: 'NOP',
  ENDBR64: 'NOP',
};

const theirMnemonic = (mnemonic: string): string => {
  const upper = mnemonic.toUpperCase();
  return ALIASES[upper] ?? upper;
};

export const mnemonicMatches = (instruction: Instruction, mnemonic: string): boolean => {
  const ours = mnemonicText(instruction).replace(' FAR', '');
  return theirMnemonic(mnemonic) === ours;
};

const GENERAL = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'];
const LOW_8 = ['al', 'cl', 'dl', 'bl', 'spl', 'bpl', 'sil', 'dil'];
const HIGH_8 = ['ah', 'ch', 'dh', 'bh'];
const SEGMENT = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];

const generalName = (index: number, bits: number): string => {
  if (index < 0) return '';
  if (index >= 8) return `r${index}${{ 8: 'l', 16: 'w', 32: 'd' }[bits] ?? ''}`;
  if (bits === 8) return LOW_8[index] ?? '?';
  return `${{ 32: 'e', 64: 'r' }[bits] ?? ''}${GENERAL[index]}`;
};

const registerName = (operand: Extract<DecodedOperand, { kind: 'register' }>, bits: number): string => {
  if (operand.high8) return HIGH_8[operand.index] ?? '?';
  const prefixes = { control: 'cr', debug: 'dr', xmm: 'xmm', mmx: 'mm', x87: 'st' } as const;
  if (operand.file === 'gpr') return generalName(operand.index, bits);
  if (operand.file === 'segment') return SEGMENT[operand.index] ?? '?';
  return `${prefixes[operand.file]}${operand.index}`;
};

const SPECIAL_SIZES: Readonly<Record<string, number>> = {
  Unknown: 0,
  WordOffset: 16,
  DwordOffset: 32,
  QwordOffset: 64,
  Fword6: 48,
  Fword10: 80,
  SegPtr16: 32,
  SegPtr32: 48,
  SegPtr64: 80,
  Bound16_WordWord: 32,
  Bound32_DwordDword: 64,
  Bcd: 80,
  FpuEnv14: 0,
  FpuEnv28: 0,
  FpuState94: 0,
  FpuState108: 0,
  Fxsave_512Byte: 0,
  Fxsave64_512Byte: 0,
};

export const sizeOf = (name: string): number =>
  SPECIAL_SIZES[name] ?? Number(/^[A-Za-z]+(\d+)/.exec(name)?.[1] ?? Number.NaN);

/** Hints and cache control name a byte of memory in the vectors; ours access nothing. */
const NO_ACCESS = /^(PREFETCH|CLFLUSH|INVLPG|LEA)/;
/** The vectors print the register of an r32/m16 operand 32 bits wide; ours is read as 16 bits. */
const MIXED_WIDTH = /r(32|64)m(8|16)|Pextr|Pinsr|Extractps|Movmskp|Pmovmskb|Crc32/;

const displacementOf = (instruction: Instruction, address: bigint): bigint => {
  const { memory, addressBits, length } = instruction;
  if (memory === undefined) return 0n;
  const value = (BigInt(memory.displacementHigh) << 32n) | BigInt(memory.displacement >>> 0);
  const base = memory.ripRelative ? address + BigInt(length) : 0n;
  return BigInt.asUintN(addressBits, value + base);
};

const baseName = (instruction: Instruction): string => {
  const { memory, addressBits } = instruction;
  if (memory?.ripRelative === true) return addressBits === 64 ? 'rip' : 'eip';
  return generalName(memory?.base ?? -1, addressBits);
};

const memoryMatches = (
  instruction: Instruction,
  bits: number,
  expected: string,
  address: bigint,
): boolean => {
  const [, segment, base, index, scale, displacement = '0', , size = ''] = expected.split(';');
  const { memory } = instruction;
  if (memory === undefined) return false;
  const expectedBits = NO_ACCESS.test(instruction.row.mnemonic) ? 0 : sizeOf(size);
  return (
    SEGMENT[memory.segment] === segment &&
    baseName(instruction) === base &&
    generalName(memory.index, instruction.addressBits) === index &&
    (memory.index < 0 || memory.scale === Number(scale)) &&
    displacementOf(instruction, address) === BigInt.asUintN(instruction.addressBits, BigInt(displacement)) &&
    bits === expectedBits
  );
};

/** `segesi;ds;UInt8` and `esedi;UInt8`. */
const stringMatches = (instruction: Instruction, bits: number, expected: string): boolean => {
  const [place = '', ...rest] = expected.split(';');
  const source = place.startsWith('seg');
  const register = source ? place.slice(3) : place.slice(2);
  const expectedSegment = source ? rest[0] : 'es';
  return (
    generalName(source ? 6 : 7, instruction.addressBits) === register &&
    (!source || SEGMENT[instruction.segment] === expectedSegment) &&
    bits === sizeOf(rest[source ? 1 : 0] ?? '')
  );
};

const farMatches = (operand: Extract<DecodedOperand, { kind: 'far' }>, parts: readonly string[]): boolean =>
  parts[0] === `fb${operand.bits}` &&
  Number(parts[1]) === operand.selector &&
  Number(parts[2]) === operand.offset;

const immediateMatches = (
  operand: Extract<DecodedOperand, { kind: 'immediate' }>,
  parts: readonly string[],
): boolean => {
  const [kind = '', text = '0'] = parts;
  const bits = Number(/(\d+)(_2nd)?$/.exec(kind)?.[1]);
  const value = (BigInt(operand.high) << 32n) | BigInt(operand.low >>> 0);
  return operand.bits === bits && value === BigInt.asIntN(64, BigInt.asUintN(bits, BigInt(text)));
};

const operandMatches = (
  instruction: Instruction,
  operand: DecodedOperand,
  expected: string,
  decoderCase: DecoderCase,
): boolean => {
  const parts = expected.split(';');
  const { code } = decoderCase;
  const address = addressOf(decoderCase);
  switch (operand.kind) {
    case 'register':
      if (MIXED_WIDTH.test(code) && operand.file === 'gpr') {
        return [8, 16, 32, 64].some((bits) => registerName(operand, bits) === parts[1]);
      }
      return registerName(operand, operand.bits) === parts[1];
    case 'memory':
      if (parts[0] === 'm') return memoryMatches(instruction, operand.bits, expected, address);
      return stringMatches(instruction, operand.bits, expected);
    case 'immediate':
      return immediateMatches(operand, parts);
    case 'relative': {
      const target = address + BigInt(instruction.length + operand.displacement);
      return (
        parts[0] === `nb${operand.bits}` && BigInt.asUintN(operand.bits, target) === BigInt(parts[1] ?? 0)
      );
    }
    case 'far':
      return farMatches(operand, parts);
  }
};

/** Operands the vectors list and we leave implicit, and the other way round (see `one-byte.table.ts`). */
const adjust = (instruction: Instruction, expected: string[]): string[] => {
  switch (instruction.row.mnemonic) {
    case 'XLAT':
      return [];
    case 'MASKMOVQ':
    case 'MASKMOVDQU':
      return expected.slice(1);
    case 'NOP':
      return expected.slice(0, 1);
    case 'PBLENDVB':
    case 'BLENDVPS':
    case 'BLENDVPD':
      return [...expected, 'r;xmm0'];
    default:
      return expected;
  }
};

/** What differs, in words; undefined if nothing does. */
export const difference = (instruction: Instruction, decoderCase: DecoderCase): string | undefined => {
  if (instruction.length !== decoderCase.bytes.length) return `length ${instruction.length}`;
  if (!mnemonicMatches(instruction, decoderCase.mnemonic)) return `mnemonic ${mnemonicText(instruction)}`;
  const listed = Array.from(
    { length: decoderCase.operandCount },
    (_, n) => decoderCase.options.get(`op${n}`) ?? '',
  );
  const expected = adjust(instruction, listed);
  if (instruction.operands.length !== expected.length) return `${instruction.operands.length} operands`;
  const wrong = instruction.operands.findIndex(
    (operand, n) => !operandMatches(instruction, operand, expected[n] ?? '', decoderCase),
  );
  if (wrong >= 0) return `operand ${wrong}: ${JSON.stringify(instruction.operands[wrong])}`;
  if (instruction.lock !== decoderCase.options.has('lock')) return 'lock';
  if (instruction.row.repeat === true) {
    const { options } = decoderCase;
    const repeat = options.has('repne')
      ? 'repne'
      : options.has('rep') || options.has('repe')
        ? 'rep'
        : 'none';
    if (instruction.repeat !== repeat) return `repeat ${instruction.repeat}`;
  }
  return undefined;
};
