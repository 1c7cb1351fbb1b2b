// The hardware task switch, for all that cause one: JMP, CALL, interrupts through task gates, and IRET.
// Checks of the gate and of the TSS descriptor's privilege are the caller's.
// Reference: Intel SDM vol. 3A 7.2 (TSS), 7.3 (task switching, tables 7-1 and 7-2), 7.6 (16-bit TSS).

import {
  CR0_PG, CR0_TS, CR4_PAE, DR6_BT, DR7_LOCAL, EFLAGS_NT, EFLAGS_RF, EFLAGS_VM,
} from '../state/control-bits.ts';
import { CPU_FIELDS as F, SEGMENT_INDEX } from '../state/cpu-state.ts';
import { segmentBase, setNullSegment, setSegment, setVirtualSegment } from '../state/segments.ts';
import { checkTarget, loadCode } from './code-segment.ts';
import type { CpuContext } from './cpu-context.ts';
import {
  createDescriptor, type Descriptor, DESCRIPTOR_BUSY, descriptorAccess, descriptorBase, descriptorDpl, descriptorLimit,
  descriptorType, FETCH_FAULT, fetchDescriptor, fetchOrRaise, isCode, isConforming, isNullSelector, isPresent,
  isReadable, isSystem, isWritableData, markAccessed, selectorError, setBusy, TYPE_LDT, TYPE_TSS16, VECTOR_GP,
  VECTOR_NP, VECTOR_SS, VECTOR_TS,
} from './descriptor.ts';
import { loadPdptes } from './page-walk.ts';
import { loadFromDescriptor } from './segment-load.ts';

export type TaskSwitchSource = 'jump' | 'call' | 'interrupt' | 'iret';

/** What is not saved of the old task's flags. RF was for the instruction that switches. */
const LOST_FLAGS: Readonly<Record<TaskSwitchSource, number>> = {
  jump: EFLAGS_RF, call: EFLAGS_RF, interrupt: 0, iret: EFLAGS_NT | EFLAGS_RF,
};

/** Done; refused with the old task untouched; or failed in the new task, whose state is loaded. */
export const SWITCH_DONE = 0;
export const SWITCH_REFUSED = 1;
export const SWITCH_FAULTED_IN_NEW_TASK = 2;
export type SwitchStatus = 0 | 1 | 2;

interface TssLayout {
  readonly width: 2 | 4;
  readonly minimumLimit: number;
  /** -1: the 16-bit TSS has none. */
  readonly cr3: number;
  readonly ip: number;
  readonly flags: number;
  readonly registers: number;
  readonly segments: number;
  readonly segmentCount: number;
  readonly ldt: number;
  /** Bytes from `ip` to the last segment field. */
  readonly saved: number;
  readonly trap: number;
}

const TSS32: TssLayout = {
  width: 4, minimumLimit: 0x67, cr3: 0x1c, ip: 0x20, flags: 0x24, registers: 0x28, segments: 0x48, segmentCount: 6,
  ldt: 0x60, saved: 0x40, trap: 0x64,
};
const TSS16: TssLayout = {
  width: 2, minimumLimit: 0x2b, cr3: -1, ip: 0x0e, flags: 0x10, registers: 0x12, segments: 0x22, segmentCount: 4,
  ldt: 0x2a, saved: 0x1c, trap: -1,
};

const { es, cs, ss, ds, fs, gs, ldtr, tr } = SEGMENT_INDEX;
const DATA_SEGMENTS = [ds, es, fs, gs] as const;

/** State read from the new TSS before anything is changed. */
const fresh = {
  cr3: 0, ip: 0, flags: 0, ldt: 0, trap: 0, registers: new Uint32Array(8), segments: new Uint16Array(6),
};
const oldDescriptor = createDescriptor();
const descriptor = createDescriptor();

/** Reads the whole new state; false after #PF. */
function readTask(cpu: CpuContext, base: number, layout: TssLayout): boolean {
  const read = (offset: number, bytes: 2 | 4): number => cpu.readLinear((base + offset) >>> 0, bytes, false);
  const { width } = layout;
  if ((fresh.ip = read(layout.ip, width)) < 0) return false;
  if ((fresh.flags = read(layout.flags, width)) < 0) return false;
  for (let i = 0; i < 8; i++) {
    const value = read(layout.registers + i * width, width);
    if (value < 0) return false;
    fresh.registers[i] = value;
  }
  fresh.segments.fill(0);
  for (let i = 0; i < layout.segmentCount; i++) {
    const value = read(layout.segments + i * width, 2);
    if (value < 0) return false;
    fresh.segments[i] = value;
  }
  if ((fresh.ldt = read(layout.ldt, 2)) < 0) return false;
  fresh.cr3 = layout.cr3 < 0 ? 0 : read(layout.cr3, 4);
  fresh.trap = layout.trap < 0 ? 0 : read(layout.trap, 2);
  return fresh.cr3 >= 0 && fresh.trap >= 0;
}

