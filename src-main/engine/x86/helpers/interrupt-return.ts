// IRET in all its forms: real mode, virtual-8086 mode (in, out and within), tasks, privilege levels, long mode.
// Reference: Intel SDM vol. 2A IRET (operation); vol. 3A 6.7.1, 6.12.1, 6.14.3, 20.2.1 and 20.3.

import {
  CR4_VME, EFLAGS_AC, EFLAGS_FIXED, EFLAGS_ID, EFLAGS_IF, EFLAGS_IOPL, EFLAGS_NT, EFLAGS_RF, EFLAGS_TF, EFLAGS_VIF,
  EFLAGS_VIP, EFLAGS_VM,
} from '../state/control-bits.ts';
import { highHalf, lowHalf } from '../state/address.ts';
import { CPU_FIELDS as F, SEGMENT_INDEX } from '../state/cpu-state.ts';
import { currentPrivilege, isLong64, isLongMode, isProtected, isVirtual8086, stackBits } from '../state/modes.ts';
import { segmentBase, setRealSegment, setVirtualSegment } from '../state/segments.ts';
import { checkReturnCode, checkTarget, loadCode, setRip, wideArgument } from './code-segment.ts';
import type { CpuContext } from './cpu-context.ts';
import {
  createDescriptor, descriptorType, FETCH_OK, FETCH_FAULT, fetchDescriptor, fetchOrRaise, isNullSelector, isPresent,
  isSystem, markAccessed, selectorError, VECTOR_GP, VECTOR_NP, VECTOR_TS, wrapSystem,
} from './descriptor.ts';
import { deliverInNewTask } from './exception.ts';
import { checkOuterStack, dropInnerSegments, loadOuterStack } from './far-return.ts';
import { readKnownFrame, type Return, type ReturnFrame, rememberReturn, returnTo } from './known-return.ts';
import { commitPointer, createStack, openStack, pop, popped, setStackPointer } from './stack.ts';
import { SWITCH_FAULTED_IN_NEW_TASK, SWITCH_REFUSED, switchTask } from './task-switch.ts';

const NEXT_ARGUMENT = 1;

const { es, cs, ss, ds, fs, gs } = SEGMENT_INDEX;

const stack = createStack();
const task = createDescriptor();

const frame: ReturnFrame = { rip: 0, selector: 0, flags: 0, pointer: 0, pointerHigh: 0 };

/** CF PF AF ZF SF TF IF DF OF IOPL NT: what a 16-bit image holds. */
const FLAGS_16 = 0x7fd5;
const FLAGS_ALWAYS = 0xdd5 | EFLAGS_NT;
const FLAGS_WIDE = EFLAGS_RF | EFLAGS_AC | EFLAGS_ID;

/** Takes the bits of `mask` from the popped image: all status flags at least, so that the others are what stays. */
function mergeFlags(cpu: CpuContext, mask: number): void {
  cpu.writeFlags((cpu.get32(F.flagRest) & ~mask) | (frame.flags & mask) | EFLAGS_FIXED);
}

function popFrame(cpu: CpuContext, bytes: 2 | 4 | 8): boolean {
  if (!pop(cpu, stack, bytes)) return false;
  frame.rip = popped(stack);
  if (!pop(cpu, stack, bytes)) return false;
  frame.selector = stack.low & 0xffff;
  if (!pop(cpu, stack, bytes)) return false;
  frame.flags = stack.low;
  return true;
}

function returnReal(cpu: CpuContext, bytes: 2 | 4 | 8): number {
  if (!popFrame(cpu, bytes)) return 1;
  if (frame.rip > cpu.get32(F.segmentLimit, cs)) return cpu.raise(VECTOR_GP, 0);
  commitPointer(cpu, stack);
  setRealSegment(cpu, cs, frame.selector);
  setRip(cpu, frame.rip);
  mergeFlags(cpu, bytes === 2 ? FLAGS_16 : FLAGS_16 | FLAGS_WIDE);
  cpu.updateMode();
  return 0;
}

