// Reads the arithmetic results of `alu32` and turns each line into an instruction of 32-bit code. Register operands
// are EAX and EDX; immediates and shift counts are the fixed ones of the program the results come from.
// Format: the README of the vectors.

import { GPR_INDEX } from '../../../src-main/engine/x86/state/cpu-state.ts';
import { enterFlatProtectedMode, type VectorMachine } from './machines.ts';

export interface AluCase {
  readonly line: string;
  readonly code: readonly number[];
  readonly before: AluState;
  readonly after: AluState;
  /** Flags to compare. */
  readonly mask: number;
  readonly divideError: boolean;
}

export interface AluState {
  readonly eax: number;
  readonly edx: number;
  readonly ecx: number;
  readonly flags: number;
}

type Size = 'B' | 'W' | 'D';

const CF = 0x001;
const OF = 0x800;
const STATUS = 0x8d5;
const NO_AF = 0x8c5;

const ARITHMETIC = ['ADD', 'OR', 'ADC', 'SBB', 'AND', 'SUB', 'XOR', 'CMP'];
const SHIFTS = ['ROL', 'ROR', 'RCL', 'RCR', 'SAL', 'SHR', '', 'SAR'];
const UNARY = ['TEST', '', 'NOT', 'NEG', 'MUL', 'IMUL', 'DIV', 'IDIV'];
const DECIMAL: Record<string, readonly number[]> = {
  daa: [0x27],
  das: [0x2f],
  aaa: [0x37],
  aas: [0x3f],
  aam: [0xd4, 10],
  aad: [0xd5, 10],
};
const DECIMAL_MASK: Record<string, number> = {
  daa: 0xd5,
  das: 0xd5,
  aaa: 0x11,
  aas: 0x11,
  aam: 0xc4,
  aad: 0xc4,
};

const IMMEDIATES: Record<string, readonly [number, number, number]> = {
  ADD: [0xff, 0x8002, 0x80000002],
  ADC: [0xff, 0x8002, 0x80000002],
  SUB: [0xff, 0x8000, 0x80000000],
  SBB: [0xff, 0x8000, 0x80000000],
  CMP: [0xaa, 0xaaaa, 0xaaaaaaaa],
  AND: [0xaa, 0xaaaa, 0xaaaaaaaa],
  OR: [0xaa, 0xaaaa, 0xaaaaaaaa],
  XOR: [0xaa, 0xaaaa, 0xaaaaaaaa],
  TEST: [0xaa, 0xaaaa, 0xaaaaaaaa],
};

const EAX = 0;
const EDX = 2;
const modRm = (reg: number, rm: number): number => 0xc0 | (reg << 3) | rm;

function littleEndian(value: number, size: Size): number[] {
  const bytes = size === 'B' ? 1 : size === 'W' ? 2 : 4;
  return Array.from({ length: bytes }, (_, i) => (value >>> (8 * i)) & 0xff);
}

function immediate(mnemonic: string, size: Size): number[] {
  const index = size === 'B' ? 0 : size === 'W' ? 1 : 2;
  return littleEndian(IMMEDIATES[mnemonic]?.[index] ?? 0, size);
}

const ROTATE_IMMEDIATE = 7;
const doubleShiftImmediate = (size: Size): number => (size === 'W' ? 8 : 16);

/** Which of several fixed variants a line belongs to: the program runs one after the other per size. */
interface Place {
  readonly inSecondHalf: boolean;
}