/** Writes the old task's dynamic fields; the pages have been probed. */
function saveTask(cpu: CpuContext, base: number, layout: TssLayout, ip: number, flags: number): void {
  const write = (offset: number, bytes: 2 | 4, value: number): void => {
    cpu.writeLinear((base + offset) >>> 0, bytes, value, false);
  };
  const { width } = layout;
  write(layout.ip, width, ip);
  write(layout.flags, width, flags);
  for (let i = 0; i < 8; i++) write(layout.registers + i * width, width, cpu.low(F.gpr, i));
  for (let i = 0; i < layout.segmentCount; i++) {
    write(layout.segments + i * width, 2, cpu.get32(F.segmentSelector, i));
  }
}

function fault(cpu: CpuContext, vector: number, selector: number, ext: number): false {
  cpu.raise(vector, selectorError(selector, ext));
  return false;
}

function loadTaskLdt(cpu: CpuContext, selector: number, ext: number): boolean {
  setNullSegment(cpu, ldtr, selector);
  if (isNullSelector(selector)) return true;
  if (selector & 4) return fault(cpu, VECTOR_TS, selector, ext);
  if (!fetchOrRaise(cpu, selector, descriptor, VECTOR_TS, ext)) return false;
  if (!isSystem(descriptor) || descriptorType(descriptor) !== TYPE_LDT || !isPresent(descriptor)) {
    return fault(cpu, VECTOR_TS, selector, ext);
  }
  loadFromDescriptor(cpu, ldtr, selector, descriptor);
  return true;
}

function loadTaskCode(cpu: CpuContext, selector: number, ext: number): boolean {
  const rpl = selector & 3;
  if (isNullSelector(selector)) return fault(cpu, VECTOR_TS, selector, ext);
  if (!fetchOrRaise(cpu, selector, descriptor, VECTOR_TS, ext)) return false;
  const dpl = descriptorDpl(descriptor);
  if (!isCode(descriptor) || (isConforming(descriptor) ? dpl > rpl : dpl !== rpl)) {
    return fault(cpu, VECTOR_TS, selector, ext);
  }
  if (!isPresent(descriptor)) return fault(cpu, VECTOR_NP, selector, ext);
  if (!markAccessed(cpu, descriptor)) return false;
  loadCode(cpu, selector, descriptor, rpl, fresh.ip);
  return true;
}

function loadTaskStack(cpu: CpuContext, selector: number, ext: number): boolean {
  const cpl = cpu.get32(F.cpl);
  if (isNullSelector(selector)) return fault(cpu, VECTOR_TS, selector, ext);
  if (!fetchOrRaise(cpu, selector, descriptor, VECTOR_TS, ext)) return false;
  if ((selector & 3) !== cpl || descriptorDpl(descriptor) !== cpl || !isWritableData(descriptor)) {
    return fault(cpu, VECTOR_TS, selector, ext);
  }
  if (!isPresent(descriptor)) return fault(cpu, VECTOR_SS, selector, ext);
  if (!markAccessed(cpu, descriptor)) return false;
  loadFromDescriptor(cpu, ss, selector, descriptor);
  return true;
}

function loadTaskData(cpu: CpuContext, index: number, selector: number, ext: number): boolean {
  if (isNullSelector(selector)) return true;
  if (!fetchOrRaise(cpu, selector, descriptor, VECTOR_TS, ext)) return false;
  const dpl = descriptorDpl(descriptor);
  const isOpen = isCode(descriptor) && isConforming(descriptor);
  if (!isReadable(descriptor) || (!isOpen && (cpu.get32(F.cpl) > dpl || (selector & 3) > dpl))) {
    return fault(cpu, VECTOR_TS, selector, ext);
  }
  if (!isPresent(descriptor)) return fault(cpu, VECTOR_NP, selector, ext);
  if (!markAccessed(cpu, descriptor)) return false;
  loadFromDescriptor(cpu, index, selector, descriptor);
  return true;
}

/** Descriptors of the new task, checked in its own context. */
function loadTaskSegments(cpu: CpuContext, ext: number): boolean {
  const selectors = fresh.segments;
  for (let index = es; index <= gs; index++) setNullSegment(cpu, index, selectors[index] ?? 0);
  const codeSelector = selectors[cs] ?? 0;
  const isVirtual = (fresh.flags & EFLAGS_VM) !== 0;
  cpu.set32(F.cpl, isVirtual ? 3 : codeSelector & 3);
  if (!loadTaskLdt(cpu, fresh.ldt, ext)) return false;
  if (isVirtual) {
    for (let index = es; index <= gs; index++) setVirtualSegment(cpu, index, selectors[index] ?? 0);
    if (fresh.ip <= 0xffff) return true;
    cpu.raise(VECTOR_GP, ext);
    return false;
  }
  if (!loadTaskCode(cpu, codeSelector, ext)) return false;
  const limitDescriptorLow = descriptor.low;
  const limitDescriptorHigh = descriptor.high;
  if (!loadTaskStack(cpu, selectors[ss] ?? 0, ext)) return false;
  for (const index of DATA_SEGMENTS) if (!loadTaskData(cpu, index, selectors[index] ?? 0, ext)) return false;
  descriptor.low = limitDescriptorLow;
  descriptor.high = limitDescriptorHigh;
  return checkTarget(cpu, descriptor, fresh.ip, ext);
}

