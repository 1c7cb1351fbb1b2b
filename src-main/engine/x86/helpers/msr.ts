// RDMSR and WRMSR: which model-specific registers exist, and what may be written to them.
// Reference: Intel SDM vol. 4 tables 2-2 (architectural) and 2-26 (P6 family); vol. 3A 11.11 (MTRRs), 11.12 (PAT).

import { fromHalves, isCanonical } from '../state/address.ts';
import {
  CR0_PG, EFER_LMA, EFER_LME, EFER_NXE, EFER_SCE,
} from '../state/control-bits.ts';
import { CPU_FIELDS as F, type CpuFieldName, GPR_INDEX, SEGMENT_INDEX } from '../state/cpu-state.ts';
import type { CpuFeature } from '../models/cpu-model.ts';
import { reservedAddressHigh } from './control-register.ts';
import type { CpuContext } from './cpu-context.ts';
import { VECTOR_GP } from './descriptor.ts';
import { storeTimestamp, writeTimestamp } from './timestamp.ts';

export const MSR_TSC = 0x10;
export const MSR_APIC_BASE = 0x1b;
export const MSR_SYSENTER_CS = 0x174;
export const MSR_PAT = 0x277;
export const MSR_MTRR_DEF_TYPE = 0x2ff;
export const MSR_EFER = 0xc0000080;
export const MSR_STAR = 0xc0000081;
export const MSR_LSTAR = 0xc0000082;
export const MSR_FS_BASE = 0xc0000100;
export const MSR_GS_BASE = 0xc0000101;
export const MSR_KERNEL_GS_BASE = 0xc0000102;
export const MSR_TSC_AUX = 0xc0000103;

const VARIABLE_RANGES = F.mtrrVariable.count / 2;
const FIXED_RANGES = F.mtrrFixed.count;

/** What a WRMSR may hold: `true` accepts. Values are unsigned halves. */
type WriteCheck = (cpu: CpuContext, low: number, high: number) => boolean;

interface MsrRow {
  /** The field that stores it, or a constant (low, high) that writes leave alone. */
  readonly field?: CpuFieldName;
  readonly index?: number;
  readonly constant?: readonly [number, number];
  readonly feature?: CpuFeature;
  /** Absent: any value for a field, nothing for a constant. */
  readonly check?: WriteCheck;
  /** Takes the place of the plain read into EDX:EAX or of the plain store. */
  readonly read?: (cpu: CpuContext) => void;
  readonly write?: (cpu: CpuContext, low: number, high: number) => void;
}

const anything: WriteCheck = () => true;
const canonical: WriteCheck = (cpu, low, high) =>
  cpu.model.features.has('lm') ? isCanonical(fromHalves(low, high)) : true;
const low32: WriteCheck = (_cpu, _low, high) => high === 0;

/** UC WC WT WP WB, and UC- in the PAT only. */
const isMemoryType = (type: number): boolean => type === 0 || type === 1 || (type >= 4 && type <= 6);
const isPatType = (type: number): boolean => isMemoryType(type) || type === 7;

function everyByte(low: number, high: number, accepts: (byte: number) => boolean): boolean {
  for (let shift = 0; shift < 32; shift += 8) {
    if (!accepts((low >>> shift) & 0xff) || !accepts((high >>> shift) & 0xff)) return false;
  }
  return true;
}

const checkPat: WriteCheck = (_cpu, low, high) => everyByte(low, high, isPatType);
const checkFixedMtrr: WriteCheck = (_cpu, low, high) => everyByte(low, high, isMemoryType);
const checkMtrrBase: WriteCheck = (cpu, low, high) =>
  isMemoryType(low & 0xff) && (low & 0xf00) === 0 && (high & reservedAddressHigh(cpu)) === 0;
const checkMtrrMask: WriteCheck = (cpu, low, high) => (low & 0x7ff) === 0 && (high & reservedAddressHigh(cpu)) === 0;
const checkMtrrDefault: WriteCheck = (_cpu, low, high) =>
  isMemoryType(low & 0xff) && (low & ~0xcff) === 0 && high === 0;

