// Far JMP and far CALL: to code segments, through call gates, and to tasks.
// Reference: Intel SDM vol. 2A JMP, CALL (operation); vol. 3A 5.8.2-5.8.5 (gates), 7.3 (tasks).

import { fromHalves } from '../state/address.ts';
import { CPU_FIELDS as F, GPR_INDEX, SEGMENT_INDEX } from '../state/cpu-state.ts';
import { currentPrivilege, isLongMode, isProtected, isVirtual8086 } from '../state/modes.ts';
import { setRealSegment, setVirtualSegment } from '../state/segments.ts';
import {
  checkDirectCode, checkTarget, cutOffset, entersLong64, loadCode, setRip, wideArgument,
} from './code-segment.ts';
import type { CpuContext } from './cpu-context.ts';
import {
  createDescriptor, descriptorDpl, descriptorType, fetchOrRaise, fetchUpperOrRaise, gateOffset16, gateOffset32,
  gateOffset64, gateSelector, hasReservedCodeSize, is64BitCode, isCode, isConforming, isNullSelector, isPresent,
  isSystem, markAccessed, selectorError, TYPE_CALL_GATE16, TYPE_CALL_GATE32, TYPE_TASK_GATE, VECTOR_GP, VECTOR_NP,
} from './descriptor.ts';
import { deliverInNewTask } from './exception.ts';
import { openInnerStack } from './inner-stack.ts';
import {
  checkRoom, commitPointer, commitStack, createStack, openStack, peek, push, pushNumber,
} from './stack.ts';
import { isAvailableTask, SWITCH_FAULTED_IN_NEW_TASK, SWITCH_REFUSED, switchTask } from './task-switch.ts';

const OFFSET_ARGUMENT = 1;
const NEXT_ARGUMENT = 3;

const { cs, ss } = SEGMENT_INDEX;

const target = createDescriptor();
const code = createDescriptor();
const stack = createStack();
const innerStack = createStack();

type PushBytes = 2 | 4 | 8;
const bytesOf = (bits: number): PushBytes => (bits === 64 ? 8 : bits === 32 ? 4 : 2);

/** CS and the return offset, on whichever stack. */
const pushReturn = (cpu: CpuContext, on: typeof stack, bytes: PushBytes, next: number): boolean =>
  push(cpu, on, bytes, cpu.get32(F.segmentSelector, cs)) && pushNumber(cpu, on, bytes, next);

function realTransfer(cpu: CpuContext, isCall: boolean, selector: number, offset: number, bits: number): number {
  if (isCall) {
    const bytes = bytesOf(bits);
    openStack(cpu, stack, 0);
    if (!checkRoom(cpu, stack, bytes, 2)) return 1;
  }
  if (offset > cpu.get32(F.segmentLimit, cs)) return cpu.raise(VECTOR_GP, 0);
  if (isCall) {
    if (!pushReturn(cpu, stack, bytesOf(bits), wideArgument(cpu, NEXT_ARGUMENT))) return 1;
    commitPointer(cpu, stack);
  }
  if (isVirtual8086(cpu)) setVirtualSegment(cpu, cs, selector);
  else setRealSegment(cpu, cs, selector);
  setRip(cpu, offset);
  cpu.updateMode();
  return 0;
}

/** To a code segment whose privilege checks are done, on the present stack. */
function transferSameLevel(
  cpu: CpuContext,
  isCall: boolean,
  selector: number,
  d: typeof code,
  offset: number,
  bytes: PushBytes,
): number {
  if (isCall) {
    openStack(cpu, stack, 0);
    // A 64-bit gate pushes on the flat stack, also when it is called from compatibility code.
    if (bytes === 8 && entersLong64(cpu, d)) widenStack(cpu);
    if (!checkRoom(cpu, stack, bytes, 2)) return 1;
  }
  if (!checkTarget(cpu, d, offset, 0)) return 1;
  if (isCall && !pushReturn(cpu, stack, bytes, wideArgument(cpu, NEXT_ARGUMENT))) return 1;
  if (!markAccessed(cpu, d)) return 1;
  if (isCall) commitPointer(cpu, stack);
  loadCode(cpu, selector, d, currentPrivilege(cpu), offset);
  cpu.updateMode();
  return 0;
}

function widenStack(cpu: CpuContext): void {
  stack.bits = 64;
  stack.base = 0;
  stack.pointer = fromHalves(cpu.low(F.gpr, GPR_INDEX.rsp), cpu.high(F.gpr, GPR_INDEX.rsp));
}

/** Parameters of a call gate, from the old stack to the new one, the last pushed first. */
function copyParameters(cpu: CpuContext, count: number, bytes: PushBytes): boolean {
  for (let i = count - 1; i >= 0; i--) {
    if (!peek(cpu, stack, bytes, i * bytes)) return false;
    if (!push(cpu, innerStack, bytes, stack.low, stack.high)) return false;
  }
  return true;
}

/** A call gate to a more privileged level: the new stack gets SS:RSP, the parameters and the return address. */
function callInner(cpu: CpuContext, selector: number, offset: number, bytes: PushBytes, parameters: number): number {
  const privilege = descriptorDpl(code);
  if (!openInnerStack(cpu, privilege, 0, innerStack)) return 1;
  openStack(cpu, stack, 0);
  if (!checkRoom(cpu, innerStack, bytes, 4 + parameters)) return 1;
  if (!checkTarget(cpu, code, offset, 0)) return 1;
  const { rsp } = GPR_INDEX;
  if (!push(cpu, innerStack, bytes, cpu.get32(F.segmentSelector, ss))) return 1;
  if (!push(cpu, innerStack, bytes, cpu.low(F.gpr, rsp), cpu.high(F.gpr, rsp))) return 1;
  if (!copyParameters(cpu, parameters, bytes)) return 1;
  if (!pushReturn(cpu, innerStack, bytes, wideArgument(cpu, NEXT_ARGUMENT))) return 1;
  if (!markAccessed(cpu, code)) return 1;
  commitStack(cpu, innerStack);
  loadCode(cpu, selector, code, privilege, offset);
  cpu.updateMode();
  return 0;
}