/** Within virtual-8086 mode: IOPL stays; below IOPL 3 only the 16-bit form with VME works, on VIF. */
function returnWithinVirtual(cpu: CpuContext, bytes: 2 | 4 | 8): number {
  const flags = cpu.readFlags();
  const isTrusted = (flags & EFLAGS_IOPL) === EFLAGS_IOPL;
  if (!isTrusted && ((cpu.low(F.cr4) & CR4_VME) === 0 || bytes !== 2)) return cpu.raise(VECTOR_GP, 0);
  if (!popFrame(cpu, bytes)) return 1;
  if (frame.rip > 0xffff) return cpu.raise(VECTOR_GP, 0);
  const enables = (frame.flags & EFLAGS_IF) !== 0;
  if (!isTrusted && ((enables && flags & EFLAGS_VIP) || frame.flags & EFLAGS_TF)) return cpu.raise(VECTOR_GP, 0);
  commitPointer(cpu, stack);
  setVirtualSegment(cpu, cs, frame.selector);
  setRip(cpu, frame.rip);
  if (isTrusted) {
    mergeFlags(cpu, (FLAGS_16 & ~EFLAGS_IOPL) | (bytes === 4 ? FLAGS_WIDE : 0));
  } else {
    mergeFlags(cpu, FLAGS_16 & ~(EFLAGS_IOPL | EFLAGS_IF));
    cpu.writeFlags((cpu.readFlags() & ~EFLAGS_VIF) | (enables ? EFLAGS_VIF : 0));
  }
  cpu.updateMode();
  return 0;
}

/** NT = 1: back to the task whose selector the TSS holds. */
function returnToTask(cpu: CpuContext): number {
  const link = cpu.readLinear(wrapSystem(cpu, segmentBase(cpu, SEGMENT_INDEX.tr)), 2, false);
  if (link < 0) return 1;
  const error = selectorError(link, 0);
  if (link & 4 || isNullSelector(link)) return cpu.raise(VECTOR_TS, error);
  const status = fetchDescriptor(cpu, link, task);
  if (status === FETCH_FAULT) return 1;
  const isBusyTask = status === FETCH_OK && isSystem(task) && (descriptorType(task) & ~8) === 3;
  if (!isBusyTask) return cpu.raise(VECTOR_TS, error);
  if (!isPresent(task)) return cpu.raise(VECTOR_NP, error);
  const switched = switchTask(cpu, link, task, 'iret', wideArgument(cpu, NEXT_ARGUMENT), 0);
  if (switched === SWITCH_FAULTED_IN_NEW_TASK) return deliverInNewTask(cpu);
  return switched === SWITCH_REFUSED ? 1 : 0;
}

const virtualFrame = { pointer: 0, stackSelector: 0, es: 0, ds: 0, fs: 0, gs: 0 };

function popWord(cpu: CpuContext): number {
  return pop(cpu, stack, 4) ? stack.low & 0xffff : -1;
}

function popVirtualFrame(cpu: CpuContext): boolean {
  if (!pop(cpu, stack, 4)) return false;
  virtualFrame.pointer = stack.low;
  if ((virtualFrame.stackSelector = popWord(cpu)) < 0) return false;
  if ((virtualFrame.es = popWord(cpu)) < 0) return false;
  if ((virtualFrame.ds = popWord(cpu)) < 0) return false;
  if ((virtualFrame.fs = popWord(cpu)) < 0) return false;
  return (virtualFrame.gs = popWord(cpu)) >= 0;
}

/** From CPL 0 into virtual-8086 mode. */
function returnToVirtual(cpu: CpuContext): number {
  if (!popVirtualFrame(cpu)) return 1;
  if (frame.rip > 0xffff) return cpu.raise(VECTOR_GP, 0);
  cpu.writeFlags(frame.flags | EFLAGS_FIXED);
  cpu.set32(F.cpl, 3);
  setVirtualSegment(cpu, cs, frame.selector);
  setVirtualSegment(cpu, ss, virtualFrame.stackSelector);
  setVirtualSegment(cpu, es, virtualFrame.es);
  setVirtualSegment(cpu, ds, virtualFrame.ds);
  setVirtualSegment(cpu, fs, virtualFrame.fs);
  setVirtualSegment(cpu, gs, virtualFrame.gs);
  setStackPointer(cpu, 32, virtualFrame.pointer, 0);
  setRip(cpu, frame.rip);
  cpu.updateMode();
  return 0;
}

