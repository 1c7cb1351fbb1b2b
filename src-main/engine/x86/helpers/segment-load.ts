// Loading segment registers: data and stack segments, the LDT register, the task register.
// Reference: Intel SDM vol. 2B MOV (protected-mode checks), POP; vol. 2A LDS, LLDT, LTR; vol. 3A 5.5-5.7.

import { CPU_FIELDS as F, SEGMENT_INDEX, SHADOW_OF_STACK } from '../state/cpu-state.ts';
import { currentPrivilege, isLong64, isLongMode, isProtected, isVirtual8086 } from '../state/modes.ts';
import { isSegmentSet, setNullSegment, setRealSegment, setSegment, setVirtualSegment } from '../state/segments.ts';
import { isCanonical } from '../state/address.ts';
import type { CpuContext } from './cpu-context.ts';
import {
  createDescriptor, type Descriptor, descriptorAccess, descriptorBase, descriptorDpl, descriptorLimit, descriptorType,
  fetchOrRaise, fetchUpperOrRaise, isCode, isConforming, isNullSelector, isPresent, isReadable, isSystem,
  isWritableData, markAccessed, selectorError, setBusy, systemBase, TYPE_LDT, TYPE_TSS16, TYPE_TSS32, VECTOR_GP,
  VECTOR_NP, VECTOR_SS, VECTOR_UD,
} from './descriptor.ts';

const descriptor = createDescriptor();

/** Fills a segment register from a checked descriptor of a code or data segment. */
export function loadFromDescriptor(cpu: CpuContext, index: number, selector: number, d: Descriptor): void {
  setSegment(cpu, index, selector, descriptorAccess(d), descriptorBase(d), descriptorLimit(d));
}

/** Loaded; a fault was raised; or the register holds the very same already, as it mostly does when kernels are entered. */
const LOADED = 0;
const FAULTED = 1;
const UNCHANGED = 2;

function loadIfOther(
  cpu: CpuContext, index: number, selector: number, access: number, base: number, limit: number,
): number {
  if (isSegmentSet(cpu, index, selector, access, base, limit)) return UNCHANGED;
  setSegment(cpu, index, selector, access, base, limit);
  return LOADED;
}

const loadDescriptorIfOther = (cpu: CpuContext, index: number, selector: number, d: Descriptor): number =>
  loadIfOther(cpu, index, selector, descriptorAccess(d), descriptorBase(d), descriptorLimit(d));

function loadStackSegment(cpu: CpuContext, selector: number): number {
  const { ss } = SEGMENT_INDEX;
  const cpl = currentPrivilege(cpu);
  const rpl = selector & 3;
  if (isNullSelector(selector)) {
    if (!isLong64(cpu) || cpl === 3 || rpl !== cpl) return cpu.raise(VECTOR_GP, 0);
    setNullSegment(cpu, ss, selector);
    return LOADED;
  }
  const error = selectorError(selector, 0);
  if (!fetchOrRaise(cpu, selector, descriptor, VECTOR_GP, 0)) return FAULTED;
  if (rpl !== cpl || !isWritableData(descriptor) || descriptorDpl(descriptor) !== cpl) {
    return cpu.raise(VECTOR_GP, error);
  }
  if (!isPresent(descriptor)) return cpu.raise(VECTOR_SS, error);
  if (!markAccessed(cpu, descriptor)) return FAULTED;
  return loadDescriptorIfOther(cpu, ss, selector, descriptor);
}

function loadDataSegment(cpu: CpuContext, index: number, selector: number): number {
  if (isNullSelector(selector)) return loadIfOther(cpu, index, selector, 0, 0, 0);
  const d = descriptor;
  const error = selectorError(selector, 0);
  if (!fetchOrRaise(cpu, selector, d, VECTOR_GP, 0)) return FAULTED;
  if (!isReadable(d)) return cpu.raise(VECTOR_GP, error);
  const dpl = descriptorDpl(d);
  const isOpen = isCode(d) && isConforming(d);
  if (!isOpen && ((selector & 3) > dpl || currentPrivilege(cpu) > dpl)) return cpu.raise(VECTOR_GP, error);
  if (!isPresent(d)) return cpu.raise(VECTOR_NP, error);
  if (!markAccessed(cpu, d)) return FAULTED;
  return loadDescriptorIfOther(cpu, index, selector, d);
}

