// Ways into handlers that were checked before. The checks of an entry follow from a few words of memory (gate, descriptors,
// TSS) and registers; while these read the same, so does the result, and the frame can be stored at once. What is looked at
// here is what `interrupt.ts` looks at, which remains the way of every entry that is the first, rare or refused.
// Reference: Intel SDM vol. 3A 6.12 (protected mode), 6.14 (long mode).

import { fromHalves } from '../state/address.ts';
import {
  CPU_FIELDS as F, GPR_INDEX, MODE_LONG, MODE_LONG64, MODE_PROTECTED, MODE_VM86, SEGMENT_INDEX,
} from '../state/cpu-state.ts';
import { isFlatData, word } from '../state/modes.ts';
import { ACCESS_DB, ACCESS_DC } from '../state/segments.ts';
import type { CpuContext } from './cpu-context.ts';
import { createDescriptor, type Descriptor, descriptorType, gateSelector, TYPE_INTERRUPT_GATE32 } from './descriptor.ts';
import type { Delivery } from './interrupt.ts';
import { hasDescriptorStayed, haveRegistersStayed, noteDescriptor, noteRegisters } from './seen-words.ts';
import { createStack, type Stack } from './stack.ts';

/** An entry as it was found by reading and checking. */
export interface Entry {
  readonly gate: Descriptor;
  readonly code: Descriptor;
  /** The handler's. */
  readonly stack: Stack;
  newCpl: number;
  /** Another stack than the present one, by privilege or IST. */
  switches: boolean;
  target: number;
  /** The mode word when it was remembered; -1: it is not known. */
  mode: number;
  isSoftware: boolean;
  /** What was read then: `REGISTERS`, gate, code descriptor, stack descriptor. */
  readonly seen: Uint32Array;
}

const { cs, ss, tr } = SEGMENT_INDEX;
const { rsp } = GPR_INDEX;

const MODE = word(F.mode);
const RSP = word(F.gpr, rsp);
const CS = word(F.segmentSelector, cs);
const SS = word(F.segmentSelector, ss);
const SS_ACCESS = word(F.segmentAccess, ss);

/** CPL, and where the tables are. */
const REGISTERS = [
  word(F.cpl), word(F.idtrBase), word(F.idtrBase) + 1, word(F.idtrLimit), word(F.gdtrBase), word(F.gdtrBase) + 1,
  word(F.gdtrLimit), word(F.segmentAccess, tr), word(F.segmentBase, tr), word(F.segmentBase, tr) + 1,
  word(F.segmentLimit, tr),
];
const GATE = REGISTERS.length;
const GATE_UPPER = GATE + 2;
const CODE = GATE_UPPER + 1;
const STACK = CODE + 2;

/** The bits of the mode word that decide about an entry. */
const MODES = MODE_PROTECTED | MODE_LONG | MODE_LONG64 | MODE_VM86;

export const createEntry = (): Entry => ({
  gate: createDescriptor(), code: createDescriptor(), stack: createStack(), newCpl: 0, switches: false, target: 0,
  mode: -1, isSoftware: false, seen: new Uint32Array(STACK + 2),
});

/** Whether a stack segment needs no check of its own: as in `isFlatData`, of a descriptor's fields. */
const isFlatStack = (stack: Stack): boolean =>
  stack.bits === 32 && stack.base === 0 && stack.limit === 0xffffffff && (stack.access & ACCESS_DC) === 0;

/** To be called when an entry has succeeded. Virtual-8086 mode, LDTs, 16-bit gates and segmented stacks are not known. */
export function remember(cpu: CpuContext, entry: Entry, isSoftware: boolean): void {
  const { words, firstWord } = cpu;
  const { gate, code, stack, seen } = entry;
  const mode = words[firstWord + MODE] as number;
  const isLong = (mode & MODE_LONG) !== 0;
  const isUsual =
    (mode & MODE_VM86) === 0 &&
    descriptorType(gate) >= TYPE_INTERRUPT_GATE32 &&
    (gateSelector(gate) & 4) === 0 &&
    (isLong || (isFlatStack(stack) && (stack.selector & 4) === 0));
  entry.mode = isUsual ? mode : -1;
  if (!isUsual) return;
  entry.isSoftware = isSoftware;
  noteRegisters(cpu, REGISTERS, seen);
  noteDescriptor(gate, seen, GATE);
  seen[GATE_UPPER] = gate.upper;
  noteDescriptor(code, seen, CODE);
  noteDescriptor(stack.descriptor, seen, STACK);
}