/** Bits of the image that the privilege before the return lets in. */
function flagMask(cpu: CpuContext, bytes: 2 | 4 | 8): number {
  const cpl = currentPrivilege(cpu);
  const iopl = (cpu.get32(F.flagRest) & EFLAGS_IOPL) >>> 12;
  let mask = FLAGS_ALWAYS & ~EFLAGS_IF;
  if (bytes !== 2) mask |= FLAGS_WIDE;
  if (cpl <= iopl) mask |= EFLAGS_IF;
  if (cpl === 0) mask |= EFLAGS_IOPL | (bytes === 2 ? 0 : EFLAGS_VIF | EFLAGS_VIP);
  return mask;
}

function returnToOuter(cpu: CpuContext, to: Return, bytes: 2 | 4 | 8): number {
  const { code, outer } = to;
  if (!pop(cpu, stack, bytes)) return 1;
  frame.pointer = stack.low;
  frame.pointerHigh = stack.high;
  if (!pop(cpu, stack, bytes)) return 1;
  to.stackSelector = stack.low & 0xffff;
  if (!checkOuterStack(cpu, to.stackSelector, frame.selector & 3, code, outer)) return 1;
  if (!checkTarget(cpu, code, frame.rip, 0)) return 1;
  if (!markAccessed(cpu, code)) return 1;
  if (!isNullSelector(to.stackSelector) && !markAccessed(cpu, outer)) return 1;
  rememberReturn(cpu, to);
  return commitReturn(cpu, to, bytes);
}

/** 64-bit code pops SS:RSP in any case. */
const changesStack = (cpu: CpuContext): boolean => (frame.selector & 3) > currentPrivilege(cpu) || isLong64(cpu);

/** Nothing can fault any more. */
function commitReturn(cpu: CpuContext, to: Return, bytes: 2 | 4 | 8): 0 {
  const rpl = frame.selector & 3;
  const changesPrivilege = rpl > currentPrivilege(cpu);
  const loadsStack = changesStack(cpu);
  mergeFlags(cpu, flagMask(cpu, bytes));
  if (!loadsStack) setStackPointer(cpu, stackBits(cpu), frame.pointer, frame.pointerHigh);
  loadCode(cpu, frame.selector, to.code, rpl, frame.rip);
  if (loadsStack) loadOuterStack(cpu, to.stackSelector, to.outer, frame.pointer, frame.pointerHigh);
  if (changesPrivilege) dropInnerSegments(cpu);
  cpu.updateMode();
  return 0;
}

function returnProtected(cpu: CpuContext, bytes: 2 | 4 | 8): number {
  if (!popFrame(cpu, bytes)) return 1;
  if (frame.flags & EFLAGS_VM && currentPrivilege(cpu) === 0 && bytes === 4 && !isLongMode(cpu)) return returnToVirtual(cpu);
  const { selector } = frame;
  if (isNullSelector(selector)) return cpu.raise(VECTOR_GP, 0);
  const to = returnTo(selector);
  const { code } = to;
  to.mode = -1;
  to.selector = selector;
  to.stackSelector = 0;
  if (!fetchOrRaise(cpu, selector, code, VECTOR_GP, 0)) return 1;
  if (!checkReturnCode(cpu, selector, code)) return 1;
  if (changesStack(cpu)) return returnToOuter(cpu, to, bytes);
  if (!checkTarget(cpu, code, frame.rip, 0)) return 1;
  if (!markAccessed(cpu, code)) return 1;
  frame.pointer = lowHalf(stack.pointer);
  frame.pointerHigh = highHalf(stack.pointer);
  rememberReturn(cpu, to);
  return commitReturn(cpu, to, bytes);
}

export function interruptReturn(cpu: CpuContext, operandBits: number): number {
  // Also where the IRET itself faults. SDM vol. 3A 6.7.1.
  if (cpu.get32(F.nmiBlocked) !== 0) cpu.set32(F.nmiBlocked, 0);
  const bytes = operandBits === 64 ? 8 : operandBits === 32 ? 4 : 2;
  const isNested = (cpu.get32(F.flagRest) & EFLAGS_NT) !== 0;
  const known = isNested ? undefined : readKnownFrame(cpu, bytes, frame);
  if (known !== undefined) return commitReturn(cpu, known, bytes);
  openStack(cpu, stack, 0);
  if (!isProtected(cpu)) return returnReal(cpu, bytes);
  if (isVirtual8086(cpu)) return returnWithinVirtual(cpu, bytes);
  if (isNested) return isLongMode(cpu) ? cpu.raise(VECTOR_GP, 0) : returnToTask(cpu);
  return returnProtected(cpu, bytes);
}