const APIC_BASE_WRITABLE = 0xfffff900;
const checkApicBase: WriteCheck = (cpu, low, high) =>
  (low & ~APIC_BASE_WRITABLE) === 0 && (high & reservedAddressHigh(cpu)) === 0;

function eferMask(cpu: CpuContext): number {
  const { features } = cpu.model;
  return (features.has('syscall') ? EFER_SCE : 0) | (features.has('nx') ? EFER_NXE : 0) | (features.has('lm') ? EFER_LME : 0);
}

const checkEfer: WriteCheck = (cpu, low, high) => {
  // LMA is read-only and ignored, as software writes back what it read.
  if (high !== 0 || low & ~(eferMask(cpu) | EFER_LMA)) return false;
  const changesLme = ((low ^ cpu.low(F.efer)) & EFER_LME) !== 0;
  return !changesLme || (cpu.low(F.cr0) & CR0_PG) === 0;
};

function storeEfer(cpu: CpuContext, low: number): void {
  const efer = cpu.low(F.efer);
  const next = (low & ~EFER_LMA) | (efer & EFER_LMA);
  cpu.setHalves(F.efer, next, 0);
  if ((next ^ efer) & EFER_NXE) cpu.flushTlb('all');
}

function storeApicBase(cpu: CpuContext, low: number, high: number): void {
  cpu.setHalves(F.apicBase, low, high);
  cpu.environment.apicBaseWritten(low, high);
}

/** MCG_STATUS may only be cleared. */
const onlyZero: WriteCheck = (_cpu, low, high) => low === 0 && high === 0;

const { fs, gs } = SEGMENT_INDEX;

function createTable(): ReadonlyMap<number, MsrRow> {
  const table = new Map<number, MsrRow>([
    [MSR_TSC, { feature: 'tsc', read: storeTimestamp, write: writeTimestamp }],
    // IA32_TSC_ADJUST: what writes have added to the counter is what it differs from the clock.
    [0x3b, { field: 'tscOffset', feature: 'tsc-adjust' }],
    // IA32_PLATFORM_ID, EBL_CR_POWERON
    [0x17, { constant: [0, 0] }],
    [0x2a, { constant: [0, 0], check: anything }],
    [MSR_APIC_BASE, { field: 'apicBase', feature: 'apic', check: checkApicBase, write: storeApicBase }],
    // IA32_BIOS_UPDT_TRIG: no microcode is loaded. IA32_BIOS_SIGN_ID: revision 1.
    [0x79, { constant: [0, 0], check: anything }],
    [0x8b, { constant: [0, 1], check: anything }],
    // MTRRCAP: variable and fixed ranges, write-combining.
    [0xfe, { constant: [VARIABLE_RANGES | 0x500, 0], feature: 'mtrr' }],
    // BBL_CR_CTL3: level 2 cache present and enabled.
    [0x11e, { constant: [0x00800101, 0], check: anything }],
    [0x174, { field: 'sysenterCs', feature: 'sep' }],
    [0x175, { field: 'sysenterEsp', feature: 'sep', check: canonical }],
    [0x176, { field: 'sysenterEip', feature: 'sep', check: canonical }],
    // MCG_CAP: no banks; MCG_STATUS.
    [0x179, { constant: [0, 0], feature: 'mca' }],
    [0x17a, { field: 'mcgStatus', feature: 'mca', check: onlyZero }],
    // IA32_MISC_ENABLE
    [0x1a0, { field: 'miscEnable', feature: 'lm', check: low32 }],
    [0x1d9, { field: 'debugCtl', check: (_cpu, low, high) => (low & ~3) === 0 && high === 0 }],
    // Last branch and last exception records stay empty.
    [0x1db, { constant: [0, 0], check: anything }],
    [0x1dc, { constant: [0, 0], check: anything }],
    [0x1dd, { constant: [0, 0], check: anything }],
    [0x1de, { constant: [0, 0], check: anything }],
    [MSR_PAT, { field: 'pat', feature: 'pat', check: checkPat }],
    [MSR_MTRR_DEF_TYPE, { field: 'mtrrDefType', feature: 'mtrr', check: checkMtrrDefault }],
    // IA32_FEATURE_CONTROL: locked without VMX. PLATFORM_INFO: ratio of the 1 GHz TSC to 100 MHz.
    [0x3a, { constant: [1, 0], feature: 'lm' }],
    [0xce, { constant: [10 << 8, 0], feature: 'lm' }],
    [MSR_EFER, { field: 'efer', feature: 'nx', check: checkEfer, write: storeEfer }],
    [MSR_STAR, { field: 'star', feature: 'syscall' }],
    [MSR_LSTAR, { field: 'lstar', feature: 'syscall', check: canonical }],
    [0xc0000083, { field: 'cstar', feature: 'syscall', check: canonical }],
    [0xc0000084, { field: 'sfmask', feature: 'syscall', check: low32 }],
    [MSR_FS_BASE, { field: 'segmentBase', index: fs, feature: 'lm', check: canonical }],
    [MSR_GS_BASE, { field: 'segmentBase', index: gs, feature: 'lm', check: canonical }],
    [MSR_KERNEL_GS_BASE, { field: 'kernelGsBase', feature: 'lm', check: canonical }],
    [MSR_TSC_AUX, { field: 'tscAux', feature: 'rdtscp', check: low32 }],
  ]);
  for (let i = 0; i < VARIABLE_RANGES; i++) {
    table.set(0x200 + i * 2, { field: 'mtrrVariable', index: i * 2, feature: 'mtrr', check: checkMtrrBase });
    table.set(0x201 + i * 2, { field: 'mtrrVariable', index: i * 2 + 1, feature: 'mtrr', check: checkMtrrMask });
  }
  const fixed = [0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f];
  for (let i = 0; i < FIXED_RANGES; i++) {
    table.set(fixed[i] ?? 0, { field: 'mtrrFixed', index: i, feature: 'mtrr', check: checkFixedMtrr });
  }
  return table;
}

