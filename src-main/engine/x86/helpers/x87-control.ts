// x87 control: initialisation, control word, exceptions cleared, stack pointer, constants.
// Reference: Intel SDM vol. 1, 8.1.3-8.1.7, 8.3.4; vol. 2, FNINIT, FLDCW, FNCLEX, FINCSTP, FFREE, FLDPI.

import { CPU_FIELDS as F } from '../state/cpu-state.ts';
import type { CpuContext } from './cpu-context.ts';
import { pack80 } from './soft-float/formats.ts';
import { SoftNumber } from './soft-float/number.ts';
import { EXTENDED } from './soft-float/rounding.ts';
import { X87_STACK } from './x87-operations.ts';
import { begin, C1, ERROR_SUMMARY, physical, pushPacked, report, wait } from './x87-stack.ts';

export function x87Wait(cpu: CpuContext): number {
  return wait(cpu) ? 1 : 0;
}

/** FNINIT, and the x87 part of INIT. */
export function x87Initialize(cpu: CpuContext): number {
  cpu.set32(F.fcw, 0x037f);
  cpu.set32(F.fsw, 0);
  cpu.set32(F.ftop, 0);
  cpu.set32(F.ftag, 0);
  cpu.set32(F.fop, 0);
  cpu.set32(F.fcs, 0);
  cpu.set32(F.fds, 0);
  cpu.setHalves(F.fip, 0, 0);
  cpu.setHalves(F.fdp, 0, 0);
  return 0;
}

/** Bit 6 of the control word always reads 1; the upper reserved bits read 0 but for infinity control. */
const CONTROL_BITS = 0x1f3f;

/** Sets the control word; exceptions already flagged may become pending or cease to be. */
export function setControlWord(cpu: CpuContext, value: number): void {
  const control = (value & CONTROL_BITS) | 0x40;
  cpu.set32(F.fcw, control);
  const status = cpu.get32(F.fsw) & ~ERROR_SUMMARY;
  cpu.set32(F.fsw, (status & ~control & 0x3f) !== 0 ? status | ERROR_SUMMARY : status);
}

/** FLDCW. */
export function x87LoadControl(cpu: CpuContext, value: number): number {
  if (wait(cpu)) return 1;
  setControlWord(cpu, value);
  return 0;
}

/** FNCLEX. */
export function x87ClearExceptions(cpu: CpuContext): number {
  cpu.set32(F.fsw, cpu.get32(F.fsw) & 0x7f00);
  return 0;
}

/** FNOP, FINCSTP, FDECSTP, FFREE, FFREEP: `X87_STACK`, register. */
export function x87StackControl(cpu: CpuContext, operation: number, i: number): number {
  if (wait(cpu)) return 1;
  if (operation === X87_STACK.FNOP) return 0;
  if (operation === X87_STACK.FFREE || operation === X87_STACK.FFREEP) {
    cpu.set32(F.ftag, cpu.get32(F.ftag) & ~(1 << physical(cpu, i)));
    if (operation === X87_STACK.FFREE) return 0;
  } else {
    cpu.set32(F.fsw, cpu.get32(F.fsw) & ~C1);
  }
  cpu.set32(F.ftop, (cpu.get32(F.ftop) + (operation === X87_STACK.FDECSTP ? 7 : 1)) & 7);
  return 0;
}

/** Exponent, then 96 bits of significand: rounded by the current mode, without an exception. */
const CONSTANTS: readonly (readonly [number, number, number, number])[] = [
  [0, 0x8000_0000, 0, 0],
  [1, 0xd49a_784b, 0xcd1b_8afe, 0x492b_f6ff],
  [0, 0xb8aa_3b29, 0x5c17_f0bb, 0xbe87_fed0],
  [1, 0xc90f_daa2, 0x2168_c234, 0xc4c6_628b],
  [-2, 0x9a20_9a84, 0xfbcf_f798, 0x8f89_59ac],
  [-1, 0xb172_17f7, 0xd1cf_79ab, 0xc9e3_b398],
];

const n = new SoftNumber();

/** FLD1, FLDPI and their like: `X87_CONSTANT`. */
export function x87Constant(cpu: CpuContext, index: number): number {
  if (begin(cpu)) return 1;
  const constant = CONSTANTS[index];
  if (constant === undefined) n.setSpecial(0, false);
  else n.setFinite(false, ...constant);
  report(cpu, 0, false);
  pack80(n, EXTENDED);
  pushPacked(cpu);
  return 0;
}