/** Fetches and checks the code segment that a call gate names. */
function fetchGateCode(cpu: CpuContext, isCall: boolean, selector: number): boolean {
  if (isNullSelector(selector)) {
    cpu.raise(VECTOR_GP, 0);
    return false;
  }
  if (!fetchOrRaise(cpu, selector, code, VECTOR_GP, 0)) return false;
  const cpl = currentPrivilege(cpu);
  const dpl = descriptorDpl(code);
  const isLevelAllowed = isCall || isConforming(code) ? dpl <= cpl : dpl === cpl;
  const isSizeAllowed = !isLongMode(cpu) || (is64BitCode(code) && !hasReservedCodeSize(code));
  const isAllowed = isCode(code) && isLevelAllowed && isSizeAllowed;
  if (isAllowed && isPresent(code)) return true;
  cpu.raise(isAllowed ? VECTOR_NP : VECTOR_GP, selectorError(selector, 0));
  return false;
}

function transferByGate(cpu: CpuContext, isCall: boolean, gateSel: number): number {
  const isLong = isLongMode(cpu);
  if (!isPresent(target)) return cpu.raise(VECTOR_NP, selectorError(gateSel, 0));
  if (isLong && !fetchUpperOrRaise(cpu, gateSel, target, VECTOR_GP, 0)) return 1;
  const is16 = descriptorType(target) === TYPE_CALL_GATE16;
  const bytes = is16 ? 2 : isLong ? 8 : 4;
  const offset = isLong ? gateOffset64(target) : is16 ? gateOffset16(target) : gateOffset32(target);
  const selector = gateSelector(target);
  if (!fetchGateCode(cpu, isCall, selector)) return 1;
  const changesPrivilege = !isConforming(code) && descriptorDpl(code) < currentPrivilege(cpu);
  if (!changesPrivilege) return transferSameLevel(cpu, isCall, selector, code, offset, bytes);
  return callInner(cpu, selector, offset, bytes, isLong ? 0 : target.high & 0x1f);
}

function transferToTask(cpu: CpuContext, isCall: boolean, selector: number): number {
  if (!isAvailableTask(target)) return cpu.raise(VECTOR_GP, selectorError(selector, 0));
  if (!isPresent(target)) return cpu.raise(VECTOR_NP, selectorError(selector, 0));
  const status = switchTask(cpu, selector, target, isCall ? 'call' : 'jump', wideArgument(cpu, NEXT_ARGUMENT), 0);
  if (status === SWITCH_FAULTED_IN_NEW_TASK) return deliverInNewTask(cpu);
  return status === SWITCH_REFUSED ? 1 : 0;
}

function transferByTaskGate(cpu: CpuContext, isCall: boolean, gateSel: number): number {
  if (!isPresent(target)) return cpu.raise(VECTOR_NP, selectorError(gateSel, 0));
  const selector = gateSelector(target);
  if (isNullSelector(selector) || selector & 4) return cpu.raise(VECTOR_GP, selectorError(selector, 0));
  if (!fetchOrRaise(cpu, selector, target, VECTOR_GP, 0)) return 1;
  return transferToTask(cpu, isCall, selector);
}

function systemTransfer(cpu: CpuContext, isCall: boolean, selector: number): number {
  const type = descriptorType(target);
  const isLong = isLongMode(cpu);
  const isGate = type === TYPE_CALL_GATE32 || (!isLong && (type === TYPE_CALL_GATE16 || type === TYPE_TASK_GATE));
  const isTask = !isLong && (isAvailableTask(target) || isBusyTask(type));
  const dpl = descriptorDpl(target);
  if ((!isGate && !isTask) || dpl < currentPrivilege(cpu) || dpl < (selector & 3)) {
    return cpu.raise(VECTOR_GP, selectorError(selector, 0));
  }
  if (isTask) return transferToTask(cpu, isCall, selector);
  if (type === TYPE_TASK_GATE) return transferByTaskGate(cpu, isCall, selector);
  return transferByGate(cpu, isCall, selector);
}

const isBusyTask = (type: number): boolean => (type & ~8) === 3;

function transfer(cpu: CpuContext, isCall: boolean, selectorArgument: number, bits: number): number {
  const selector = selectorArgument & 0xffff;
  const offset = cutOffset(wideArgument(cpu, OFFSET_ARGUMENT), bits);
  if (!isProtected(cpu) || isVirtual8086(cpu)) return realTransfer(cpu, isCall, selector, offset, bits);
  if (isNullSelector(selector)) return cpu.raise(VECTOR_GP, 0);
  if (!fetchOrRaise(cpu, selector, target, VECTOR_GP, 0)) return 1;
  if (isSystem(target)) return systemTransfer(cpu, isCall, selector);
  if (!checkDirectCode(cpu, selector, target)) return 1;
  return transferSameLevel(cpu, isCall, selector, target, offset, bytesOf(bits));
}

export const farJump = (cpu: CpuContext, selector: number, operandBits: number): number =>
  transfer(cpu, false, selector, operandBits);

export const farCall = (cpu: CpuContext, selector: number, operandBits: number): number =>
  transfer(cpu, true, selector, operandBits);