function loadTaskRegisters(cpu: CpuContext, layout: TssLayout, flags: number): boolean {
  cpu.setHalves(F.cr0, (cpu.low(F.cr0) | CR0_TS) >>> 0, 0);
  cpu.setHalves(F.rip, fresh.ip, 0);
  cpu.writeFlags(flags);
  for (let i = 0; i < 8; i++) {
    const value = fresh.registers[i] ?? 0;
    // The 16-bit TSS leaves the upper halves alone.
    cpu.setHalves(F.gpr, layout.width === 4 ? value : ((cpu.low(F.gpr, i) & 0xffff0000) | value) >>> 0, 0, i);
  }
  cpu.setHalves(F.dr, (cpu.low(F.dr, 7) & ~DR7_LOCAL) >>> 0, 0, 7);
  if (layout.cr3 < 0 || (cpu.low(F.cr0) & CR0_PG) === 0 || fresh.cr3 === cpu.low(F.cr3)) return true;
  if (cpu.low(F.cr4) & CR4_PAE && !loadPdptes(cpu, fresh.cr3)) return false;
  cpu.setHalves(F.cr3, fresh.cr3, 0);
  cpu.flushTlb('non-global');
  return true;
}

/** Everything that may refuse the switch while the old task can still go on. */
function prepare(cpu: CpuContext, selector: number, d: Descriptor, source: TaskSwitchSource, ext: number): boolean {
  const layout = descriptorType(d) >= 8 ? TSS32 : TSS16;
  const oldLayout = cpu.get32(F.segmentAccess, tr) & 8 ? TSS32 : TSS16;
  if (descriptorLimit(d) < layout.minimumLimit) return fault(cpu, VECTOR_TS, selector, ext);
  const oldSelector = cpu.get32(F.segmentSelector, tr);
  if (cpu.get32(F.segmentLimit, tr) < oldLayout.ip + oldLayout.saved - 1) {
    return fault(cpu, VECTOR_TS, oldSelector, ext);
  }
  const base = descriptorBase(d);
  if (!readTask(cpu, base, layout)) return false;
  if (!cpu.probeWrite((segmentBase(cpu, tr) + oldLayout.ip) >>> 0, oldLayout.saved, false)) return false;
  if ((source === 'call' || source === 'interrupt') && !cpu.probeWrite(base, 2, false)) return false;
  if (source === 'jump' || source === 'iret') {
    if (fetchDescriptor(cpu, oldSelector, oldDescriptor) === FETCH_FAULT) return false;
    if (!setBusy(cpu, oldDescriptor, false)) return false;
  }
  return source === 'iret' || setBusy(cpu, d, true);
}

/**
 * Switches to the task whose TSS descriptor `d` was fetched for `selector`; `rip` is saved for the old one. A
 * status other than SWITCH_DONE comes with a fault raised.
 */
export function switchTask(
  cpu: CpuContext,
  selector: number,
  d: Descriptor,
  source: TaskSwitchSource,
  rip: number,
  ext: number,
): SwitchStatus {
  if (!prepare(cpu, selector, d, source, ext)) return SWITCH_REFUSED;
  const layout = descriptorType(d) >= 8 ? TSS32 : TSS16;
  const oldLayout = cpu.get32(F.segmentAccess, tr) & 8 ? TSS32 : TSS16;
  saveTask(cpu, segmentBase(cpu, tr), oldLayout, rip, cpu.readFlags() & ~LOST_FLAGS[source]);
  const isNested = source === 'call' || source === 'interrupt';
  if (isNested) {
    cpu.writeLinear(descriptorBase(d), 2, cpu.get32(F.segmentSelector, tr), false);
    fresh.flags |= EFLAGS_NT;
  }
  setSegment(cpu, tr, selector, descriptorAccess(d) | (DESCRIPTOR_BUSY >>> 8), descriptorBase(d), descriptorLimit(d));
  const pdptesLoaded = loadTaskRegisters(cpu, layout, fresh.flags);
  const segmentsLoaded = pdptesLoaded && loadTaskSegments(cpu, ext);
  if (!pdptesLoaded) cpu.raise(VECTOR_GP, ext);
  if (fresh.trap & 1) cpu.set32(F.pendingDebug, cpu.get32(F.pendingDebug) | DR6_BT);
  cpu.updateMode();
  return segmentsLoaded ? SWITCH_DONE : SWITCH_FAULTED_IN_NEW_TASK;
}

/** Whether a fetched descriptor is that of a TSS no task is running on or nested in. */
export const isAvailableTask = (d: Descriptor): boolean =>
  isSystem(d) && (descriptorType(d) & ~8) === TYPE_TSS16;
