// Disassembler: an `Instruction` as text in Intel syntax, for logs, the debugger and tests.
// Not an assembler's input in every detail. Reference: Intel SDM vol. 1 section 1.3.2 (notation).

import type { ConditionCode, DecodedOperand, Instruction, MemoryAddress } from './instruction.ts';

type RegisterOperand = Extract<DecodedOperand, { kind: 'register' }>;

const CONDITION_SUFFIX = [
  'O',
  'NO',
  'B',
  'NB',
  'Z',
  'NZ',
  'BE',
  'NBE',
  'S',
  'NS',
  'P',
  'NP',
  'L',
  'NL',
  'LE',
  'NLE',
] as const;
const NAMES_16 = ['AX', 'CX', 'DX', 'BX', 'SP', 'BP', 'SI', 'DI'] as const;
const NAMES_8 = ['AL', 'CL', 'DL', 'BL', 'SPL', 'BPL', 'SIL', 'DIL'] as const;
const NAMES_HIGH_8 = ['AH', 'CH', 'DH', 'BH'] as const;
const NAMES_SEGMENT = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS'] as const;

/** Mnemonics of ours that differ from Intel's. */
const PRINTED: Readonly<Record<string, string>> = {
  MOV_FROM_SEGMENT: 'MOV',
  MOV_TO_SEGMENT: 'MOV',
  MOV_FROM_CR: 'MOV',
  MOV_TO_CR: 'MOV',
  MOV_FROM_DR: 'MOV',
  MOV_TO_DR: 'MOV',
  PUSH_SEGMENT: 'PUSH',
  POP_SEGMENT: 'POP',
  CALL_FAR: 'CALL FAR',
  JMP_FAR: 'JMP FAR',
  RET_FAR: 'RETF',
  MOVSD_XMM: 'MOVSD',
  CMPSD_XMM: 'CMPSD',
  ICEBP: 'INT1',
};

const STRING_MNEMONICS: ReadonlySet<string> = new Set([
  'MOVS',
  'CMPS',
  'STOS',
  'LODS',
  'SCAS',
  'INS',
  'OUTS',
]);

/** Mnemonics whose name follows the operand size: for 16, 32 and 64 bits. */
const BY_OPERAND_SIZE: Readonly<Record<string, readonly [string, string, string]>> = {
  CBW: ['CBW', 'CWDE', 'CDQE'],
  CWD: ['CWD', 'CDQ', 'CQO'],
  IRET: ['IRET', 'IRETD', 'IRETQ'],
  PUSHF: ['PUSHF', 'PUSHFD', 'PUSHFQ'],
  POPF: ['POPF', 'POPFD', 'POPFQ'],
  PUSHA: ['PUSHA', 'PUSHAD', 'PUSHAD'],
  POPA: ['POPA', 'POPAD', 'POPAD'],
};

/** MOVD, PINSRD and PEXTRD change their last letter with a 64-bit operand. */
const BY_VECTOR_ELEMENT: ReadonlySet<string> = new Set(['MOVD', 'PINSRD', 'PEXTRD']);

const SIZE_NAMES: Readonly<Record<number, string>> = {
  8: 'BYTE',
  16: 'WORD',
  32: 'DWORD',
  48: 'FWORD',
  64: 'QWORD',
  80: 'TBYTE',
  128: 'XMMWORD',
};

const sizeIndex = (bits: number): 0 | 1 | 2 => (bits === 16 ? 0 : bits === 32 ? 1 : 2);

const hex = (value: number): string => {
  const digits = value.toString(16).toUpperCase();
  return value < 10 ? digits : `${/^[A-F]/.test(digits) ? '0' : ''}${digits}h`;
};

const hex64 = (low: number, high: number): string => {
  if (high === 0) return hex(low >>> 0);
  const digits = (high >>> 0).toString(16) + (low >>> 0).toString(16).padStart(8, '0');
  return `${/^[a-f]/.test(digits) ? '0' : ''}${digits.toUpperCase()}h`;
};

const generalName = (index: number, bits: number): string => {
  if (index >= 8) return `R${index}${bits === 8 ? 'B' : bits === 16 ? 'W' : bits === 32 ? 'D' : ''}`;
  if (bits === 8) return NAMES_8[index] ?? '?';
  return `${bits === 16 ? '' : bits === 32 ? 'E' : 'R'}${NAMES_16[index] ?? '?'}`;
};

const registerName = (operand: RegisterOperand): string => {
  const { file, index, bits, high8 } = operand;
  switch (file) {
    case 'gpr':
      return high8 ? (NAMES_HIGH_8[index] ?? '?') : generalName(index, bits);
    case 'segment':
      return NAMES_SEGMENT[index] ?? '?';
    case 'control':
      return `CR${index}`;
    case 'debug':
      return `DR${index}`;
    case 'xmm':
      return `XMM${index}`;
    case 'mmx':
      return `MM${index}`;
    default:
      return index === 0 ? 'ST' : `ST(${index})`;
  }
};

/** The displacement as it is written: its sign and its digits. */
const displacementText = (memory: MemoryAddress, addressBits: number, first: boolean): string => {
  const { displacement, displacementHigh } = memory;
  if (first) {
    if (addressBits === 16) return hex(displacement & 0xffff);
    return addressBits === 32 ? hex(displacement >>> 0) : hex64(displacement, displacementHigh);
  }
  if (displacement === 0) return '';
  return displacement < 0 ? `-${hex(-displacement)}` : `+${hex(displacement)}`;
};

