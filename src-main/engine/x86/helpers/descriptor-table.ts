// LGDT and LIDT, and the questions about selectors: LAR, LSL, VERR, VERW.
// Reference: Intel SDM vol. 2A LGDT/LIDT, LAR, LSL; vol. 2B VERR/VERW.

import { CPU_FIELDS as F } from '../state/cpu-state.ts';
import { fromHalves, isCanonical } from '../state/address.ts';
import { currentPrivilege, isLong64, isLongMode } from '../state/modes.ts';
import type { CpuContext } from './cpu-context.ts';
import {
  createDescriptor, descriptorDpl, descriptorLimit, descriptorType, FETCH_FAULT, FETCH_OK, fetchDescriptor, fetchUpper,
  isCode, isConforming, isNullSelector, isReadable, isSystem, isWritableData, VECTOR_GP,
} from './descriptor.ts';

const descriptor = createDescriptor();

/** Position of the base among the arguments of LGDT and LIDT. */
const BASE_ARGUMENT = 1;

function loadTable(cpu: CpuContext, table: 'gdtr' | 'idtr', limit: number): number {
  const low = cpu.low(F.scratch, BASE_ARGUMENT);
  const high = isLong64(cpu) ? cpu.high(F.scratch, BASE_ARGUMENT) : 0;
  if (!isCanonical(fromHalves(low, high))) return cpu.raise(VECTOR_GP, 0);
  cpu.setHalves(`${table}Base`, low, high);
  cpu.set32(`${table}Limit`, limit & 0xffff);
  return 0;
}

export const loadGdt = (cpu: CpuContext, limit: number): number => loadTable(cpu, 'gdtr', limit);
export const loadIdt = (cpu: CpuContext, limit: number): number => loadTable(cpu, 'idtr', limit);

/** System descriptor types that LAR and LSL accept, as bit sets; long mode has fewer. */
const LAR_TYPES = 0b0001_1010_0011_1110;
const LAR_TYPES_LONG = 0b0001_1010_0000_0100;
const LSL_TYPES = 0b0000_1010_0000_1110;
const LSL_TYPES_LONG = 0b0000_1010_0000_0100;

const VISIBLE = 0;
const FAULTED = 1;
const HIDDEN = 2;

/** Fetches a descriptor for a question: whether it exists and this privilege may see it. */
function inspect(cpu: CpuContext, selector: number, systemTypes: number): 0 | 1 | 2 {
  if (isNullSelector(selector)) return HIDDEN;
  const status = fetchDescriptor(cpu, selector, descriptor);
  if (status !== FETCH_OK) return status === FETCH_FAULT ? FAULTED : HIDDEN;
  if (isSystem(descriptor)) {
    if (((systemTypes >>> descriptorType(descriptor)) & 1) === 0) return HIDDEN;
    if (isLongMode(cpu)) {
      const upper = fetchUpper(cpu, selector, descriptor);
      if (upper !== FETCH_OK) return upper === FETCH_FAULT ? FAULTED : HIDDEN;
    }
  }
  if (isCode(descriptor) && isConforming(descriptor)) return VISIBLE;
  const dpl = descriptorDpl(descriptor);
  return currentPrivilege(cpu) > dpl || (selector & 3) > dpl ? HIDDEN : VISIBLE;
}

export function loadAccessRights(cpu: CpuContext, selector: number): number {
  const status = inspect(cpu, selector & 0xffff, isLongMode(cpu) ? LAR_TYPES_LONG : LAR_TYPES);
  if (status === FAULTED) return 1;
  cpu.setHalves(F.scratch, status === VISIBLE ? (descriptor.high & 0x00f0ff00) >>> 0 : 0, status === VISIBLE ? 1 : 0, 0);
  return 0;
}

export function loadSegmentLimit(cpu: CpuContext, selector: number): number {
  const status = inspect(cpu, selector & 0xffff, isLongMode(cpu) ? LSL_TYPES_LONG : LSL_TYPES);
  if (status === FAULTED) return 1;
  cpu.setHalves(F.scratch, status === VISIBLE ? descriptorLimit(descriptor) : 0, status === VISIBLE ? 1 : 0, 0);
  return 0;
}

export function verifyRead(cpu: CpuContext, selector: number): number {
  const status = inspect(cpu, selector & 0xffff, 0);
  if (status === FAULTED) return 1;
  cpu.setHalves(F.scratch, status === VISIBLE && isReadable(descriptor) ? 1 : 0, 0, 0);
  return 0;
}

export function verifyWrite(cpu: CpuContext, selector: number): number {
  const status = inspect(cpu, selector & 0xffff, 0);
  if (status === FAULTED) return 1;
  cpu.setHalves(F.scratch, status === VISIBLE && isWritableData(descriptor) ? 1 : 0, 0, 0);
  return 0;
}