const MSRS = createTable();

/** Of any model. */
export const KNOWN_MSRS: readonly number[] = [...MSRS.keys()];

/** The register, where this model has it. */
function findMsr(cpu: CpuContext, address: number): MsrRow | undefined {
  const row = MSRS.get(address);
  return row === undefined || (row.feature !== undefined && !cpu.model.features.has(row.feature)) ? undefined : row;
}

const { rax, rcx, rdx } = GPR_INDEX;

export function readMsr(cpu: CpuContext): number {
  const address = cpu.low(F.gpr, rcx);
  const row = findMsr(cpu, address);
  if (row === undefined) {
    cpu.environment.unknownMsr(address, false);
    return cpu.raise(VECTOR_GP, 0);
  }
  if (row.read !== undefined) {
    row.read(cpu);
    return 0;
  }
  const [low, high] = row.constant ?? [0, 0];
  const { field, index } = row;
  cpu.setHalves(F.gpr, field === undefined ? low : cpu.low(field, index), 0, rax);
  cpu.setHalves(F.gpr, field === undefined ? high : cpu.high(field, index), 0, rdx);
  return 0;
}

export function writeMsr(cpu: CpuContext): number {
  const address = cpu.low(F.gpr, rcx);
  const low = cpu.low(F.gpr, rax);
  const high = cpu.low(F.gpr, rdx);
  const row = findMsr(cpu, address);
  if (row === undefined) {
    cpu.environment.unknownMsr(address, true);
    return cpu.raise(VECTOR_GP, 0);
  }
  const isAccepted = row.check === undefined ? row.constant === undefined : row.check(cpu, low, high);
  if (!isAccepted) return cpu.raise(VECTOR_GP, 0);
  if (row.write !== undefined) row.write(cpu, low, high);
  else if (row.field !== undefined) cpu.setHalves(row.field, low, high, row.index);
  return 0;
}
