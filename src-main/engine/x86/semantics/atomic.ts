// Read-modify-write instructions made for synchronisation; LOCK itself is the emitter's business.
// A comparison that fails writes the old value back, as processors do: the destination must be writable.
// Reference: Intel SDM vol. 2 (XADD, CMPXCHG, CMPXCHG8B/CMPXCHG16B).

import type { Emitter, Semantics, Value } from './emitter.ts';
import { setZeroFlag } from './flag-bits.ts';
import { resize, widthOf, widthOfValue } from './width.ts';

const xadd: Semantics = (e, a, b) => {
  const left = e.readForUpdate(a);
  const right = e.read(b);
  const result = e.add(left, right);
  // The sum last: it stays when both operands are the same register.
  e.write(b, left);
  e.write(a, result);
  e.flagsAdd(left, right, result);
};

/** Loads a register unless `equal`; in 64-bit code a 32-bit one then keeps its upper half, too. */
function loadUnlessEqual(e: Emitter, name: 'rax' | 'rdx', equal: Value, value: Value): void {
  const bits = widthOfValue(value);
  const whole = bits === 32 && e.shape.codeBits === 64 ? 64 : bits;
  e.setRegister(name, e.select(equal, e.register(name, whole), resize(e, value, whole)));
}

const cmpxchg: Semantics = (e, a, b) => {
  const current = e.readForUpdate(a);
  const source = e.read(b);
  const accumulator = e.register('rax', widthOf(a));
  const equal = e.equal(accumulator, current);
  loadUnlessEqual(e, 'rax', equal, current);
  e.write(a, e.select(equal, source, current));
  e.flagsSub(accumulator, current, e.sub(accumulator, current));
};

const cmpxchg8b: Semantics = (e, a) => {
  const half = e.constant(64, 32);
  const pair = (high: 'rdx' | 'rcx', low: 'rax' | 'rbx'): Value =>
    e.or(e.shl(e.zeroExtend(e.register(high, 32), 64), half), e.zeroExtend(e.register(low, 32), 64));
  const current = e.readForUpdate(a);
  const equal = e.equal(pair('rdx', 'rax'), current);
  e.write(a, e.select(equal, pair('rcx', 'rbx'), current));
  loadUnlessEqual(e, 'rax', equal, e.truncate(current, 32));
  loadUnlessEqual(e, 'rdx', equal, e.truncate(e.shr(current, half), 32));
  setZeroFlag(e, equal);
};

/** One 128-bit access, which the row requires to be aligned. */
const cmpxchg16b: Semantics = (e, a) => {
  const current = e.readForUpdate(a);
  const low = e.op('i64x2.extract_lane', 0, current);
  const high = e.op('i64x2.extract_lane', 1, current);
  const equal = e.and(e.equal(low, e.register('rax', 64)), e.equal(high, e.register('rdx', 64)));
  const newLow = e.op('i64x2.splat', e.select(equal, e.register('rbx', 64), low));
  const newHigh = e.select(equal, e.register('rcx', 64), high);
  e.write(a, e.op('i64x2.replace_lane', 1, newLow, newHigh));
  loadUnlessEqual(e, 'rax', equal, low);
  loadUnlessEqual(e, 'rdx', equal, high);
  setZeroFlag(e, equal);
};

export const ATOMIC: Record<string, Semantics> = {
  XADD: xadd,
  CMPXCHG: cmpxchg,
  CMPXCHG8B: cmpxchg8b,
  CMPXCHG16B: cmpxchg16b,
};
