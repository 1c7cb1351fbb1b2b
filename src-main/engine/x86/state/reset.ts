// Register values after power-on (RESET#) and after INIT#.
// Reference: Intel SDM vol. 3A 10.1.1, table 10-1; vol. 2A FNINIT for the x87 at power-on.

import type { CpuContext } from '../helpers/cpu-context.ts';
import { CR0_CD, CR0_ET, CR0_NW, DR6_FIXED, DR7_FIXED } from './control-bits.ts';
import { CPU_FIELDS as F, type CpuFieldName, GPR_INDEX, SEGMENT_INDEX, upperHalf } from './cpu-state.ts';
import { writeFlags } from './flags.ts';
import { ACCESS_REAL, setSegment } from './segments.ts';

export type ResetKind = 'power-on' | 'init';

/** Family, model and stepping in the layout of CPUID leaf 1, EAX; also EDX after a reset. */
export function cpuSignature(cpu: CpuContext): number {
  const { family, model, stepping } = cpu.model;
  const baseFamily = Math.min(family, 15);
  return ((family - baseFamily) << 20) | ((model >>> 4) << 16) | (baseFamily << 8) | ((model & 15) << 4) | stepping;
}

/** Owned by the run loop and the MMU, which clear them in their own way. */
const NOT_ARCHITECTURAL: ReadonlySet<CpuFieldName> = new Set([
  'codeBase', 'currentRecord', 'interruptPending', 'tlbRead', 'tlbWrite', 'tlbTables', 'ranUserCode', 'retired', 'retireLimit',
  'attention', 'regionStart', 'regionRemaining', 'leftFlags', 'flagOperands',
]);

/** MSRs, MTRRs, x87 and SSE survive INIT. */
function resetAll(cpu: CpuContext, isBootstrap: boolean): void {
  for (const name of Object.keys(F) as CpuFieldName[]) {
    const { bits, count } = F[name];
    if (NOT_ARCHITECTURAL.has(name)) continue;
    for (let index = 0; index < count; index++) {
      if (bits === 32) cpu.set32(name, 0, index);
      else cpu.setHalves(name, 0, 0, index);
      if (bits === 128) cpu.setHalves(upperHalf(name), 0, 0, index);
    }
  }
  cpu.setHalves(F.pat, 0x00070406, 0x00070406);
  cpu.setHalves(F.apicBase, 0xfee00800 | (isBootstrap ? 0x100 : 0), 0);
  // Fast strings enabled: guests take REP MOVS as slow without it.
  cpu.setHalves(F.miscEnable, 1, 0);
  cpu.setHalves(F.xcr0, 1, 0);
  cpu.set32(F.fcw, 0x0040);
  // Tags 5555h: every register holds zero and is not empty.
  cpu.set32(F.ftag, 0xff);
  cpu.set32(F.mxcsr, 0x1f80);
}

/** Puts the processor where the reset vector is its next instruction. */
export function resetCpu(cpu: CpuContext, kind: ResetKind, isBootstrap = true): void {
  const cacheBits = kind === 'init' ? cpu.low(F.cr0) & (CR0_CD | CR0_NW) : CR0_CD | CR0_NW;
  if (kind === 'power-on') resetAll(cpu, isBootstrap);
  for (let index = 0; index < 16; index++) cpu.setHalves(F.gpr, 0, 0, index);
  cpu.setHalves(F.gpr, cpuSignature(cpu), 0, GPR_INDEX.rdx);
  cpu.setHalves(F.rip, 0xfff0, 0);
  writeFlags(cpu, 2);
  for (let index = 0; index < 8; index++) setSegment(cpu, index, 0, ACCESS_REAL, 0, 0xffff);
  setSegment(cpu, SEGMENT_INDEX.cs, 0xf000, ACCESS_REAL, 0xffff0000, 0xffff);
  setSegment(cpu, SEGMENT_INDEX.ldtr, 0, 0x82, 0, 0xffff);
  setSegment(cpu, SEGMENT_INDEX.tr, 0, 0x8b, 0, 0xffff);
  for (const table of ['gdtr', 'idtr'] as const) {
    cpu.setHalves(`${table}Base`, 0, 0);
    cpu.set32(`${table}Limit`, 0xffff);
  }
  cpu.setHalves(F.cr0, (cacheBits | CR0_ET) >>> 0, 0);
  for (const name of ['cr2', 'cr3', 'cr4', 'cr8', 'efer'] as const) cpu.setHalves(name, 0, 0);
  for (let index = 0; index < 8; index++) cpu.setHalves(F.dr, 0, 0, index);
  cpu.setHalves(F.dr, DR6_FIXED, 0, 6);
  cpu.setHalves(F.dr, DR7_FIXED, 0, 7);
  for (const name of ['cpl', 'interruptShadow', 'pendingDebug', 'nmiBlocked'] as const) cpu.set32(name, 0);
  cpu.flushTlb('all');
  cpu.updateMode();
}
