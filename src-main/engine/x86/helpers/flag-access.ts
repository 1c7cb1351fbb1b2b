// CLI, STI, PUSHF and POPF by privilege, IOPL and the virtual interrupt flag.
// Reference: Intel SDM vol. 2A CLI (table 3-7), vol. 2B STI, PUSHF, POPF (table 4-16); vol. 3A 20.3, 20.4.

import { CPU_FIELDS as F } from '../state/cpu-state.ts';
import {
  CR4_PVI, CR4_VME, EFLAGS_AC, EFLAGS_FIXED, EFLAGS_ID, EFLAGS_IF, EFLAGS_IOPL, EFLAGS_NT, EFLAGS_RF, EFLAGS_TF,
  EFLAGS_VIF, EFLAGS_VIP, EFLAGS_VM,
} from '../state/control-bits.ts';
import { currentPrivilege, isProtected, isVirtual8086 } from '../state/modes.ts';
import type { CpuContext } from './cpu-context.ts';
import { VECTOR_GP } from './descriptor.ts';

/** What the program's "interrupt flag" is for CLI and STI. */
type InterruptControl = 'real' | 'virtual' | 'forbidden';

const ioPrivilege = (cpu: CpuContext): number => (cpu.get32(F.flagRest) & EFLAGS_IOPL) >>> 12;

function interruptControl(cpu: CpuContext): InterruptControl {
  if (!isProtected(cpu)) return 'real';
  const cpl = currentPrivilege(cpu);
  if (ioPrivilege(cpu) >= cpl) return 'real';
  const enabler = isVirtual8086(cpu) ? CR4_VME : CR4_PVI;
  return cpl === 3 && cpu.low(F.cr4) & enabler ? 'virtual' : 'forbidden';
}

export function clearInterruptFlag(cpu: CpuContext): number {
  const control = interruptControl(cpu);
  if (control === 'forbidden') return cpu.raise(VECTOR_GP, 0);
  cpu.set32(F.flagRest, cpu.get32(F.flagRest) & ~(control === 'real' ? EFLAGS_IF : EFLAGS_VIF));
  return 0;
}

export function setInterruptFlag(cpu: CpuContext): number {
  const control = interruptControl(cpu);
  const rest = cpu.get32(F.flagRest);
  // A pending virtual interrupt must reach the monitor before the program goes on.
  if (control === 'forbidden' || (control === 'virtual' && rest & EFLAGS_VIP)) return cpu.raise(VECTOR_GP, 0);
  cpu.set32(F.flagRest, rest | (control === 'real' ? EFLAGS_IF : EFLAGS_VIF));
  return 0;
}

/** Virtual-8086 mode with IOPL < 3, where only the 16-bit forms with VME work. */
const isRestrictedVirtual = (cpu: CpuContext): boolean =>
  isProtected(cpu) && isVirtual8086(cpu) && ioPrivilege(cpu) < 3;

const allowsVirtualFlags = (cpu: CpuContext, operandBits: number): boolean =>
  operandBits === 16 && (cpu.low(F.cr4) & CR4_VME) !== 0;

export function pushedFlags(cpu: CpuContext, operandBits: number): number {
  let image = cpu.readFlags() & ~(EFLAGS_RF | EFLAGS_VM);
  if (isRestrictedVirtual(cpu)) {
    if (!allowsVirtualFlags(cpu, operandBits)) return cpu.raise(VECTOR_GP, 0);
    const virtualIf = image & EFLAGS_VIF ? EFLAGS_IF : 0;
    image = (image & ~EFLAGS_IF) | EFLAGS_IOPL | virtualIf;
  }
  cpu.setHalves(F.scratch, operandBits === 16 ? image & 0xffff : image, 0, 0);
  return 0;
}

/** CF PF AF ZF SF TF DF OF NT. */
const OPEN_FLAGS = 0xdd5 & ~EFLAGS_IF | EFLAGS_NT;

function popMask(cpu: CpuContext, operandBits: number): number {
  const cpl = currentPrivilege(cpu);
  const isVirtual = isProtected(cpu) && isVirtual8086(cpu);
  let mask = OPEN_FLAGS;
  if (operandBits !== 16) mask |= EFLAGS_AC | EFLAGS_ID;
  if (cpl <= ioPrivilege(cpu) || !isProtected(cpu)) mask |= EFLAGS_IF;
  if (cpl === 0 && !isVirtual) mask |= EFLAGS_IOPL;
  return mask;
}

export function popFlags(cpu: CpuContext, image: number, operandBits: number): number {
  const flags = cpu.readFlags();
  let next: number;
  if (isRestrictedVirtual(cpu)) {
    const enables = (image & EFLAGS_IF) !== 0;
    if (!allowsVirtualFlags(cpu, operandBits) || image & EFLAGS_TF || (enables && flags & EFLAGS_VIP)) {
      return cpu.raise(VECTOR_GP, 0);
    }
    next = (flags & ~(OPEN_FLAGS | EFLAGS_VIF)) | (image & OPEN_FLAGS) | (enables ? EFLAGS_VIF : 0);
  } else {
    const mask = popMask(cpu, operandBits);
    next = (flags & ~mask) | (image & mask);
  }
  cpu.writeFlags((next & ~EFLAGS_RF) | EFLAGS_FIXED);
  if ((next ^ flags) & (EFLAGS_TF | EFLAGS_AC)) cpu.updateMode();
  return 0;
}
