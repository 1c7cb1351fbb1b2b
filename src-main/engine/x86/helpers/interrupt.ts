// Entering an interrupt or exception handler in every mode. What to deliver, and what to do when that fails, is
// decided in `exception.ts` (events) and `software-interrupt.ts` (INT n).
// Reference: Intel SDM vol. 2A INT n (operation), vol. 3A 6.10-6.14, 20.1.4 and 20.3 (real, virtual-8086).

import { fromHalves } from '../state/address.ts';
import {
  EFLAGS_AC, EFLAGS_IF, EFLAGS_NT, EFLAGS_RF, EFLAGS_TF, EFLAGS_VM,
} from '../state/control-bits.ts';
import { CPU_FIELDS as F, GPR_INDEX, SEGMENT_INDEX } from '../state/cpu-state.ts';
import { currentPrivilege, isLongMode, isProtected, isVirtual8086 } from '../state/modes.ts';
import { setNullSegment, setRealSegment, setVirtualSegment } from '../state/segments.ts';
import { checkTarget, loadCode, setRip } from './code-segment.ts';
import type { CpuContext } from './cpu-context.ts';
import {
  createDescriptor, type Descriptor, descriptorDpl, descriptorType, fetchOrRaise, gateOffset16, gateOffset32, gateOffset64, gateSelector,
  hasReservedCodeSize, is64BitCode, isCode, isConforming, isNullSelector, isPresent, isSystem, markAccessed,
  readDescriptorAt, selectorError, TYPE_INTERRUPT_GATE16, TYPE_INTERRUPT_GATE32, TYPE_TASK_GATE, TYPE_TRAP_GATE16,
  VECTOR_GP, VECTOR_NP, wrapSystem,
} from './descriptor.ts';
import { openInnerStack, openLongStack } from './inner-stack.ts';
import { createEntry, type Entry, remember, storeKnownFrame } from './known-entry.ts';
import { checkRoom, commitPointer, commitStack, createStack, openStack, push, pushNumber, type Stack } from './stack.ts';
import { isAvailableTask, SWITCH_DONE, SWITCH_FAULTED_IN_NEW_TASK, type SwitchStatus, switchTask } from './task-switch.ts';

/** An event on its way to its handler; one object is reused for all of them. */
export interface Delivery {
  vector: number;
  /** -1: none is pushed. */
  errorCode: number;
  /** INT n, INT3, INTO: the gate's DPL is checked. */
  isSoftware: boolean;
  /** Bit 0 of error codes: the event did not come from the program itself. */
  ext: 0 | 1;
  /** Offset in CS to return to, and the EFLAGS image to push. */
  rip: number;
  flags: number;
}

/** Delivered; a fault has been raised and nothing changed; or a fault has been raised in a new task. */
export const DELIVERED = 0;
export const DELIVERY_FAULTED = 1;
export const DELIVERY_FAULTED_IN_NEW_TASK = 2;
export type DeliveryStatus = SwitchStatus;

/** Of real mode and of a new task. */
const stack = createStack();
const task = createDescriptor();

/** By vector and, as one is mostly entered from both, by whether the program interrupted was the user's. */
const entries: (Entry | undefined)[] = new Array(512).fill(undefined);

const { es, cs, ss, ds, fs, gs } = SEGMENT_INDEX;

/** Error code of a fault that concerns the IDT entry itself. */
const idtError = (delivery: Delivery): number => delivery.vector * 8 + 2 + delivery.ext;

/** Through an interrupt vector table, flags left to the caller: real mode, and virtual-8086 mode with VME. */
export function enterRealHandler(cpu: CpuContext, delivery: Delivery, table: number): DeliveryStatus {
  const offset = cpu.readLinear((table + delivery.vector * 4) >>> 0, 2, false);
  if (offset < 0) return DELIVERY_FAULTED;
  const selector = cpu.readLinear((table + delivery.vector * 4 + 2) >>> 0, 2, false);
  if (selector < 0) return DELIVERY_FAULTED;
  openStack(cpu, stack, 0);
  if (!checkRoom(cpu, stack, 2, 3)) return DELIVERY_FAULTED;
  if (!push(cpu, stack, 2, delivery.flags & 0xffff)) return DELIVERY_FAULTED;
  if (!push(cpu, stack, 2, cpu.get32(F.segmentSelector, cs))) return DELIVERY_FAULTED;
  if (!push(cpu, stack, 2, delivery.rip & 0xffff)) return DELIVERY_FAULTED;
  commitPointer(cpu, stack);
  if (isVirtual8086(cpu)) setVirtualSegment(cpu, cs, selector);
  else setRealSegment(cpu, cs, selector);
  setRip(cpu, offset);
  return DELIVERED;
}

