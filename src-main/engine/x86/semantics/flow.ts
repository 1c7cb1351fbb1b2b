// Near transfers: JMP, Jcc, CALL, RET, LOOP and JCXZ. The target is checked against CS before anything commits.
// Not here: far transfers, interrupts and their returns (transfer.ts).
// Reference: Intel SDM vol. 2 (JMP, Jcc, CALL, RET, LOOP/LOOPcc).

import type { Emitter, Operand, Semantics, Value } from './emitter.ts';
import { loadTop, pushValue, releaseStack, stackPointer } from './stack.ts';
import { not1, resize } from './width.ts';

const jmp: Semantics = (e, a) => e.jump(a.kind === 'relative' ? a : e.read(a));

const jcc: Semantics = (e, a) => {
  const { condition } = e.shape;
  if (condition === undefined) throw new Error(`${e.shape.mnemonic} has no condition`);
  e.jumpWhen(e.condition(condition), a);
};

const call: Semantics = (e, a) => {
  // An indirect target is read before the push: it may lie on the stack or be RSP itself.
  const target = a.kind === 'relative' ? a : e.read(a);
  e.checkJump(target);
  pushValue(e, resize(e, e.nextInstruction(), e.shape.operandBits));
  e.jump(target);
};

/** Without an operand, or with the number of bytes of arguments to release. */
const ret = (e: Emitter, a: Operand | undefined): void => {
  const bits = e.shape.operandBits;
  const target = loadTop(e, bits);
  e.checkJump(target);
  if (a === undefined) {
    releaseStack(e, bits / 8);
  } else {
    const released = e.add(resize(e, e.read(a), e.shape.stackBits), e.constant(e.shape.stackBits, bits / 8));
    e.setRegister('rsp', e.add(stackPointer(e), released));
  }
  e.jump(target);
};

const jcxz: Semantics = (e, a) => e.jumpWhen(e.isZero(e.register('rcx', e.shape.addressBits)), a);

/** The count register is as wide as addresses are; it keeps its value when the target is bad. */
function loop(also: (e: Emitter) => Value | undefined): Semantics {
  return (e, a) => {
    const bits = e.shape.addressBits;
    const count = e.sub(e.register('rcx', bits), e.constant(bits, 1));
    const nonZero = e.notEqual(count, e.constant(bits, 0));
    const extra = also(e);
    const taken = extra === undefined ? nonZero : e.and(nonZero, extra);
    e.when(taken, () => e.checkJump(a));
    e.setRegister('rcx', count);
    e.jumpWhen(taken, a);
  };
}

export const FLOW: Record<string, Semantics> = {
  JMP: jmp,
  Jcc: jcc,
  CALL: call,
  RET: ret,
  JCXZ: jcxz,
  LOOP: loop(() => undefined),
  LOOPE: loop((e) => e.flag('zf')),
  LOOPNE: loop((e) => not1(e, e.flag('zf'))),
};