function isAsSeen(cpu: CpuContext, entry: Entry, delivery: Delivery): boolean {
  const { words, firstWord } = cpu;
  const { seen } = entry;
  if ((((words[firstWord + MODE] as number) ^ entry.mode) & MODES) !== 0) return false;
  if (delivery.isSoftware && !entry.isSoftware) return false;
  if (!haveRegistersStayed(cpu, REGISTERS, seen) || !hasDescriptorStayed(cpu, entry.gate, seen, GATE)) return false;
  if ((entry.mode & MODE_LONG) !== 0) {
    const upper = cpu.wordOf(entry.gate.address + 8, 4, false);
    if (upper < 0 || words[upper] !== seen[GATE_UPPER]) return false;
  }
  return hasDescriptorStayed(cpu, entry.code, seen, CODE);
}

/** Puts the stack's top into `entry.stack.pointer`; false where it takes more than a look. */
function findTop(cpu: CpuContext, entry: Entry): boolean {
  const { words, firstWord } = cpu;
  const { stack, seen } = entry;
  const isLong = (entry.mode & MODE_LONG) !== 0;
  if (entry.switches) {
    const tss = cpu.wordOf(stack.tssAddress, 8, false);
    if (tss < 0) return false;
    if (isLong) {
      stack.pointer = fromHalves(words[tss] as number, words[tss + 1] as number);
    } else {
      if (!hasDescriptorStayed(cpu, stack.descriptor, seen, STACK)) return false;
      if (((words[tss + 1] as number) & 0xffff) !== stack.selector) return false;
      stack.pointer = words[tss] as number;
    }
  } else {
    if (!isLong && !(isFlatData(cpu, ss) && (words[firstWord + SS_ACCESS] as number) & ACCESS_DB)) return false;
    stack.pointer = isLong
      ? fromHalves(words[firstWord + RSP] as number, words[firstWord + RSP + 1] as number)
      : (words[firstWord + RSP] as number);
  }
  if (isLong) stack.pointer -= (stack.pointer >>> 0) & 15;
  return true;
}

/** Stores the frame of a known entry, whose `stack` can then be loaded; false, with nothing done, where it is not known. */
export function storeKnownFrame(cpu: CpuContext, entry: Entry, delivery: Delivery): boolean {
  if (!isAsSeen(cpu, entry, delivery) || !findTop(cpu, entry)) return false;
  const { words, firstWord } = cpu;
  const { stack } = entry;
  const isLong = (entry.mode & MODE_LONG) !== 0;
  const size = isLong ? 2 : 1;
  const hasError = delivery.errorCode >= 0;
  const count = (isLong || entry.switches ? 5 : 3) + (hasError ? 1 : 0);
  const bottom = stack.pointer - count * size * 4;
  // A frame in one page that may be written wraps nowhere and is canonical.
  const first = bottom < 0 && !isLong ? -1 : cpu.wordOf(bottom, count * size * 4, entry.newCpl === 3, true);
  if (first < 0) return false;
  let at = first;
  if (hasError) at = put(words, at, size, delivery.errorCode, 0);
  at = put(words, at, size, delivery.rip, Math.floor(delivery.rip / 0x1_0000_0000));
  at = put(words, at, size, words[firstWord + CS] as number, 0);
  at = put(words, at, size, delivery.flags, 0);
  if (isLong || entry.switches) {
    at = put(words, at, size, words[firstWord + RSP] as number, words[firstWord + RSP + 1] as number);
    put(words, at, size, words[firstWord + SS] as number, 0);
  }
  stack.pointer = bottom;
  return true;
}

function put(words: Uint32Array, at: number, size: number, low: number, high: number): number {
  words[at] = low;
  if (size === 2) words[at + 1] = high;
  return at + size;
}
