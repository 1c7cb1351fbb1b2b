// The stack: PUSH, POP and their many-register forms, ENTER and LEAVE.
// The stack pointer is as wide as SS.B says (or 64 bits), independently of the operand. Slots are checked one
// by one, as an access may wrap around the top of a 16-bit stack.
// Reference: Intel SDM vol. 1, 6.2; vol. 2 (PUSH, POP, PUSHA, POPA, ENTER, LEAVE).

import type { GprName } from '../state/cpu-state.ts';
import type { Emitter, Semantics, Value, Variable } from './emitter.ts';
import { resize } from './width.ts';

/** RSP or RBP plus a number of bytes, modulo the stack width. */
function stackOffset(e: Emitter, base: Value, bytes: number): Value {
  return e.add(base, e.constant(e.shape.stackBits, bytes));
}

export function stackPointer(e: Emitter): Value {
  return e.register('rsp', e.shape.stackBits);
}

/** Stores a value below the top of the stack and moves RSP: the last fault and the first commit. */
export function pushValue(e: Emitter, value: Value): void {
  const slot = stackOffset(e, stackPointer(e), -value.bits / 8);
  e.store('ss', slot, value);
  e.setRegister('rsp', slot);
}

/** Reads the top of the stack; RSP moves only by `releaseStack`, after the last fault. */
export function loadTop(e: Emitter, bits: 16 | 32 | 64): Value {
  return e.load('ss', stackPointer(e), bits);
}

export function releaseStack(e: Emitter, bytes: number): void {
  e.setRegister('rsp', stackOffset(e, stackPointer(e), bytes));
}

const push: Semantics = (e, a) => pushValue(e, resize(e, e.read(a), e.shape.operandBits));

/** POP SP keeps the value popped; a memory operand is addressed with the stack pointer already moved. */
const pop: Semantics = (e, a) => {
  const bits = e.shape.operandBits;
  const value = loadTop(e, bits);
  if (a.kind === 'memory') e.store('instruction', e.address(a, bits / 8), value);
  releaseStack(e, bits / 8);
  if (a.kind !== 'memory') e.write(a, value);
};

/** From the highest slot down. */
const ALL_REGISTERS: readonly GprName[] = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'];

const pusha: Semantics = (e) => {
  const bits = e.shape.operandBits;
  const top = stackPointer(e);
  const slots = ALL_REGISTERS.map((_, index) => stackOffset(e, top, (-(index + 1) * bits) / 8));
  for (const slot of slots) e.probeStore('ss', slot, bits);
  slots.forEach((slot, index) => {
    e.store('ss', slot, e.register(ALL_REGISTERS[index] ?? 'rax', bits));
  });
  releaseStack(e, (-ALL_REGISTERS.length * bits) / 8);
};

const popa: Semantics = (e) => {
  const bits = e.shape.operandBits;
  const top = stackPointer(e);
  const values: [GprName, Value][] = [];
  ALL_REGISTERS.toReversed().forEach((name, index) => {
    if (name === 'rsp') return;
    values.push([name, e.load('ss', stackOffset(e, top, (index * bits) / 8), bits)]);
  });
  for (const [name, value] of values) e.setRegister(name, value);
  releaseStack(e, (ALL_REGISTERS.length * bits) / 8);
};

/** Level 0 is what compilers use; a deeper one copies the display of frame pointers in a loop. */
const enter: Semantics = (e, a, b) => {
  const bits = e.shape.operandBits;
  const bytes = bits / 8;
  const frame = stackOffset(e, stackPointer(e), -bytes);
  const level = e.and(resize(e, e.read(b), 32), e.constant(32, 31));
  const end = e.variable(frame);
  e.store('ss', frame, e.register('rbp', bits));
  e.when(e.notEqual(level, e.constant(32, 0)), () => copyDisplay(e, level, frame, end));
  const size = resize(e, e.read(a), e.shape.stackBits);
  const top = e.sub(e.get(end), size);
  e.probeStore('ss', top, bits);
  e.setRegister('rsp', top);
  e.setRegister('rbp', frame);
};

/** Pushes `level - 1` frame pointers of the enclosing frames and the new one; `end` follows the pushes. */
function copyDisplay(e: Emitter, level: Value, frame: Value, end: Variable): void {
  const bits = e.shape.operandBits;
  const from = e.variable(e.register('rbp', e.shape.stackBits));
  const left = e.variable(level);
  const one = e.constant(32, 1);
  const pushSlot = (value: Value): void => {
    e.set(end, stackOffset(e, e.get(end), -bits / 8));
    e.store('ss', e.get(end), value);
  };
  e.loop(() => {
    e.when(e.lessU(one, e.get(left)), () => {
      e.set(from, stackOffset(e, e.get(from), -bits / 8));
      pushSlot(e.load('ss', e.get(from), bits));
    });
    e.set(left, e.sub(e.get(left), one));
    return e.lessS(e.constant(32, 0), e.get(left));
  });
  pushSlot(resize(e, frame, bits));
}

const leave: Semantics = (e) => {
  const bits = e.shape.operandBits;
  const frame = e.register('rbp', e.shape.stackBits);
  const value = e.load('ss', frame, bits);
  e.setRegister('rsp', stackOffset(e, frame, bits / 8));
  e.setRegister('rbp', value);
};

export const STACK: Record<string, Semantics> = {
  PUSH: push,
  POP: pop,
  PUSHA: pusha,
  POPA: popa,
  ENTER: enter,
  LEAVE: leave,
};
