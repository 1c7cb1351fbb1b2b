// Addition, subtraction and comparison of integers, with their flags.
// Reference: Intel SDM vol. 2 (ADD, ADC, SUB, SBB, CMP, INC, DEC, NEG), flags: vol. 1, 3.4.3.1.

import type { Semantics } from './emitter.ts';
import { resize, widthOf } from './width.ts';

const add: Semantics = (e, a, b) => {
  const left = e.readForUpdate(a);
  const right = e.read(b);
  const result = e.add(left, right);
  e.write(a, result);
  e.flagsAdd(left, right, result);
};

const adc: Semantics = (e, a, b) => {
  const left = e.readForUpdate(a);
  const right = e.read(b);
  const carry = e.flag('cf');
  const result = e.add(e.add(left, right), resize(e, carry, widthOf(a)));
  e.write(a, result);
  e.flagsAdc(left, right, carry, result);
};

const sub: Semantics = (e, a, b) => {
  const left = e.readForUpdate(a);
  const right = e.read(b);
  const result = e.sub(left, right);
  e.write(a, result);
  e.flagsSub(left, right, result);
};

const sbb: Semantics = (e, a, b) => {
  const left = e.readForUpdate(a);
  const right = e.read(b);
  const borrow = e.flag('cf');
  const result = e.sub(e.sub(left, right), resize(e, borrow, widthOf(a)));
  e.write(a, result);
  e.flagsSbb(left, right, borrow, result);
};

const cmp: Semantics = (e, a, b) => {
  const left = e.read(a);
  const right = e.read(b);
  e.flagsSub(left, right, e.sub(left, right));
};

const inc: Semantics = (e, a) => {
  const left = e.readForUpdate(a);
  const result = e.add(left, e.constant(widthOf(a), 1));
  e.write(a, result);
  e.flagsInc(left, result);
};

const dec: Semantics = (e, a) => {
  const left = e.readForUpdate(a);
  const result = e.sub(left, e.constant(widthOf(a), 1));
  e.write(a, result);
  e.flagsDec(left, result);
};

const neg: Semantics = (e, a) => {
  const right = e.readForUpdate(a);
  const result = e.neg(right);
  e.write(a, result);
  e.flagsSub(e.constant(widthOf(a), 0), right, result);
};

export const ARITHMETIC: Record<string, Semantics> = {
  ADD: add,
  ADC: adc,
  SUB: sub,
  SBB: sbb,
  CMP: cmp,
  INC: inc,
  DEC: dec,
  NEG: neg,
};
