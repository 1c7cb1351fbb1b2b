// MOV to and from CR0-CR8, LMSW, CLTS: every consistency check and what a change drags with it.
// Reference: Intel SDM vol. 2B MOV (control registers); vol. 3A 2.5, 4.1.2 (mode switching), 4.4.1, 9.8.5.

import {
  CR0_AM, CR0_CD, CR0_EM, CR0_ET, CR0_MP, CR0_NE, CR0_NW, CR0_PE, CR0_PG, CR0_TS, CR0_WP, CR4_DE, CR4_FSGSBASE,
  CR4_MCE, CR4_OSFXSR, CR4_OSXMMEXCPT, CR4_PAE, CR4_PCE, CR4_PGE, CR4_PSE, CR4_PVI, CR4_SMAP, CR4_SMEP, CR4_TSD,
  CR4_VME, EFER_LMA, EFER_LME,
} from '../state/control-bits.ts';
import { CPU_FIELDS as F, SEGMENT_INDEX } from '../state/cpu-state.ts';
import { isLong64, isLongMode } from '../state/modes.ts';
import { ACCESS_L } from '../state/segments.ts';
import type { CpuFeature, CpuModel } from '../models/cpu-model.ts';
import type { CpuContext } from './cpu-context.ts';
import { VECTOR_GP, VECTOR_UD } from './descriptor.ts';
import { loadPdptes } from './page-walk.ts';

const VALUE_ARGUMENT = 1;

const CR0_WRITABLE =
  CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG;

const CR4_BY_FEATURE: readonly (readonly [CpuFeature, number])[] = [
  ['vme', CR4_VME | CR4_PVI],
  ['tsc', CR4_TSD],
  ['de', CR4_DE],
  ['pse', CR4_PSE],
  ['pae', CR4_PAE],
  ['mce', CR4_MCE],
  ['pge', CR4_PGE],
  ['mmx', CR4_PCE],
  ['fxsr', CR4_OSFXSR],
  ['sse', CR4_OSXMMEXCPT],
  ['fsgsbase', CR4_FSGSBASE],
  ['smep', CR4_SMEP],
  ['smap', CR4_SMAP],
];

/** CR4 bits that exist on a model; the others are reserved. */
export function cr4Mask(model: CpuModel): number {
  let mask = 0;
  for (const [feature, bits] of CR4_BY_FEATURE) if (model.features.has(feature)) mask |= bits;
  return mask;
}

/** Upper half of a physical address that the model cannot have. */
export const reservedAddressHigh = (cpu: CpuContext): number =>
  ~((1 << (cpu.model.physicalAddressBits - 32)) - 1);

const usesPdptes = (cpu: CpuContext, cr0: number, cr4: number): boolean =>
  (cr0 & CR0_PG) !== 0 && (cr4 & CR4_PAE) !== 0 && (cpu.low(F.efer) & EFER_LME) === 0;

export function readControl(cpu: CpuContext, index: number): number {
  if (index === 8 && isLong64(cpu)) {
    cpu.setHalves(F.scratch, cpu.environment.readTaskPriority() & 15, 0, 0);
    return 0;
  }
  const name = index === 0 ? 'cr0' : index === 2 ? 'cr2' : index === 3 ? 'cr3' : index === 4 ? 'cr4' : undefined;
  if (name === undefined) return cpu.raise(VECTOR_UD);
  cpu.setHalves(F.scratch, cpu.low(name), cpu.high(name), 0);
  return 0;
}

/** Whether paging may be switched on into long mode. */
function canActivateLongMode(cpu: CpuContext): boolean {
  const codeAccess = cpu.get32(F.segmentAccess, SEGMENT_INDEX.cs);
  const hasTss16 = (cpu.get32(F.segmentAccess, SEGMENT_INDEX.tr) & 0xf) === 3;
  return (cpu.low(F.cr4) & CR4_PAE) !== 0 && (codeAccess & ACCESS_L) === 0 && !hasTss16;
}

/** The mode consequences of a new PG bit: EFER.LMA. False: #GP(0). */
function checkPaging(cpu: CpuContext, cr0: number, next: number): boolean {
  const efer = cpu.low(F.efer);
  if ((next & CR0_PG) === (cr0 & CR0_PG)) return true;
  if (next & CR0_PG) return (efer & EFER_LME) === 0 || canActivateLongMode(cpu);
  return !isLong64(cpu);
}

/** Bits whose change makes cached translations wrong. */
const CR0_FLUSHING = CR0_PE | CR0_PG | CR0_WP;
const CR0_PDPTE_RELOADING = CR0_PG | CR0_CD | CR0_NW;