function enterRealMode(cpu: CpuContext, delivery: Delivery): DeliveryStatus {
  if (delivery.vector * 4 + 3 > cpu.get32(F.idtrLimit)) return cpu.raise(VECTOR_GP, idtError(delivery));
  const status = enterRealHandler(cpu, delivery, cpu.low(F.idtrBase));
  if (status !== DELIVERED) return status;
  cpu.writeFlags(cpu.readFlags() & ~(EFLAGS_IF | EFLAGS_TF | EFLAGS_AC | EFLAGS_RF));
  cpu.updateMode();
  return DELIVERED;
}

/** Reads and checks the gate; false after a fault. */
function fetchGate(cpu: CpuContext, gate: Descriptor, delivery: Delivery): boolean {
  const isLong = isLongMode(cpu);
  const size = isLong ? 16 : 8;
  const error = idtError(delivery);
  if (delivery.vector * size + size - 1 > cpu.get32(F.idtrLimit)) {
    cpu.raise(VECTOR_GP, error);
    return false;
  }
  gate.address = wrapSystem(cpu, fromHalves(cpu.low(F.idtrBase), cpu.high(F.idtrBase)) + delivery.vector * size);
  if (!readDescriptorAt(cpu, gate)) return false;
  if (isLong) {
    gate.upper = cpu.readLinear(gate.address + 8, 4, false);
    if (gate.upper < 0) return false;
  }
  const type = descriptorType(gate);
  const isInterruptOrTrap = (type & 6) === TYPE_INTERRUPT_GATE16 && (!isLong || type >= TYPE_INTERRUPT_GATE32);
  const isGate = isSystem(gate) && (isInterruptOrTrap || (type === TYPE_TASK_GATE && !isLong));
  if (!isGate || (delivery.isSoftware && descriptorDpl(gate) < currentPrivilege(cpu))) {
    cpu.raise(VECTOR_GP, error);
    return false;
  }
  if (isPresent(gate)) return true;
  cpu.raise(VECTOR_NP, error);
  return false;
}

function enterTask(cpu: CpuContext, gate: Descriptor, delivery: Delivery): DeliveryStatus {
  const selector = gateSelector(gate);
  const { ext } = delivery;
  const error = selectorError(selector, ext);
  if (selector & 4 || isNullSelector(selector)) return cpu.raise(VECTOR_GP, error);
  if (!fetchOrRaise(cpu, selector, task, VECTOR_GP, ext)) return DELIVERY_FAULTED;
  if (!isAvailableTask(task)) return cpu.raise(VECTOR_GP, error);
  if (!isPresent(task)) return cpu.raise(VECTOR_NP, error);
  const width = descriptorType(task) >= 8 ? 4 : 2;
  const status = switchTask(cpu, selector, task, 'interrupt', delivery.rip, ext);
  if (status !== SWITCH_DONE || delivery.errorCode < 0) return status;
  openStack(cpu, stack, ext);
  if (!push(cpu, stack, width, delivery.errorCode)) return SWITCH_FAULTED_IN_NEW_TASK;
  commitPointer(cpu, stack);
  return DELIVERED;
}

/** Fetches the handler's code segment; the new CPL, or -1 after a fault. */
function fetchHandlerCode(cpu: CpuContext, selector: number, code: Descriptor, ext: number): number {
  if (isNullSelector(selector)) {
    cpu.raise(VECTOR_GP, ext);
    return -1;
  }
  if (!fetchOrRaise(cpu, selector, code, VECTOR_GP, ext)) return -1;
  const cpl = currentPrivilege(cpu);
  const dpl = descriptorDpl(code);
  const isUsable =
    isCode(code) && dpl <= cpl && (!isLongMode(cpu) || (is64BitCode(code) && !hasReservedCodeSize(code)));
  // From virtual-8086 mode only a handler at CPL 0 can be entered.
  const isReachable = !isVirtual8086(cpu) || (!isConforming(code) && dpl === 0);
  if (!isUsable) {
    cpu.raise(VECTOR_GP, selectorError(selector, ext));
    return -1;
  }
  if (!isPresent(code)) {
    cpu.raise(VECTOR_NP, selectorError(selector, ext));
    return -1;
  }
  if (!isReachable) {
    cpu.raise(VECTOR_GP, selectorError(selector, ext));
    return -1;
  }
  return isConforming(code) ? cpl : dpl;
}

/** Opens the handler's stack: the present one, an inner one of the TSS, or an IST entry. */
function openHandlerStack(cpu: CpuContext, entry: Entry, ext: number): boolean {
  const { gate, stack: handlerStack, newCpl } = entry;
  const isInner = newCpl !== currentPrivilege(cpu);
  entry.switches = isInner;
  if (!isLongMode(cpu)) {
    if (isInner) return openInnerStack(cpu, newCpl, ext, handlerStack);
    openStack(cpu, handlerStack, ext);
    return true;
  }
  const ist = gate.high & 7;
  if (ist !== 0 || isInner) {
    entry.switches = true;
    if (!openLongStack(cpu, newCpl, ist, ext, handlerStack)) return false;
  } else {
    openStack(cpu, handlerStack, ext);
    handlerStack.bits = 64;
    handlerStack.base = 0;
    handlerStack.pointer = fromHalves(cpu.low(F.gpr, GPR_INDEX.rsp), cpu.high(F.gpr, GPR_INDEX.rsp));
  }
  handlerStack.pointer -= (handlerStack.pointer >>> 0) & 15;
  return true;
}

