// A stack being worked on: pushes and pops move a private pointer that is committed once nothing can fault.
// Reference: Intel SDM vol. 1 6.2 (stack), vol. 3A 5.3 (limit checks), 5.8.5 (stack switching), 6.14 (long mode).

import { fromHalves, highHalf, isCanonical, lowHalf } from '../state/address.ts';
import { CPU_FIELDS as F, GPR_INDEX, SEGMENT_INDEX } from '../state/cpu-state.ts';
import { currentPrivilege, stackBits } from '../state/modes.ts';
import { ACCESS_CODE, ACCESS_DB, ACCESS_DC, segmentBase, setSegment } from '../state/segments.ts';
import type { CpuContext } from './cpu-context.ts';
import { createDescriptor, type Descriptor, VECTOR_SS } from './descriptor.ts';

export interface Stack {
  /** Of the stack segment; base and limit count outside 64-bit code only. */
  selector: number;
  access: number;
  base: number;
  limit: number;
  bits: 16 | 32 | 64;
  pointer: number;
  /** Pushed and popped at CPL 3. */
  user: boolean;
  /** Of the #SS that leaving the segment raises. */
  errorCode: number;
  /** Where a stack of the TSS was found: its descriptor, and the linear address of its pointer; -1 in a 16-bit TSS. */
  readonly descriptor: Descriptor;
  tssAddress: number;
  /** The value popped last. */
  low: number;
  high: number;
}

export const createStack = (): Stack => ({
  selector: 0, access: 0, base: 0, limit: 0, bits: 32, pointer: 0, user: false, errorCode: 0,
  descriptor: createDescriptor(), tssAddress: -1, low: 0, high: 0,
});

const cut = (value: number, bits: 16 | 32 | 64): number =>
  bits === 64 ? value : bits === 32 ? value >>> 0 : value & 0xffff;

/** Opens the stack in use. `ext`: error code of its limit faults. */
export function openStack(cpu: CpuContext, stack: Stack, ext: number): void {
  const { ss } = SEGMENT_INDEX;
  stack.selector = cpu.get32(F.segmentSelector, ss);
  stack.access = cpu.get32(F.segmentAccess, ss);
  stack.limit = cpu.get32(F.segmentLimit, ss);
  stack.bits = stackBits(cpu);
  stack.base = stack.bits === 64 ? 0 : segmentBase(cpu, ss);
  stack.pointer = cut(fromHalves(cpu.low(F.gpr, GPR_INDEX.rsp), cpu.high(F.gpr, GPR_INDEX.rsp)), stack.bits);
  stack.user = currentPrivilege(cpu) === 3;
  stack.errorCode = ext;
}

function isInside(stack: Stack, offset: number, bytes: number): boolean {
  const last = offset + bytes - 1;
  if (stack.bits === 64) return isCanonical(offset) && isCanonical(last);
  const isExpandDown = (stack.access & (ACCESS_CODE | ACCESS_DC)) === ACCESS_DC;
  if (isExpandDown) return offset > stack.limit && last <= (stack.access & ACCESS_DB ? 0xffffffff : 0xffff);
  return last <= stack.limit;
}

const linearOf = (stack: Stack, offset: number): number =>
  stack.bits === 64 ? offset : (stack.base + offset) >>> 0;

/** Whether `count` pushes stay inside the segment; raises #SS if not. */
export function checkRoom(cpu: CpuContext, stack: Stack, bytes: number, count: number): boolean {
  for (let i = 1; i <= count; i++) {
    if (!isInside(stack, cut(stack.pointer - i * bytes, stack.bits), bytes)) {
      cpu.raise(VECTOR_SS, stack.errorCode);
      return false;
    }
  }
  return true;
}

/** False after a fault has been raised; the pointer is then of no use. */
export function push(cpu: CpuContext, stack: Stack, bytes: 2 | 4 | 8, low: number, high = 0): boolean {
  const offset = cut(stack.pointer - bytes, stack.bits);
  if (!isInside(stack, offset, bytes)) {
    cpu.raise(VECTOR_SS, stack.errorCode);
    return false;
  }
  const linear = linearOf(stack, offset);
  stack.pointer = offset;
  if (bytes === 2) return cpu.writeLinear(linear, 2, low & 0xffff, stack.user);
  if (bytes === 4) return cpu.writeLinear(linear, 4, low, stack.user);
  return cpu.writeLinear(linear, 4, low, stack.user) && cpu.writeLinear(linear + 4, 4, high, stack.user);
}

/** Pushes a signed or unsigned number of any width. */
export const pushNumber = (cpu: CpuContext, stack: Stack, bytes: 2 | 4 | 8, value: number): boolean =>
  push(cpu, stack, bytes, lowHalf(value), highHalf(value));

/** Reads at an offset above the pointer into `low` and `high`; false after a fault has been raised. */
export function peek(cpu: CpuContext, stack: Stack, bytes: 2 | 4 | 8, above: number): boolean {
  const offset = cut(stack.pointer + above, stack.bits);
  if (!isInside(stack, offset, bytes)) {
    cpu.raise(VECTOR_SS, stack.errorCode);
    return false;
  }
  const linear = linearOf(stack, offset);
  stack.high = 0;
  stack.low = cpu.readLinear(linear, bytes === 8 ? 4 : bytes, stack.user);
  if (stack.low < 0) return false;
  if (bytes === 8) {
    stack.high = cpu.readLinear(linear + 4, 4, stack.user);
    if (stack.high < 0) return false;
  }
  return true;
}

export function pop(cpu: CpuContext, stack: Stack, bytes: 2 | 4 | 8): boolean {
  if (!peek(cpu, stack, bytes, 0)) return false;
  release(stack, bytes);
  return true;
}

/** Moves the pointer up. */
export function release(stack: Stack, bytes: number): void {
  stack.pointer = cut(stack.pointer + bytes, stack.bits);
}

/** The value popped last as a number. */
export const popped = (stack: Stack): number => (stack.high === 0 ? stack.low : fromHalves(stack.low, stack.high));

/** Writes as much of RSP as the width of the stack says. Any 64 bits may come from a stack: hence the halves. */
export function setStackPointer(cpu: CpuContext, bits: 16 | 32 | 64, low: number, high: number): void {
  const { rsp } = GPR_INDEX;
  if (bits === 64) cpu.setHalves(F.gpr, low, high, rsp);
  else if (bits === 32) cpu.setHalves(F.gpr, low, 0, rsp);
  else cpu.setHalves(F.gpr, ((cpu.low(F.gpr, rsp) & 0xffff0000) | (low & 0xffff)) >>> 0, cpu.high(F.gpr, rsp), rsp);
}

export const commitPointer = (cpu: CpuContext, stack: Stack): void =>
  setStackPointer(cpu, stack.bits, lowHalf(stack.pointer), highHalf(stack.pointer));

/** Loads SS and RSP from a stack that another privilege level brought. */
export function commitStack(cpu: CpuContext, stack: Stack): void {
  setSegment(cpu, SEGMENT_INDEX.ss, stack.selector, stack.access, stack.base, stack.limit);
  commitPointer(cpu, stack);
}