export function loadSegment(cpu: CpuContext, index: number, selector: number): number {
  const value = selector & 0xffff;
  if (!isProtected(cpu)) {
    setRealSegment(cpu, index, value);
  } else if (isVirtual8086(cpu)) {
    setVirtualSegment(cpu, index, value);
  } else {
    const status = index === SEGMENT_INDEX.ss ? loadStackSegment(cpu, value) : loadDataSegment(cpu, index, value);
    if (status !== LOADED) return status === FAULTED ? 1 : 0;
  }
  // The mode has nothing of FS and GS in it.
  if (index < SEGMENT_INDEX.fs) cpu.updateMode();
  return 0;
}

export function moveSegment(cpu: CpuContext, index: number, selector: number): number {
  if (index === SEGMENT_INDEX.cs || index > SEGMENT_INDEX.gs) return cpu.raise(VECTOR_UD);
  if (loadSegment(cpu, index, selector) !== 0) return 1;
  if (index === SEGMENT_INDEX.ss) cpu.set32(F.interruptShadow, SHADOW_OF_STACK);
  return 0;
}

/** Fetches the descriptor for LLDT or LTR, which must be in the GDT and of a wanted type. */
function fetchSystem(cpu: CpuContext, selector: number, isWanted: (type: number) => boolean): boolean {
  if (selector & 4) {
    cpu.raise(VECTOR_GP, selectorError(selector, 0));
    return false;
  }
  if (!fetchOrRaise(cpu, selector, descriptor, VECTOR_GP, 0)) return false;
  if (!isSystem(descriptor) || !isWanted(descriptorType(descriptor))) {
    cpu.raise(VECTOR_GP, selectorError(selector, 0));
    return false;
  }
  if (!isPresent(descriptor)) {
    cpu.raise(VECTOR_NP, selectorError(selector, 0));
    return false;
  }
  if (!isLongMode(cpu)) return true;
  if (!fetchUpperOrRaise(cpu, selector, descriptor, VECTOR_GP, 0)) return false;
  if (isCanonical(systemBase(cpu, descriptor))) return true;
  cpu.raise(VECTOR_GP, selectorError(selector, 0));
  return false;
}

const loadSystem = (cpu: CpuContext, index: number, selector: number): void =>
  setSegment(
    cpu, index, selector, descriptorAccess(descriptor), systemBase(cpu, descriptor), descriptorLimit(descriptor),
  );

const isLdtType = (type: number): boolean => type === TYPE_LDT;

export function loadLdt(cpu: CpuContext, selector: number): number {
  const value = selector & 0xffff;
  if (isNullSelector(value)) {
    setNullSegment(cpu, SEGMENT_INDEX.ldtr, value);
    return 0;
  }
  if (!fetchSystem(cpu, value, isLdtType)) return 1;
  loadSystem(cpu, SEGMENT_INDEX.ldtr, value);
  return 0;
}

const isAvailableTss = (type: number): boolean => type === TYPE_TSS32 || type === TYPE_TSS16;
const isAvailableLongTss = (type: number): boolean => type === TYPE_TSS32;

export function loadTaskRegister(cpu: CpuContext, selector: number): number {
  const value = selector & 0xffff;
  if (isNullSelector(value)) return cpu.raise(VECTOR_GP, 0);
  if (!fetchSystem(cpu, value, isLongMode(cpu) ? isAvailableLongTss : isAvailableTss)) return 1;
  if (!setBusy(cpu, descriptor, true)) return 1;
  loadSystem(cpu, SEGMENT_INDEX.tr, value);
  return 0;
}
