// Moves: registers, memory, immediates, conditional moves and sets, exchanges, effective addresses.
// Not here: segment, control and debug registers (segment.ts, system.ts), PUSH and POP (stack.ts).
// Reference: Intel SDM vol. 2 (MOV, MOVZX, MOVSX, MOVSXD, CMOVcc, SETcc, XCHG, LEA, XLAT, MOVBE, MOVNTI).

import { swapBytes } from './bit.ts';
import type { Emitter, Semantics } from './emitter.ts';
import { resize, resizeSigned, widthOf } from './width.ts';

const mov: Semantics = (e, a, b) => e.write(a, e.read(b));

const movzx: Semantics = (e, a, b) => e.write(a, resize(e, e.read(b), widthOf(a)));

const movsx: Semantics = (e, a, b) => e.write(a, resizeSigned(e, e.read(b), widthOf(a)));

const lea: Semantics = (e, a, b) => e.write(a, resize(e, e.address(b), widthOf(a)));

function conditionOf(e: Emitter) {
  const { condition } = e.shape;
  if (condition === undefined) throw new Error(`${e.shape.mnemonic} has no condition`);
  return e.condition(condition);
}

/** The source is read, and may fault, and a 32-bit destination loses its upper half, in either case. */
const cmov: Semantics = (e, a, b) => {
  const source = e.read(b);
  e.write(a, e.select(conditionOf(e), source, e.read(a)));
};

const set: Semantics = (e, a) => e.write(a, e.zeroExtend(conditionOf(e), 8));

const xchg: Semantics = (e, a, b) => {
  const left = e.readForUpdate(a);
  const right = e.readForUpdate(b);
  e.write(a, right);
  e.write(b, left);
};

const xlat: Semantics = (e) => {
  const bits = e.shape.addressBits;
  const offset = e.add(e.register('rbx', bits), e.zeroExtend(e.register('rax', 8), bits));
  e.setRegister('rax', e.load('instruction', offset, 8));
};

const movbe: Semantics = (e, a, b) => e.write(a, swapBytes(e, e.read(b)));

export const MOVE: Record<string, Semantics> = {
  MOV: mov,
  MOVNTI: mov,
  MOVZX: movzx,
  MOVSX: movsx,
  MOVSXD: movsx,
  CMOVcc: cmov,
  SETcc: set,
  LEA: lea,
  XCHG: xchg,
  XLAT: xlat,
  MOVBE: movbe,
};