const addressText = (memory: MemoryAddress, addressBits: 16 | 32 | 64): string => {
  const parts: string[] = [];
  if (memory.ripRelative) parts.push(addressBits === 64 ? 'RIP' : 'EIP');
  if (memory.base >= 0) parts.push(generalName(memory.base, addressBits));
  if (memory.index >= 0) {
    const scale = memory.scale === 1 ? '' : `*${memory.scale}`;
    parts.push(generalName(memory.index, addressBits) + scale);
  }
  return parts.join('+') + displacementText(memory, addressBits, parts.length === 0);
};

/** The segment is written only where it is not the one the base register implies. */
const segmentText = (memory: MemoryAddress): string => {
  const implied = memory.base === 4 || memory.base === 5 ? 2 : 3;
  return memory.segment === implied ? '' : `${NAMES_SEGMENT[memory.segment] ?? '?'}:`;
};

const stringAddress = (instruction: Instruction, isSource: boolean): string => {
  const { addressBits, segment } = instruction;
  const register = generalName(isSource ? 6 : 7, addressBits);
  return `${isSource ? (NAMES_SEGMENT[segment] ?? '?') : 'ES'}:[${register}]`;
};

const memoryText = (instruction: Instruction, bits: number, position: number): string => {
  const size = SIZE_NAMES[bits];
  const prefix = size === undefined ? '' : `${size} PTR `;
  const { memory } = instruction;
  if (memory === undefined) {
    const isSource = instruction.row.operands[position]?.startsWith('X') === true;
    return prefix + stringAddress(instruction, isSource);
  }
  return `${prefix}${segmentText(memory)}[${addressText(memory, instruction.addressBits)}]`;
};

const relativeText = (
  displacement: number,
  length: number,
  bits: number,
  address: number | undefined,
): string => {
  const distance = displacement + length;
  if (address === undefined) return distance < 0 ? `$-${hex(-distance)}` : `$+${hex(distance)}`;
  const target = address + distance;
  if (bits === 16) return hex(target & 0xffff);
  return bits === 32 ? hex(target >>> 0) : hex64(target | 0, Math.floor(target / 2 ** 32) | 0);
};

const operandText = (
  instruction: Instruction,
  operand: DecodedOperand,
  position: number,
  address: number | undefined,
): string => {
  switch (operand.kind) {
    case 'register':
      return registerName(operand);
    case 'memory':
      return memoryText(instruction, operand.bits, position);
    case 'immediate':
      return operand.bits === 64 ? hex64(operand.low, operand.high) : hex(operand.low >>> 0);
    case 'relative':
      return relativeText(operand.displacement, instruction.length, operand.bits, address);
    case 'far':
      return `${hex(operand.selector)}:${hex(operand.offset)}`;
  }
};

/** FCMOVcc calls parity "unordered". */
const conditionSuffix = (mnemonic: string, condition: ConditionCode): string =>
  mnemonic === 'FCMOVcc'
    ? CONDITION_SUFFIX[condition].replace('P', 'U').replace('Z', 'E')
    : CONDITION_SUFFIX[condition];

/** Intel's name of the instruction as decoded. */
export const mnemonicText = (instruction: Instruction): string => {
  const { row, operandBits, addressBits, operands } = instruction;
  const { mnemonic, condition } = row;
  if (condition !== undefined) return mnemonic.slice(0, -2) + conditionSuffix(mnemonic, condition);
  if (STRING_MNEMONICS.has(mnemonic)) {
    const width = operands.find((o) => o.kind === 'memory')?.bits ?? 8;
    return mnemonic + ({ 8: 'B', 16: 'W', 32: 'D', 64: 'Q' }[width] ?? '');
  }
  if (mnemonic === 'JCXZ') return ['JCXZ', 'JECXZ', 'JRCXZ'][sizeIndex(addressBits)] ?? mnemonic;
  if (BY_VECTOR_ELEMENT.has(mnemonic) && operandBits === 64) return `${mnemonic.slice(0, -1)}Q`;
  return BY_OPERAND_SIZE[mnemonic]?.[sizeIndex(operandBits)] ?? PRINTED[mnemonic] ?? mnemonic;
};

const REPEAT_EQUAL: ReadonlySet<string> = new Set(['CMPS', 'SCAS']);

const prefixText = (instruction: Instruction): string => {
  const lock = instruction.lock ? 'LOCK ' : '';
  if (instruction.repeat === 'none') return lock;
  if (instruction.repeat === 'repne') return `${lock}REPNE `;
  return REPEAT_EQUAL.has(instruction.row.mnemonic) ? `${lock}REPE ` : `${lock}REP `;
};

/** `address` is that of the instruction and turns relative operands into targets; without it they are `$+n`. */
export const formatInstruction = (instruction: Instruction, address?: number): string => {
  const operands = instruction.operands.map((operand, n) => operandText(instruction, operand, n, address));
  const name = prefixText(instruction) + mnemonicText(instruction);
  return operands.length === 0 ? name : `${name} ${operands.join(', ')}`;
};
