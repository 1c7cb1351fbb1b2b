// INT n, INT3, INTO and ICEBP, with the rules of virtual-8086 mode.
// Reference: Intel SDM vol. 2A INT n (table of decisions), vol. 3A 20.3.3 (software interrupts with VME).

import { CR4_VME, DR7_GD, EFLAGS_IF, EFLAGS_IOPL, EFLAGS_RF, EFLAGS_TF, EFLAGS_VIF } from '../state/control-bits.ts';
import { CPU_FIELDS as F, SEGMENT_INDEX } from '../state/cpu-state.ts';
import { isProtected, isVirtual8086 } from '../state/modes.ts';
import { segmentBase } from '../state/segments.ts';
import { wideArgument } from './code-segment.ts';
import type { CpuContext } from './cpu-context.ts';
import { endStep, mergePendingDebug } from './debug-register.ts';
import { VECTOR_GP, wrapSystem } from './descriptor.ts';
import { deliverInNewTask } from './exception.ts';
import {
  DELIVERED,
  DELIVERY_FAULTED,
  DELIVERY_FAULTED_IN_NEW_TASK,
  type Delivery,
  enterHandler,
  enterRealHandler,
} from './interrupt.ts';
import { INTERRUPT_KIND } from './system.table.ts';

const NEXT_ARGUMENT = 2;

const TSS_IO_BASE = 0x66;
const REDIRECTION_BYTES = 32;

const delivery: Delivery = { vector: 0, errorCode: -1, isSoftware: true, ext: 0, rip: 0, flags: 0 };

/** The TSS's redirection bit of a vector: 0 means the 8086 program's own handler; -1 after a fault. */
function redirectionBit(cpu: CpuContext, vector: number): number {
  const { tr } = SEGMENT_INDEX;
  const limit = cpu.get32(F.segmentLimit, tr);
  const isTss32 = (cpu.get32(F.segmentAccess, tr) & 8) !== 0;
  if (isTss32 && limit >= TSS_IO_BASE + 1) {
    const base = segmentBase(cpu, tr);
    const ioBase = cpu.readLinear(wrapSystem(cpu, base + TSS_IO_BASE), 2, false);
    if (ioBase < 0) return -1;
    const offset = ioBase - REDIRECTION_BYTES + (vector >>> 3);
    if (offset >= 0 && offset <= limit) {
      const byte = cpu.readLinear(wrapSystem(cpu, base + offset), 1, false);
      return byte < 0 ? -1 : (byte >>> (vector & 7)) & 1;
    }
  }
  cpu.raise(VECTOR_GP, 0);
  return -1;
}

/** To the handler in the virtual machine's own vector table at linear address 0. */
function redirect(cpu: CpuContext, flags: number): number {
  const isTrusted = (flags & EFLAGS_IOPL) === EFLAGS_IOPL;
  // Below IOPL 3 the program sees VIF in the place of IF.
  const virtualIf = flags & EFLAGS_VIF ? EFLAGS_IF : 0;
  delivery.flags = isTrusted ? flags : (flags & ~EFLAGS_IF) | EFLAGS_IOPL | virtualIf;
  if (enterRealHandler(cpu, delivery, 0) !== DELIVERED) return 1;
  cpu.writeFlags(flags & ~(EFLAGS_TF | (isTrusted ? EFLAGS_IF : EFLAGS_VIF)));
  cpu.updateMode();
  if (flags & EFLAGS_TF) endStep(cpu);
  return 0;
}

/** ICEBP is the debug exception itself, with what was pending; and the handler is not single-stepped. */
function finishDelivery(cpu: CpuContext, kind: number, flags: number): void {
  if (kind === INTERRUPT_KIND.icebp) {
    mergePendingDebug(cpu);
    cpu.setHalves(F.dr, (cpu.low(F.dr, 7) & ~DR7_GD) >>> 0, 0, 7);
  }
  if (flags & EFLAGS_TF) endStep(cpu);
}

export function softwareInterrupt(cpu: CpuContext, vector: number, kind: number): number {
  const flags = cpu.readFlags() & ~EFLAGS_RF;
  delivery.vector = vector & 0xff;
  delivery.isSoftware = kind !== INTERRUPT_KIND.icebp;
  delivery.ext = kind === INTERRUPT_KIND.icebp ? 1 : 0;
  delivery.rip = wideArgument(cpu, NEXT_ARGUMENT);
  delivery.flags = flags;
  if (kind === INTERRUPT_KIND.intN && isProtected(cpu) && isVirtual8086(cpu)) {
    if (cpu.low(F.cr4) & CR4_VME) {
      const bit = redirectionBit(cpu, delivery.vector);
      if (bit < 0) return 1;
      if (bit === 0) return redirect(cpu, flags);
    }
    if ((flags & EFLAGS_IOPL) !== EFLAGS_IOPL) return cpu.raise(VECTOR_GP, 0);
  }
  const status = enterHandler(cpu, delivery);
  if (status === DELIVERED) finishDelivery(cpu, kind, flags);
  if (status === DELIVERY_FAULTED_IN_NEW_TASK) return deliverInNewTask(cpu);
  return status === DELIVERY_FAULTED ? 1 : 0;
}