/** Bytes without the operand-size prefix. */
function encode(opcode: number, mnemonic: string, size: Size, place: Place): number[] {
  const digit = ARITHMETIC.indexOf(mnemonic);
  const shift = SHIFTS.indexOf(mnemonic);
  if (opcode >= 0x40 && opcode < 0x50) return [opcode];
  switch (opcode) {
    case 0x80:
    case 0x81:
      return [opcode, modRm(digit, EDX), ...immediate(mnemonic, size)];
    case 0x83:
      return [opcode, modRm(digit, EAX), ...immediate(mnemonic, 'B')];
    case 0x69:
      return [opcode, modRm(EAX, EAX), ...littleEndian(size === 'W' ? 0x777 : 0x777777, size)];
    case 0x6b:
      return [opcode, modRm(EAX, EDX), place.inSecondHalf ? 0x89 : 0x77];
    case 0x84:
    case 0x85:
      return [opcode, modRm(EDX, EAX)];
    case 0x98:
    case 0x99:
      return [opcode];
    case 0xa8:
    case 0xa9:
      return [opcode, ...immediate(mnemonic, size)];
    case 0xc0:
    case 0xc1:
      return [opcode, modRm(shift, EAX), ROTATE_IMMEDIATE];
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
      return [opcode, modRm(shift, EAX)];
    case 0xf6:
    case 0xf7:
      return encodeUnary(opcode, mnemonic, size, place);
    case 0xfe:
    case 0xff:
      return [opcode, modRm(mnemonic === 'INC' ? 0 : 1, EAX)];
    case 0x0fa4:
    case 0x0fac:
      return [0x0f, opcode & 0xff, modRm(EDX, EAX), doubleShiftImmediate(size)];
    case 0x0fa5:
    case 0x0fad:
      return [0x0f, opcode & 0xff, modRm(EDX, EAX)];
    case 0x0faf:
      return [0x0f, 0xaf, modRm(EAX, EDX)];
    default:
      if (opcode < 0x40 && (opcode & 7) < 2) return [opcode, modRm(EDX, EAX)];
      if (opcode < 0x40 && (opcode & 7) < 4) return [opcode, modRm(EAX, EDX)];
      if (opcode < 0x40 && (opcode & 7) < 6) return [opcode, ...immediate(mnemonic, size)];
      throw new Error(`Opcode ${opcode.toString(16)} is not in this set`);
  }
}

function encodeUnary(opcode: number, mnemonic: string, size: Size, place: Place): number[] {
  const digit = UNARY.indexOf(mnemonic);
  if (mnemonic === 'TEST') return [opcode, modRm(digit, EDX), ...immediate(mnemonic, size)];
  if (mnemonic === 'NEG' || mnemonic === 'NOT') return [opcode, modRm(digit, EAX)];
  // Divisions are done twice: by EDX, then by EAX.
  const divides = mnemonic === 'DIV' || mnemonic === 'IDIV';
  return [opcode, modRm(digit, divides && place.inSecondHalf ? EAX : EDX)];
}

/** The program compares OF only where the count is the constant 1. */
function shiftMask(opcode: number, mnemonic: string, bits: number, count: number): number {
  if (mnemonic.startsWith('R')) return opcode === 0xd0 || opcode === 0xd1 ? STATUS : STATUS & ~OF;
  if (count > bits) return 0;
  return opcode === 0xd0 || opcode === 0xd1 ? NO_AF : NO_AF & ~OF;
}

/** Flags defined for an operation. The program does not look at AF of CMP. */
function flagsMask(opcode: number, mnemonic: string, size: Size, edx: number): number {
  const bits = size === 'B' ? 8 : size === 'W' ? 16 : 32;
  switch (mnemonic) {
    case 'AND':
    case 'OR':
    case 'XOR':
    case 'TEST':
    case 'CMP':
      return NO_AF;
    case 'MUL':
    case 'IMUL':
      return CF | OF;
    case 'DIV':
    case 'IDIV':
      return 0;
    case 'SHLD':
    case 'SHRD':
      return shiftMask(opcode, mnemonic, bits, opcode & 1 ? edx & 31 : doubleShiftImmediate(size));
    default: {
      if (!SHIFTS.includes(mnemonic)) return STATUS;
      const count = opcode <= 0xc1 ? ROTATE_IMMEDIATE : opcode <= 0xd1 ? 1 : edx & 31;
      return shiftMask(opcode, mnemonic, bits, count);
    }
  }
}

const field = (line: string, name: string, occurrence: number): number => {
  const matches = [...line.matchAll(new RegExp(`${name}=([0-9A-F]+)`, 'g'))];
  return Number.parseInt(matches[occurrence]?.[1] ?? '0', 16);
};

function parseDecimal(line: string, mnemonic: string): AluCase {
  const state = (occurrence: number): AluState => ({
    eax: field(line, 'EAX', occurrence),
    edx: 0,
    ecx: 0,
    flags: field(line, 'PS', occurrence),
  });
  return {
    line,
    code: DECIMAL[mnemonic] ?? [],
    before: state(0),
    after: state(1),
    mask: DECIMAL_MASK[mnemonic] ?? 0,
    divideError: false,
  };
}

const setsCarryFirst = (mnemonic: string): boolean =>
  SHIFTS.includes(mnemonic) || mnemonic === 'SHLD' || mnemonic === 'SHRD';