/** SS:RSP and below them, for a stack that is switched (and always in long mode). */
function pushOldStack(cpu: CpuContext, to: Stack, bytes: 2 | 4 | 8): boolean {
  if (isVirtual8086(cpu)) {
    for (const index of [gs, fs, ds, es]) {
      if (!push(cpu, to, bytes, cpu.get32(F.segmentSelector, index))) return false;
    }
  }
  return (
    push(cpu, to, bytes, cpu.get32(F.segmentSelector, ss)) &&
    push(cpu, to, bytes, cpu.low(F.gpr, GPR_INDEX.rsp), cpu.high(F.gpr, GPR_INDEX.rsp))
  );
}

function pushReturn(cpu: CpuContext, to: Stack, delivery: Delivery, bytes: 2 | 4 | 8): boolean {
  return (
    push(cpu, to, bytes, delivery.flags) &&
    push(cpu, to, bytes, cpu.get32(F.segmentSelector, cs)) &&
    pushNumber(cpu, to, bytes, delivery.rip) &&
    (delivery.errorCode < 0 || push(cpu, to, bytes, delivery.errorCode))
  );
}

function enterGate(cpu: CpuContext, entry: Entry, delivery: Delivery): DeliveryStatus {
  const { gate, code, stack: handlerStack } = entry;
  const { ext } = delivery;
  const isLong = isLongMode(cpu);
  const is16 = descriptorType(gate) <= TYPE_TRAP_GATE16;
  entry.newCpl = fetchHandlerCode(cpu, gateSelector(gate), code, ext);
  if (entry.newCpl < 0) return DELIVERY_FAULTED;
  const pushesStack = isLong || entry.newCpl !== currentPrivilege(cpu);
  entry.target = isLong ? gateOffset64(gate) : is16 ? gateOffset16(gate) : gateOffset32(gate);
  if (!openHandlerStack(cpu, entry, ext)) return DELIVERY_FAULTED;
  const bytes = isLong ? 8 : is16 ? 2 : 4;
  const count = (pushesStack ? 5 : 3) + (isVirtual8086(cpu) ? 4 : 0) + (delivery.errorCode < 0 ? 0 : 1);
  if (!checkRoom(cpu, handlerStack, bytes, count)) return DELIVERY_FAULTED;
  if (!checkTarget(cpu, code, entry.target, ext)) return DELIVERY_FAULTED;
  if (pushesStack && !pushOldStack(cpu, handlerStack, bytes)) return DELIVERY_FAULTED;
  if (!pushReturn(cpu, handlerStack, delivery, bytes)) return DELIVERY_FAULTED;
  if (!markAccessed(cpu, code)) return DELIVERY_FAULTED;
  remember(cpu, entry, delivery.isSoftware);
  commitEntry(cpu, entry);
  return DELIVERED;
}

/** Nothing can fault any more. */
function commitEntry(cpu: CpuContext, entry: Entry): void {
  const rest = cpu.get32(F.flagRest);
  if (rest & EFLAGS_VM) for (const index of [es, ds, fs, gs]) setNullSegment(cpu, index, 0);
  const isInterruptGate = (descriptorType(entry.gate) & 1) === 0;
  cpu.set32(F.flagRest, rest & ~(EFLAGS_TF | EFLAGS_NT | EFLAGS_VM | EFLAGS_RF | (isInterruptGate ? EFLAGS_IF : 0)));
  if (entry.newCpl !== currentPrivilege(cpu)) commitStack(cpu, entry.stack);
  else commitPointer(cpu, entry.stack);
  loadCode(cpu, gateSelector(entry.gate), entry.code, entry.newCpl, entry.target);
  cpu.updateMode();
}

function entryOf(vector: number, cpl: number): Entry {
  const index = vector * 2 + (cpl === 3 ? 1 : 0);
  return (entries[index] ??= createEntry());
}

/** Enters the handler of an event, or raises the fault that prevents it. */
export function enterHandler(cpu: CpuContext, delivery: Delivery): DeliveryStatus {
  const entry = entryOf(delivery.vector, currentPrivilege(cpu));
  if (storeKnownFrame(cpu, entry, delivery)) {
    commitEntry(cpu, entry);
    return DELIVERED;
  }
  if (!isProtected(cpu)) return enterRealMode(cpu, delivery);
  entry.mode = -1;
  if (!fetchGate(cpu, entry.gate, delivery)) return DELIVERY_FAULTED;
  return descriptorType(entry.gate) === TYPE_TASK_GATE ? enterTask(cpu, entry.gate, delivery) : enterGate(cpu, entry, delivery);
}
