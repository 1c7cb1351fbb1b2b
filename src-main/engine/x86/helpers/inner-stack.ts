// The stack that the TSS holds for a more privileged level, or for an interrupt (IST): found, checked and
// opened, not yet loaded.
// Reference: Intel SDM vol. 3A 5.8.5 (stack switching), 7.2.1 (TSS fields), 7.7 (64-bit TSS, IST).

import { fromHalves, isCanonical } from '../state/address.ts';
import { CPU_FIELDS as F, SEGMENT_INDEX } from '../state/cpu-state.ts';
import { isLongMode } from '../state/modes.ts';
import { ACCESS_DB, segmentBase } from '../state/segments.ts';
import type { CpuContext } from './cpu-context.ts';
import {
  descriptorAccess, descriptorBase, descriptorDpl, descriptorLimit, fetchOrRaise, isNullSelector,
  isPresent, isWritableData, markAccessed, selectorError, VECTOR_SS, VECTOR_TS, wrapSystem,
} from './descriptor.ts';
import type { Stack } from './stack.ts';

/** Bit of the TSS type that tells a 32-bit TSS from a 16-bit one. */
const TSS_IS_32 = 8;

/** Reads from the current TSS with a limit check; -1 after #TS or #PF. */
function readTss(cpu: CpuContext, offset: number, bytes: 2 | 4, ext: number): number {
  const { tr } = SEGMENT_INDEX;
  if (offset + bytes - 1 > cpu.get32(F.segmentLimit, tr)) {
    cpu.raise(VECTOR_TS, selectorError(cpu.get32(F.segmentSelector, tr), ext));
    return -1;
  }
  return cpu.readLinear(wrapSystem(cpu, segmentBase(cpu, tr) + offset), bytes, false);
}

/**
 * Long mode: RSP0-RSP2 by privilege, or IST1-IST7. The new SS is null; `stack.selector` carries its RPL.
 * The pointer is not aligned yet.
 */
export function openLongStack(cpu: CpuContext, privilege: number, ist: number, ext: number, stack: Stack): boolean {
  const offset = ist === 0 ? 4 + privilege * 8 : 0x1c + ist * 8;
  // The whole quadword has to be inside the limit.
  const high = readTss(cpu, offset + 4, 4, ext);
  if (high < 0) return false;
  const low = readTss(cpu, offset, 4, ext);
  if (low < 0) return false;
  stack.tssAddress = segmentBase(cpu, SEGMENT_INDEX.tr) + offset;
  stack.selector = privilege;
  stack.access = 0;
  stack.base = 0;
  stack.limit = 0;
  stack.bits = 64;
  stack.pointer = fromHalves(low, high);
  stack.user = privilege === 3;
  stack.errorCode = ext;
  if (isCanonical(stack.pointer)) return true;
  cpu.raise(VECTOR_SS, ext);
  return false;
}

/** Protected mode: SSn:ESPn or SSn:SPn, with all the checks of the new stack segment. */
function openProtectedStack(cpu: CpuContext, privilege: number, ext: number, stack: Stack): boolean {
  const is32 = (cpu.get32(F.segmentAccess, SEGMENT_INDEX.tr) & TSS_IS_32) !== 0;
  const offset = is32 ? 4 + privilege * 8 : 2 + privilege * 4;
  const selector = readTss(cpu, offset + (is32 ? 4 : 2), 2, ext);
  if (selector < 0) return false;
  const pointer = readTss(cpu, offset, is32 ? 4 : 2, ext);
  if (pointer < 0) return false;
  const { descriptor } = stack;
  stack.tssAddress = is32 ? (segmentBase(cpu, SEGMENT_INDEX.tr) + offset) >>> 0 : -1;
  const error = selectorError(selector, ext);
  if (isNullSelector(selector)) {
    cpu.raise(VECTOR_TS, error);
    return false;
  }
  if (!fetchOrRaise(cpu, selector, descriptor, VECTOR_TS, ext)) return false;
  if ((selector & 3) !== privilege || descriptorDpl(descriptor) !== privilege || !isWritableData(descriptor)) {
    cpu.raise(VECTOR_TS, error);
    return false;
  }
  if (!isPresent(descriptor)) {
    cpu.raise(VECTOR_SS, error);
    return false;
  }
  if (!markAccessed(cpu, descriptor)) return false;
  stack.selector = selector;
  stack.access = descriptorAccess(descriptor);
  stack.base = descriptorBase(descriptor);
  stack.limit = descriptorLimit(descriptor);
  stack.bits = stack.access & ACCESS_DB ? 32 : 16;
  stack.pointer = stack.bits === 16 ? pointer & 0xffff : pointer;
  stack.user = privilege === 3;
  stack.errorCode = error;
  return true;
}

/** False after #TS, #SS or #PF has been raised. */
export const openInnerStack = (cpu: CpuContext, privilege: number, ext: number, stack: Stack): boolean =>
  isLongMode(cpu)
    ? openLongStack(cpu, privilege, 0, ext, stack)
    : openProtectedStack(cpu, privilege, ext, stack);
