// The system helpers by name, and what the run loop and the MMU call themselves.
// 32-bit arguments are JavaScript parameters; 64-bit ones stand in `scratch[position]` (see `declarations.ts`).

import { farCall, farJump } from './far-jump.ts';
import { farReturn } from './far-return.ts';
import { clearTaskSwitched, loadMachineStatus, readControl, writeControl } from './control-register.ts';
import type { CpuContext } from './cpu-context.ts';
import { readDebug, writeDebug } from './debug-register.ts';
import {
  loadAccessRights, loadGdt, loadIdt, loadSegmentLimit, verifyRead, verifyWrite,
} from './descriptor-table.ts';
import { fastEnter, fastExit, systemCall, systemReturn } from './fast-call.ts';
import { clearInterruptFlag, popFlags, pushedFlags, setInterruptFlag } from './flag-access.ts';
import { identify } from './identification.ts';
import { interruptReturn } from './interrupt-return.ts';
import { readMsr, writeMsr } from './msr.ts';
import { checkPort, portIn, portOut } from './port-access.ts';
import { loadLdt, loadSegment, loadTaskRegister, moveSegment } from './segment-load.ts';
import { softwareInterrupt } from './software-interrupt.ts';
import type { SYSTEM_HELPERS } from './system.table.ts';
import { readPerformanceCounter, readTimestamp } from './timestamp.ts';
import { invalidatePage } from './translation.ts';
import { divideWide, divideWideSigned } from './wide-divide.ts';

/** Parameters are the declaration's `i32` ones, in order; the result is the status, or the value. */
export type HelperFunction = (cpu: CpuContext, ...args: number[]) => number;

export const SYSTEM_IMPLEMENTATIONS: Readonly<Record<keyof typeof SYSTEM_HELPERS, HelperFunction>> = {
  loadSegment, moveSegment, loadLdt, loadTaskRegister, loadGdt, loadIdt,
  loadAccessRights, loadSegmentLimit, verifyRead, verifyWrite,
  farJump, farCall, farReturn, interruptReturn, softwareInterrupt,
  fastEnter, fastExit, systemCall, systemReturn,
  clearInterruptFlag, setInterruptFlag, pushedFlags, popFlags,
  readControl, writeControl, loadMachineStatus, clearTaskSwitched, readDebug, writeDebug,
  readMsr, writeMsr, readTimestamp, readPerformanceCounter, identify, invalidatePage,
  portIn, portOut, checkPort,
  divideWide, divideWideSigned,
};

export { deliverException, deliverInterrupt, type DeliveryResult, makesDoubleFault } from './exception.ts';
export { matchInstruction, noteDataBreakpoint, noteIoBreakpoint, recordDebug, takeDebugTrap } from './debug-register.ts';
export { createWalkResult, isPermitted, walk, type WalkResult } from './page-walk.ts';