function setCr0(cpu: CpuContext, value: number): number {
  const cr0 = cpu.low(F.cr0);
  const next = ((value & CR0_WRITABLE) | CR0_ET) >>> 0;
  if (next & CR0_PG && (next & CR0_PE) === 0) return cpu.raise(VECTOR_GP, 0);
  if (next & CR0_NW && (next & CR0_CD) === 0) return cpu.raise(VECTOR_GP, 0);
  if (!checkPaging(cpu, cr0, next)) return cpu.raise(VECTOR_GP, 0);
  const changed = cr0 ^ next;
  const reloads = (changed & CR0_PDPTE_RELOADING) !== 0 && usesPdptes(cpu, next, cpu.low(F.cr4));
  if (reloads && !loadPdptes(cpu, cpu.low(F.cr3))) return cpu.raise(VECTOR_GP, 0);
  if (changed & CR0_PG) {
    const efer = cpu.low(F.efer);
    const becomesLong = (next & CR0_PG) !== 0 && (efer & EFER_LME) !== 0;
    cpu.setHalves(F.efer, becomesLong ? efer | EFER_LMA : efer & ~EFER_LMA, 0);
  }
  cpu.setHalves(F.cr0, next, 0);
  if (changed & CR0_PE) cpu.set32(F.cpl, 0);
  if (changed & CR0_FLUSHING) cpu.flushTlb('all');
  cpu.updateMode();
  return 0;
}

function setCr3(cpu: CpuContext, low: number, high: number): number {
  if (isLongMode(cpu)) {
    if (high & reservedAddressHigh(cpu)) return cpu.raise(VECTOR_GP, 0);
  } else if (usesPdptes(cpu, cpu.low(F.cr0), cpu.low(F.cr4)) && !loadPdptes(cpu, low)) {
    return cpu.raise(VECTOR_GP, 0);
  }
  cpu.setHalves(F.cr3, low, high);
  cpu.flushTlb('non-global');
  return 0;
}

const CR4_FLUSHING = CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP | CR4_SMAP;
const CR4_PDPTE_RELOADING = CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP;

function setCr4(cpu: CpuContext, low: number): number {
  const cr4 = cpu.low(F.cr4);
  if (low & ~cr4Mask(cpu.model)) return cpu.raise(VECTOR_GP, 0);
  if (isLongMode(cpu) && (low & CR4_PAE) === 0) return cpu.raise(VECTOR_GP, 0);
  const changed = cr4 ^ low;
  const reloads = (changed & CR4_PDPTE_RELOADING) !== 0 && usesPdptes(cpu, cpu.low(F.cr0), low);
  if (reloads && !loadPdptes(cpu, cpu.low(F.cr3))) return cpu.raise(VECTOR_GP, 0);
  cpu.setHalves(F.cr4, low, 0);
  if (changed & CR4_FLUSHING) cpu.flushTlb('all');
  cpu.updateMode();
  return 0;
}

function setCr8(cpu: CpuContext, low: number): number {
  if (low & ~15) return cpu.raise(VECTOR_GP, 0);
  cpu.setHalves(F.cr8, low, 0);
  cpu.environment.writeTaskPriority(low);
  return 0;
}

export function writeControl(cpu: CpuContext, index: number): number {
  const low = cpu.low(F.scratch, VALUE_ARGUMENT);
  const high = cpu.high(F.scratch, VALUE_ARGUMENT);
  if (index === 2) {
    cpu.setHalves(F.cr2, low, high);
    return 0;
  }
  if (index === 3) return setCr3(cpu, low, high);
  const exists = index === 0 || index === 4 || (index === 8 && isLong64(cpu));
  if (!exists) return cpu.raise(VECTOR_UD);
  if (high !== 0) return cpu.raise(VECTOR_GP, 0);
  return index === 0 ? setCr0(cpu, low) : index === 4 ? setCr4(cpu, low) : setCr8(cpu, low);
}

/** PE, MP, EM and TS from a 16-bit operand; PE can only be set. */
export function loadMachineStatus(cpu: CpuContext, value: number): number {
  const cr0 = cpu.low(F.cr0);
  const kept = cr0 & ~(CR0_MP | CR0_EM | CR0_TS);
  return setCr0(cpu, kept | (value & (CR0_PE | CR0_MP | CR0_EM | CR0_TS)));
}

export function clearTaskSwitched(cpu: CpuContext): number {
  cpu.setHalves(F.cr0, (cpu.low(F.cr0) & ~CR0_TS) >>> 0, 0);
  cpu.updateMode();
  return 0;
}
