// Far RET, and what it shares with IRET: returning to the same or to an outer privilege level.
// Reference: Intel SDM vol. 2B RET (operation); vol. 3A 5.8.6 (returning from a called procedure).

import { CPU_FIELDS as F, SEGMENT_INDEX } from '../state/cpu-state.ts';
import { currentPrivilege, isLong64, isProtected, isVirtual8086, word } from '../state/modes.ts';
import {
  ACCESS_CODE, ACCESS_DB, ACCESS_DC, ACCESS_DPL_SHIFT, ACCESS_S, setNullSegment, setRealSegment, setVirtualSegment,
} from '../state/segments.ts';
import { checkReturnCode, checkTarget, entersLong64, loadCode, setRip } from './code-segment.ts';
import type { CpuContext } from './cpu-context.ts';
import {
  createDescriptor, type Descriptor, descriptorDpl, fetchOrRaise, isNullSelector, isPresent, isWritableData,
  markAccessed, selectorError, VECTOR_GP, VECTOR_SS,
} from './descriptor.ts';
import { loadFromDescriptor } from './segment-load.ts';
import { commitPointer, createStack, openStack, peek, pop, popped, release, setStackPointer } from './stack.ts';

const { es, cs, ss, ds, fs, gs } = SEGMENT_INDEX;

const FIRST_SELECTOR = word(F.segmentSelector);
const FIRST_ACCESS = word(F.segmentAccess);
const SEGMENT_WORDS = F.segmentSelector.stride >> 2;

const stack = createStack();
const code = createDescriptor();
const outer = createDescriptor();

/** Checks the stack segment of an outer level; a null one is allowed to 64-bit code below CPL 3. */
export function checkOuterStack(
  cpu: CpuContext,
  selector: number,
  rpl: number,
  codeDescriptor: Descriptor,
  d: Descriptor,
): boolean {
  if (isNullSelector(selector)) {
    if (entersLong64(cpu, codeDescriptor) && rpl !== 3 && (selector & 3) === rpl) return true;
    cpu.raise(VECTOR_GP, 0);
    return false;
  }
  if (!fetchOrRaise(cpu, selector, d, VECTOR_GP, 0)) return false;
  const isAllowed = (selector & 3) === rpl && descriptorDpl(d) === rpl && isWritableData(d);
  if (isAllowed && isPresent(d)) return true;
  cpu.raise(isAllowed ? VECTOR_SS : VECTOR_GP, selectorError(selector, 0));
  return false;
}

/** Loads SS after CS: RSP is as wide as the new mode's stack. */
export function loadOuterStack(cpu: CpuContext, selector: number, d: Descriptor, low: number, high: number): void {
  if (isNullSelector(selector)) setNullSegment(cpu, ss, selector);
  else loadFromDescriptor(cpu, ss, selector, d);
  const bits = isLong64(cpu) ? 64 : cpu.get32(F.segmentAccess, ss) & ACCESS_DB ? 32 : 16;
  setStackPointer(cpu, bits, low, high);
}

/** Data segments that the outer level may not use become null; a null selector with an RPL loses it, but keeps its base. */
export function dropInnerSegments(cpu: CpuContext): void {
  dropInnerSegment(cpu, es);
  dropInnerSegment(cpu, ds);
  dropInnerSegment(cpu, fs);
  dropInnerSegment(cpu, gs);
}

function dropInnerSegment(cpu: CpuContext, index: number): void {
  const { words, firstWord } = cpu;
  const selector = firstWord + FIRST_SELECTOR + index * SEGMENT_WORDS;
  if (isNullSelector(words[selector] as number)) words[selector] = 0;
  const access = words[firstWord + FIRST_ACCESS + index * SEGMENT_WORDS] as number;
  const isConformingCode = (access & (ACCESS_CODE | ACCESS_DC)) === (ACCESS_CODE | ACCESS_DC);
  const isSegment = (access & ACCESS_S) !== 0;
  const isInner = ((access >>> ACCESS_DPL_SHIFT) & 3) < currentPrivilege(cpu);
  if (isSegment && !isConformingCode && isInner) setNullSegment(cpu, index, 0);
}

function realReturn(cpu: CpuContext, bytes: 2 | 4 | 8, releaseBytes: number): number {
  if (!pop(cpu, stack, bytes)) return 1;
  const rip = popped(stack);
  if (!pop(cpu, stack, bytes)) return 1;
  const selector = stack.low & 0xffff;
  if (rip > cpu.get32(F.segmentLimit, cs)) return cpu.raise(VECTOR_GP, 0);
  release(stack, releaseBytes);
  commitPointer(cpu, stack);
  if (isVirtual8086(cpu)) setVirtualSegment(cpu, cs, selector);
  else setRealSegment(cpu, cs, selector);
  setRip(cpu, rip);
  cpu.updateMode();
  return 0;
}

function returnToOuter(cpu: CpuContext, bytes: 2 | 4 | 8, releaseBytes: number, selector: number, rip: number): number {
  const rpl = selector & 3;
  if (!peek(cpu, stack, bytes, releaseBytes + bytes)) return 1;
  const stackSelector = stack.low & 0xffff;
  if (!peek(cpu, stack, bytes, releaseBytes)) return 1;
  const sum = stack.low + releaseBytes;
  const low = sum >>> 0;
  const high = (stack.high + (sum > low ? 1 : 0)) >>> 0;
  if (!checkOuterStack(cpu, stackSelector, rpl, code, outer)) return 1;
  if (!checkTarget(cpu, code, rip, 0)) return 1;
  if (!markAccessed(cpu, code)) return 1;
  if (!isNullSelector(stackSelector) && !markAccessed(cpu, outer)) return 1;
  loadCode(cpu, selector, code, rpl, rip);
  loadOuterStack(cpu, stackSelector, outer, low, high);
  dropInnerSegments(cpu);
  cpu.updateMode();
  return 0;
}

export function farReturn(cpu: CpuContext, operandBits: number, releaseBytes: number): number {
  const bytes = operandBits === 64 ? 8 : operandBits === 32 ? 4 : 2;
  openStack(cpu, stack, 0);
  if (!isProtected(cpu) || isVirtual8086(cpu)) return realReturn(cpu, bytes, releaseBytes);
  if (!pop(cpu, stack, bytes)) return 1;
  const rip = popped(stack);
  if (!pop(cpu, stack, bytes)) return 1;
  const selector = stack.low & 0xffff;
  if (isNullSelector(selector)) return cpu.raise(VECTOR_GP, 0);
  if (!fetchOrRaise(cpu, selector, code, VECTOR_GP, 0)) return 1;
  if (!checkReturnCode(cpu, selector, code)) return 1;
  if ((selector & 3) > currentPrivilege(cpu)) return returnToOuter(cpu, bytes, releaseBytes, selector, rip);
  if (!checkTarget(cpu, code, rip, 0)) return 1;
  if (!markAccessed(cpu, code)) return 1;
  release(stack, releaseBytes);
  commitPointer(cpu, stack);
  loadCode(cpu, selector, code, selector & 3, rip);
  cpu.updateMode();
  return 0;
}
