// Transfers that may change CS, privilege or task: far jumps, calls and returns, interrupts, system calls.
// Helpers do them; what is here is where their operands come from.
// Reference: Intel SDM vol. 2 (CALL, JMP, RET, INT n, IRET, BOUND, SYSCALL, SYSENTER and their returns).

import { VECTOR_BR, VECTOR_GP } from '../helpers/descriptor.ts';
import { INTERRUPT_KIND } from '../helpers/system.table.ts';
import type { Emitter, Operand, Semantics, Value } from './emitter.ts';
import { syscall, sysret } from './fast-call.ts';
import { resize } from './width.ts';

const next = (e: Emitter): Value => resize(e, e.nextInstruction(), 64);

const operandSize = (e: Emitter): Value => e.constant(32, e.shape.operandBits);

/** ptr16:16, ptr16:32, or the same in memory, offset first. */
function farPointer(e: Emitter, operand: Operand): { selector: Value; offset: Value } {
  if (operand.kind === 'far') {
    return { selector: resize(e, e.farSelector(operand), 32), offset: resize(e, e.farOffset(operand), 64) };
  }
  const bits = e.shape.operandBits;
  const address = e.address(operand);
  const above = e.add(address, e.constant(e.shape.addressBits, bits / 8));
  const offset = resize(e, e.load('instruction', address, bits), 64);
  return { offset, selector: resize(e, e.load('instruction', above, 16), 32) };
}

function farTransfer(name: 'farJump' | 'farCall'): Semantics {
  return (e, a) => {
    const { selector, offset } = farPointer(e, a);
    e.helper(name, selector, offset, operandSize(e), next(e));
  };
}

const farReturn = (e: Emitter, a: Operand | undefined): void => {
  const release = a === undefined ? e.constant(32, 0) : resize(e, e.read(a), 32);
  e.helper('farReturn', operandSize(e), release);
};

const iret: Semantics = (e) => void e.helper('interruptReturn', operandSize(e), next(e));

function interrupt(e: Emitter, vector: Value, kind: number): void {
  e.helper('softwareInterrupt', vector, e.constant(32, kind), next(e));
}

const int: Semantics = (e, a) => interrupt(e, resize(e, e.read(a), 32), INTERRUPT_KIND.intN);
const int3: Semantics = (e) => interrupt(e, e.constant(32, 3), INTERRUPT_KIND.int3);
const icebp: Semantics = (e) => interrupt(e, e.constant(32, 1), INTERRUPT_KIND.icebp);

const into: Semantics = (e) => {
  e.when(e.flag('of'), () => interrupt(e, e.constant(32, 4), INTERRUPT_KIND.into));
};

const bound: Semantics = (e, a, b) => {
  const bits = e.shape.operandBits;
  const index = e.read(a);
  const address = e.address(b);
  const above = e.add(address, e.constant(e.shape.addressBits, bits / 8));
  const lower = e.load('instruction', address, bits);
  const upper = e.load('instruction', above, bits);
  e.faultWhen(e.or(e.lessS(index, lower), e.lessS(upper, index)), VECTOR_BR);
};

/** Real mode has no SYSENTER; virtual-8086 mode has. */
function outsideRealMode(call: (e: Emitter) => void): Semantics {
  return (e) => {
    if (e.shape.protectedMode || e.shape.virtual8086) call(e);
    else e.fault(VECTOR_GP, 0);
  };
}

export const TRANSFER: Record<string, Semantics> = {
  JMP_FAR: farTransfer('farJump'),
  CALL_FAR: farTransfer('farCall'),
  RET_FAR: farReturn,
  IRET: iret,
  INT: int,
  INT3: int3,
  ICEBP: icebp,
  INTO: into,
  BOUND: bound,
  SYSENTER: outsideRealMode((e) => void e.helper('fastEnter')),
  SYSEXIT: outsideRealMode((e) => void e.helper('fastExit', operandSize(e))),
  SYSCALL: syscall,
  SYSRET: sysret,
};
