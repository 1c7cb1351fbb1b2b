// Delivering events: exceptions with the rules for double and triple faults, and external interrupts.
// Reference: Intel SDM vol. 3A 6.15 (interrupt 8, tables 6-4 and 6-5), 6.8.3 (RF), 17.3.1.1, 17.2.4 (GD).

import { CPU_FIELDS as F } from '../state/cpu-state.ts';
import { fromHalves } from '../state/address.ts';
import { DR7_GD, EFLAGS_RF } from '../state/control-bits.ts';
import type { CpuContext } from './cpu-context.ts';
import { VECTOR_DB, VECTOR_DE, VECTOR_DF, VECTOR_GP, VECTOR_NP, VECTOR_PF, VECTOR_SS, VECTOR_TS } from './descriptor.ts';
import { DELIVERED, type Delivery, enterHandler } from './interrupt.ts';

export type DeliveryResult = 'delivered' | 'shutdown';

const VECTOR_MC = 18;

const delivery: Delivery = { vector: 0, errorCode: -1, isSoftware: false, ext: 1, rip: 0, flags: 0 };

const CONTRIBUTORY =
  (1 << VECTOR_DE) | (1 << VECTOR_TS) | (1 << VECTOR_NP) | (1 << VECTOR_SS) | (1 << VECTOR_GP);

const isContributory = (vector: number): boolean => vector < 32 && ((CONTRIBUTORY >>> vector) & 1) !== 0;

/** Table 6-5: whether a second exception during the delivery of the first makes a double fault. */
export function makesDoubleFault(first: number, second: number): boolean {
  if (isContributory(first)) return isContributory(second);
  return first === VECTOR_PF && (isContributory(second) || second === VECTOR_PF);
}

/**
 * Faults push RF set, so that an instruction breakpoint there does not hit twice. Aborts do not: the instruction that RF was set for has
 * begun. With #DB it is what that instruction has left, IRET for one.
 */
function pushedFlags(cpu: CpuContext, vector: number): number {
  const flags = cpu.readFlags();
  if (vector === VECTOR_DB) return flags;
  return vector === VECTOR_DF || vector === VECTOR_MC ? flags & ~EFLAGS_RF : flags | EFLAGS_RF;
}

/**
 * Delivers an exception (`errorCode` -1: none) whose return address is rip. A fault on the way is delivered in
 * its place or becomes a double fault; 'shutdown' is the triple fault.
 */
export function deliverException(cpu: CpuContext, vector: number, errorCode: number): DeliveryResult {
  let currentVector = vector;
  let currentError = errorCode;
  for (;;) {
    delivery.vector = currentVector;
    delivery.errorCode = currentError;
    delivery.rip = fromHalves(cpu.low(F.rip), cpu.high(F.rip));
    delivery.flags = pushedFlags(cpu, currentVector);
    if (enterHandler(cpu, delivery) === DELIVERED) {
      if (currentVector === VECTOR_DB) cpu.setHalves(F.dr, (cpu.low(F.dr, 7) & ~DR7_GD) >>> 0, 0, 7);
      return 'delivered';
    }
    if (currentVector === VECTOR_DF) return 'shutdown';
    const second = cpu.get32(F.faultVector);
    const isDouble = makesDoubleFault(currentVector, second);
    currentVector = isDouble ? VECTOR_DF : second;
    currentError = isDouble ? 0 : cpu.get32(F.faultError) | 0;
  }
}

/** Delivers an external interrupt (INTR, NMI) between two instructions; rip is that of the next one. */
export function deliverInterrupt(cpu: CpuContext, vector: number): DeliveryResult {
  delivery.vector = vector;
  delivery.errorCode = -1;
  delivery.rip = fromHalves(cpu.low(F.rip), cpu.high(F.rip));
  delivery.flags = cpu.readFlags();
  if (enterHandler(cpu, delivery) === DELIVERED) return 'delivered';
  return deliverException(cpu, cpu.get32(F.faultVector), cpu.get32(F.faultError) | 0);
}

/**
 * The end of a helper whose task switch succeeded but faulted in the new task: the fault belongs to that task's
 * first instruction, so it is delivered here, with rip already there.
 */
export function deliverInNewTask(cpu: CpuContext): number {
  const result = deliverException(cpu, cpu.get32(F.faultVector), cpu.get32(F.faultError) | 0);
  // A fault that cannot be delivered goes to the run loop, whose own attempt shuts the processor down.
  return result === 'delivered' ? 0 : cpu.raise(VECTOR_DF, 0);
}
