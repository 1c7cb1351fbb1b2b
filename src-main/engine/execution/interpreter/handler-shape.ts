// The shape of an interpreter handler: all that distinguishes two instances of one semantics function. Derived
// from a decoded instruction and the mode; `key` makes equal shapes meet.

import type { DecodedOperand, Instruction, MemoryAddress } from '../../x86/decode/instruction.ts';
import type { SegmentReference, Shape } from '../../x86/semantics/emitter.ts';
import {
  MODE_CODE32,
  MODE_FLAT_CS,
  MODE_FLAT_DATA,
  MODE_LONG,
  MODE_LONG64,
  MODE_PROTECTED,
  MODE_STACK32,
  MODE_VM86,
  SEGMENT_INDEX,
} from '../../x86/state/cpu-state.ts';
import type { BoundOperand } from '../emit/binding.ts';

export interface MemoryForm {
  readonly hasBase: boolean;
  readonly hasIndex: boolean;
  readonly ripRelative: boolean;
  /** 64-bit absolute address, its upper half in `immediateHigh`. */
  readonly wide: boolean;
}

export interface HandlerShape extends Shape {
  readonly key: string;
  readonly operands: readonly BoundOperand[];
  readonly memory: MemoryForm | undefined;
  /** A 128-bit memory operand must be aligned. */
  readonly aligned: boolean;
  readonly flatData: boolean;
  readonly flatCode: boolean;
  /** The instruction's own segment has a base or a limit to mind. */
  readonly segmented: boolean;
}

export function codeBitsOf(mode: number): 16 | 32 | 64 {
  return mode & MODE_LONG64 ? 64 : mode & MODE_CODE32 ? 32 : 16;
}

export function stackBitsOf(mode: number): 16 | 32 | 64 {
  return mode & MODE_LONG64 ? 64 : mode & MODE_STACK32 ? 32 : 16;
}

/** Whether accesses through a segment need its base or limit in this mode. */
export function isSegmented(segment: number, mode: number): boolean {
  if (segment === SEGMENT_INDEX.fs || segment === SEGMENT_INDEX.gs) return true;
  if (mode & MODE_LONG64) return false;
  if (segment === SEGMENT_INDEX.cs) return true;
  return (mode & MODE_FLAT_DATA) === 0;
}

/** Whether an access through a segment, by name or the instruction's own, has its offset as linear address. */
export function isFlat(
  segment: SegmentReference,
  shape: Pick<HandlerShape, 'segmented' | 'flatData' | 'flatCode' | 'codeBits'>,
): boolean {
  if (segment === 'instruction') return !shape.segmented;
  if (segment === 'fs' || segment === 'gs') return false;
  if (segment === 'cs') return shape.flatCode;
  return shape.flatData;
}

function boundOperand(operand: DecodedOperand, slot: number): BoundOperand {
  return {
    kind: operand.kind,
    bits: operand.bits,
    file: operand.kind === 'register' ? operand.file : undefined,
    slot,
  };
}

function memoryForm(memory: MemoryAddress): MemoryForm {
  return {
    hasBase: memory.base >= 0,
    hasIndex: memory.index >= 0,
    ripRelative: memory.ripRelative,
    wide: memory.displacementHigh !== memory.displacement >> 31,
  };
}

/** Parts of the shape that depend on the mode alone. */
export function modeShape(mode: number) {
  return {
    codeBits: codeBitsOf(mode),
    stackBits: stackBitsOf(mode),
    protectedMode: (mode & (MODE_PROTECTED | MODE_VM86)) === MODE_PROTECTED,
    virtual8086: (mode & MODE_VM86) !== 0,
    longMode: (mode & MODE_LONG) !== 0,
    flatData: (mode & (MODE_FLAT_DATA | MODE_LONG64)) !== 0,
    flatCode: (mode & (MODE_FLAT_CS | MODE_LONG64)) !== 0,
  } as const;
}

/** Assigns record slots to operands: registers in order, the rest by kind. */
export function bindOperands(operands: readonly DecodedOperand[]): BoundOperand[] {
  let registers = 0;
  let immediates = 0;
  return operands.map((operand) => {
    if (operand.kind === 'register') return boundOperand(operand, registers++);
    if (operand.kind === 'immediate') return boundOperand(operand, immediates++);
    return boundOperand(operand, 0);
  });
}

const KINDS = { register: 1, memory: 2, immediate: 3, relative: 4, far: 5 } as const;
const FILES = { gpr: 0, segment: 1, control: 2, debug: 3, xmm: 4, mmx: 5, x87: 6 } as const;
const REPEATS = { none: 0, rep: 1, repne: 2 } as const;

/** An operand's part of the shape in 14 bits. */
function operandCode(operand: DecodedOperand | undefined): number {
  if (operand === undefined) return 0;
  const file = operand.kind === 'register' ? FILES[operand.file] : 0;
  return (KINDS[operand.kind] << 11) | (file << 8) | operand.bits;
}

/** Numbers that differ where shapes of one opcode row do in one mode: what finds a known shape without its key. */
export interface ShapeCode {
  form: number;
  first: number;
  rest: number;
}

export function encodeShape(instruction: Instruction, mode: number, into: ShapeCode): void {
  const { memory, operands, operandBits, addressBits } = instruction;
  const form =
    memory === undefined
      ? 0
      : 1 |
        (memory.base >= 0 ? 2 : 0) |
        (memory.index >= 0 ? 4 : 0) |
        (memory.ripRelative ? 8 : 0) |
        (memory.displacementHigh !== memory.displacement >> 31 ? 16 : 0);
  into.form =
    form |
    (isSegmented(instruction.segment, mode) ? 32 : 0) |
    (instruction.lock ? 64 : 0) |
    (REPEATS[instruction.repeat] << 7) |
    (operandBits << 9) |
    (addressBits << 16);
  into.first = (operandCode(operands[0]) << 14) | operandCode(operands[1]);
  into.rest = (operandCode(operands[2]) << 14) | operandCode(operands[3]);
}

export function handlerShape(instruction: Instruction, mode: number): HandlerShape {
  const { row, operandBits, addressBits, repeat, lock } = instruction;
  const memory = instruction.memory === undefined ? undefined : memoryForm(instruction.memory);
  const operands = bindOperands(instruction.operands);
  const segmented = isSegmented(instruction.segment, mode);
  const byMode = modeShape(mode);
  const key = [
    row.mnemonic,
    row.condition ?? '',
    operands.map((o) => `${o.kind[0]}${o.file ?? ''}${o.bits}`).join(','),
    row.aligned === true ? 'a' : '',
    `${operandBits}.${addressBits}.${byMode.stackBits}.${byMode.codeBits}`,
    repeat === 'none' ? '' : repeat,
    lock ? 'lock' : '',
    (byMode.protectedMode ? 'p' : '') + (byMode.virtual8086 ? 'v' : '') + (byMode.longMode ? 'l' : ''),
    (byMode.flatData ? 'd' : '') + (byMode.flatCode ? 'c' : '') + (segmented ? 's' : ''),
    memory === undefined
      ? ''
      : (memory.hasBase ? 'b' : '') +
        (memory.hasIndex ? 'i' : '') +
        (memory.ripRelative ? 'r' : '') +
        (memory.wide ? 'w' : ''),
  ].join('|');
  return {
    key,
    mnemonic: row.mnemonic,
    operands,
    memory,
    segmented,
    aligned: row.aligned === true,
    operandBits,
    addressBits,
    repeat,
    lock,
    condition: row.condition,
    ...byMode,
  };
}