function parseLine(line: string, place: Place): AluCase {
  const [code = '', mnemonic = '', size = 'D'] = line.split(' ');
  if (code in DECIMAL) return parseDecimal(line, code);
  const opcode = Number.parseInt(code, 16);
  const width: Size = size === 'B' || size === 'W' ? size : 'D';
  const edx = field(line, 'EDX', 0);
  // CBW and CWDE are printed with the size of their source.
  const isWord = mnemonic === 'CBW' || (width === 'W' && mnemonic !== 'CWDE');
  const state = (occurrence: number): AluState => ({
    eax: field(line, 'EAX', occurrence),
    edx: field(line, 'EDX', occurrence),
    ecx: edx,
    flags: field(line, 'PS', occurrence) | (occurrence === 0 && setsCarryFirst(mnemonic) ? CF : 0),
  });
  return {
    line,
    code: [...(isWord ? [0x66] : []), ...encode(opcode, mnemonic, width, place)],
    before: state(0),
    // After a fault the flags stand once.
    after: line.includes('#DE') ? { ...state(1), flags: field(line, 'PS', 0) } : state(1),
    mask: flagsMask(opcode, mnemonic, width, edx),
    divideError: line.includes('#DE'),
  };
}

/** One case a line. Lines of one opcode, mnemonic and size stand together. */
export function parseAluCases(text: string): AluCase[] {
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => line.trim());
  const keyOf = (line: string): string => line.split(' ').slice(0, 3).join(' ');
  const totals = new Map<string, number>();
  for (const line of lines) totals.set(keyOf(line), (totals.get(keyOf(line)) ?? 0) + 1);
  const seen = new Map<string, number>();
  return lines.map((line) => {
    const key = keyOf(line);
    const index = seen.get(key) ?? 0;
    seen.set(key, index + 1);
    return parseLine(line, { inSecondHalf: index >= (totals.get(key) ?? 0) / 2 });
  });
}

const CODE = 0x1000;
const HANDLER = 0x2000;
const STACK = 0x3000;
const IDT = 0x4000;
const GDT = 0x5000;
const HLT = 0xf4;
/** Present, DPL 0, 32-bit interrupt gate and code segment. */
const GATE = [HANDLER & 0xff, HANDLER >> 8, 8, 0, 0, 0x8e, 0, 0];
const CODE_DESCRIPTOR = [0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0];

/** Flat protected mode with a handler for #DE that halts. */
export function prepareAluMachine(machine: VectorMachine): void {
  const { cpu, memory } = machine;
  enterFlatProtectedMode(cpu);
  cpu.setHalves('idtrBase', IDT, 0);
  cpu.set32('idtrLimit', 7);
  cpu.setHalves('gdtrBase', GDT, 0);
  cpu.set32('gdtrLimit', 15);
  memory.set(GATE, IDT);
  memory.set(CODE_DESCRIPTOR, GDT + 8);
  memory[HANDLER] = HLT;
}

/** INC and DEC of the one-byte opcodes are done to each register; the line shows it as EAX. */
function destination({ code }: AluCase): number {
  const last = code.at(-1) ?? 0;
  return code.length <= 2 && last >= 0x40 && last < 0x50 ? last & 7 : GPR_INDEX.rax;
}

/** Runs one case; undefined when it passes. */
export function runAluCase(machine: VectorMachine, test: AluCase): string | undefined {
  const { cpu, memory } = machine;
  const target = destination(test);
  memory.set([...test.code, HLT], CODE);
  cpu.setHalves('gpr', STACK, 0, GPR_INDEX.rsp);
  cpu.setHalves('gpr', test.before.ecx, 0, GPR_INDEX.rcx);
  cpu.setHalves('gpr', test.before.edx, 0, GPR_INDEX.rdx);
  cpu.setHalves('gpr', test.before.eax, 0, target);
  cpu.setHalves('rip', CODE, 0);
  cpu.writeFlags(test.before.flags | 2);
  machine.memoryChanged(CODE);
  if (!machine.runToHalt(4)) return `${test.line}: no HLT`;
  const eax = cpu.low('gpr', target);
  const edx = target === GPR_INDEX.rdx ? test.after.edx : cpu.low('gpr', GPR_INDEX.rdx);
  const flags = cpu.readFlags();
  const faulted = cpu.low('rip') === HANDLER + 1;
  const isRight =
    eax === test.after.eax &&
    edx === test.after.edx &&
    ((flags ^ test.after.flags) & test.mask) === 0 &&
    faulted === test.divideError;
  if (isRight) return undefined;
  const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');
  return `${test.line}: EAX=${hex(eax)} EDX=${hex(edx)} PS=${hex(flags)}${faulted ? ' #DE' : ''}`;
}
