// IRETs whose segments were checked before: as in `known-entry.ts`, the same words read give the same answer.
// Reference: Intel SDM vol. 2A IRET (operation).

import { fromHalves } from '../state/address.ts';
import { EFLAGS_VM } from '../state/control-bits.ts';
import {
  CPU_FIELDS as F, GPR_INDEX, MODE_LONG, MODE_LONG64, MODE_PROTECTED, MODE_VM86, SEGMENT_INDEX,
} from '../state/cpu-state.ts';
import { isFlatData, word } from '../state/modes.ts';
import { ACCESS_DB } from '../state/segments.ts';
import { isTarget } from './code-segment.ts';
import type { CpuContext } from './cpu-context.ts';
import { createDescriptor, type Descriptor, isNullSelector } from './descriptor.ts';
import { hasDescriptorStayed, haveRegistersStayed, noteDescriptor, noteRegisters } from './seen-words.ts';

/** The segments of a return, as they were read and checked. */
export interface Return {
  selector: number;
  readonly code: Descriptor;
  stackSelector: number;
  /** Of the stack segment, where SS is loaded from a descriptor. */
  readonly outer: Descriptor;
  /** The mode word when it was remembered; -1: it is not known. */
  mode: number;
  /** What was read then: `REGISTERS`, code and stack descriptor. */
  readonly seen: Uint32Array;
}

/** What was popped. `pointer` and `pointerHigh` are the stack pointer after the return. */
export interface ReturnFrame {
  rip: number;
  selector: number;
  flags: number;
  pointer: number;
  pointerHigh: number;
}

const { ss } = SEGMENT_INDEX;

const MODE = word(F.mode);
const CPL = word(F.cpl);
const RSP = word(F.gpr, GPR_INDEX.rsp);
const SS_ACCESS = word(F.segmentAccess, ss);
const REGISTERS = [CPL, word(F.gdtrBase), word(F.gdtrBase) + 1, word(F.gdtrLimit)];
const CODE = REGISTERS.length;
const STACK = CODE + 2;

/** The bits of the mode word that decide about a return. */
const MODES = MODE_PROTECTED | MODE_LONG | MODE_LONG64 | MODE_VM86;

/** Words of a frame in 64-bit code, and to the same and to another privilege elsewhere. */
const LONG_FRAME = 10;
const INNER_FRAME = 3;
const OUTER_FRAME = 5;

const createReturn = (): Return => ({
  selector: 0, code: createDescriptor(), stackSelector: 0, outer: createDescriptor(), mode: -1,
  seen: new Uint32Array(STACK + 2),
});

/** By code segment: programs and kernels have few. */
const returns: readonly Return[] = Array.from({ length: 16 }, createReturn);

export const returnTo = (selector: number): Return => returns[(selector >>> 3) & 15] as Return;

/** To be called when a return from protected mode has succeeded, before it is committed. LDTs are not known. */
export function rememberReturn(cpu: CpuContext, to: Return): void {
  if ((to.selector | to.stackSelector) & 4) return;
  to.mode = cpu.words[cpu.firstWord + MODE] as number;
  noteRegisters(cpu, REGISTERS, to.seen);
  noteDescriptor(to.code, to.seen, CODE);
  noteDescriptor(to.outer, to.seen, STACK);
}

function isAsSeen(cpu: CpuContext, to: Return, selector: number, mode: number): boolean {
  return (
    to.selector === selector &&
    ((mode ^ to.mode) & MODES) === 0 &&
    haveRegistersStayed(cpu, REGISTERS, to.seen) &&
    hasDescriptorStayed(cpu, to.code, to.seen, CODE)
  );
}

/** Index in `words` of a frame that can be read at once, or -1. Code of 32 bits in long mode is left out. */
function frameAt(cpu: CpuContext, mode: number, bytes: 2 | 4 | 8): number {
  const { words, firstWord } = cpu;
  const isUser = words[firstWord + CPL] === 3;
  const low = words[firstWord + RSP] as number;
  if (mode & MODE_LONG64) {
    if (bytes !== 8) return -1;
    return cpu.wordOf(fromHalves(low, words[firstWord + RSP + 1] as number), LONG_FRAME * 4, isUser);
  }
  if (bytes !== 4 || mode & MODE_LONG) return -1;
  if (!isFlatData(cpu, ss) || ((words[firstWord + SS_ACCESS] as number) & ACCESS_DB) === 0) return -1;
  return cpu.wordOf(low, INNER_FRAME * 4, isUser);
}

/** Reads the frame of a known return; undefined, with nothing done, where it is not known. Not for tasks. */
export function readKnownFrame(cpu: CpuContext, bytes: 2 | 4 | 8, frame: ReturnFrame): Return | undefined {
  const { words, firstWord } = cpu;
  const mode = words[firstWord + MODE] as number;
  if ((mode & (MODE_PROTECTED | MODE_VM86)) !== MODE_PROTECTED) return undefined;
  const at = frameAt(cpu, mode, bytes);
  if (at < 0) return undefined;
  const isLong = bytes === 8;
  const size = bytes >>> 2;
  const selector = (words[at + size] as number) & 0xffff;
  const to = returnTo(selector);
  if (!isAsSeen(cpu, to, selector, mode)) return undefined;
  const rip = isLong ? fromHalves(words[at] as number, words[at + 1] as number) : (words[at] as number);
  if (!isTarget(cpu, to.code, rip)) return undefined;
  frame.flags = words[at + 2 * size] as number;
  if (frame.flags & EFLAGS_VM && !isLong) return undefined;
  if (isLong || (selector & 3) > (words[firstWord + CPL] as number)) {
    if (!isLong && (at & 0x3ff) + OUTER_FRAME > 0x400) return undefined;
    if (((words[at + 4 * size] as number) & 0xffff) !== to.stackSelector) return undefined;
    if (!isNullSelector(to.stackSelector) && !hasDescriptorStayed(cpu, to.outer, to.seen, STACK)) return undefined;
    frame.pointer = words[at + 3 * size] as number;
    frame.pointerHigh = isLong ? (words[at + 7] as number) : 0;
  } else {
    frame.pointer = ((words[firstWord + RSP] as number) + INNER_FRAME * 4) >>> 0;
    frame.pointerHigh = 0;
  }
  frame.rip = rip;
  frame.selector = selector;
  return to;
}
