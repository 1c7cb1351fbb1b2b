// x87 control and state: control and status word, environment, FNSAVE, FXSAVE. An image goes through a staging
// buffer; its ends are probed first, so that the loop of stores cannot fault half way.
// Reference: Intel SDM vol. 1, 8.1.10, 10.5; vol. 2, FLDENV, FNSAVE, FXSAVE, FXRSTOR.

import { X87_IMAGE } from '../helpers/x87-operations.ts';
import type { Emitter, Operand, Semantics, Value } from './emitter.ts';
import { waitForX87 } from './vector-operand.ts';

const number = (e: Emitter, value: number): Value => e.constant(32, value);

/** `offset` plus a number, with the wrap of the address size. */
function plus(e: Emitter, offset: Value, bytes: number): Value {
  return bytes === 0 ? offset : e.add(offset, e.constant(e.shape.addressBits, bytes));
}

function plusValue(e: Emitter, offset: Value, bytes: Value): Value {
  const { addressBits } = e.shape;
  const wide =
    addressBits === 64 ? e.zeroExtend(bytes, 64) : addressBits === 16 ? e.truncate(bytes, 16) : bytes;
  return e.add(offset, wide);
}

/** Runs `body` for run-time offsets 0, 8, 16, … below `bytes`. */
function eachQuad(e: Emitter, bytes: number, body: (position: Value) => void): void {
  const position = e.variable(number(e, 0));
  e.loop(() => {
    body(e.get(position));
    e.set(position, e.add(e.get(position), number(e, 8)));
    return e.lessU(e.get(position), number(e, bytes));
  });
}

/** Stores `bytes` bytes of the staging buffer; a multiple of 8 first, the rest in smaller pieces. */
function storeImage(e: Emitter, offset: Value, bytes: number): void {
  const whole = bytes & ~7;
  eachQuad(e, whole, (position) =>
    e.store('instruction', plusValue(e, offset, position), e.helper('imageQuad', position)),
  );
  let rest = e.helper('imageQuad', number(e, whole));
  let done = whole;
  for (const bits of [32, 16] as const) {
    if (bytes - done < bits / 8) continue;
    e.store('instruction', plus(e, offset, done), e.truncate(rest, bits));
    rest = e.shr(rest, e.constant(64, bits));
    done += bits / 8;
  }
}

function loadImage(e: Emitter, offset: Value, bytes: number): void {
  const whole = bytes & ~7;
  eachQuad(e, whole, (position) => {
    e.helper('setImageQuad', position, e.load('instruction', plusValue(e, offset, position), 64));
  });
  let rest: Value = e.constant(64, 0);
  let done = whole;
  for (const bits of [32, 16] as const) {
    if (bytes - done < bits / 8) continue;
    const part = e.zeroExtend(e.load('instruction', plus(e, offset, done), bits), 64);
    rest = e.or(rest, e.shl(part, e.constant(64, 8 * (done - whole))));
    done += bits / 8;
  }
  if (done !== whole) e.helper('setImageQuad', number(e, whole), rest);
}

function imageForm(e: Emitter, state: boolean): number {
  return (
    (state ? X87_IMAGE.state : X87_IMAGE.environment) |
    (e.shape.operandBits === 16 ? 0 : X87_IMAGE.wide) |
    (e.shape.protectedMode ? 0 : X87_IMAGE.real)
  );
}

function imageBytes(form: number): number {
  return ((form & X87_IMAGE.wide) !== 0 ? 28 : 14) + ((form & X87_IMAGE.state) !== 0 ? 80 : 0);
}

/** FNSTENV, FNSAVE. */
function saveState(state: boolean): Semantics {
  return (e, destination) => {
    const form = imageForm(e, state);
    const bytes = imageBytes(form);
    const offset = e.address(destination);
    e.probeStore('instruction', offset, 16);
    e.probeStore('instruction', plus(e, offset, bytes - 2), 16);
    e.helper('x87ImageSave', number(e, form));
    storeImage(e, offset, bytes);
    e.helper('x87ImageSaved', number(e, form));
  };
}

/** FLDENV, FRSTOR. */
function restoreState(state: boolean): Semantics {
  return (e, source) => {
    const form = imageForm(e, state);
    waitForX87(e);
    loadImage(e, e.address(source), imageBytes(form));
    e.helper('x87ImageLoad', number(e, form));
  };
}

/** x87 registers and header of an FXSAVE area; the XMM registers follow. */
const FXSAVE_HEAD = 160;
const FXSAVE_BYTES = 512;

function alignedArea(e: Emitter, operand: Operand): Value {
  const offset = e.address(operand);
  const low = e.and(e.truncate(e.linearAddress('instruction', offset), 32), number(e, 15));
  e.faultWhen(e.notEqual(low, number(e, 0)), 13, 0);
  return offset;
}

/** XMM8 and up exist in 64-bit code only. */
const xmmCount = (e: Emitter): number => (e.shape.codeBits === 64 ? 16 : 8);

const wide = (e: Emitter): Value => number(e, e.shape.operandBits === 64 ? 1 : 0);

function fxsave(e: Emitter, destination: Operand): void {
  const offset = alignedArea(e, destination);
  e.probeStore('instruction', offset, 64);
  e.probeStore('instruction', plus(e, offset, FXSAVE_BYTES - 8), 64);
  e.helper('fxsaveImage', wide(e));
  storeImage(e, offset, FXSAVE_HEAD);
  for (let i = 0; i < xmmCount(e); i++) {
    e.store('instruction', plus(e, offset, FXSAVE_HEAD + 16 * i), e.state('xmm', i));
  }
}

function fxrstor(e: Emitter, source: Operand): void {
  const offset = alignedArea(e, source);
  loadImage(e, offset, FXSAVE_HEAD);
  const registers = Array.from({ length: xmmCount(e) }, (_, i) =>
    e.load('instruction', plus(e, offset, FXSAVE_HEAD + 16 * i), 128),
  );
  e.helper('fxrstorImage', wide(e));
  registers.forEach((value, i) => {
    e.setState('xmm', value, i);
  });
}

/** Status word with TOP, 16 bits. */
function statusWord(e: Emitter): Value {
  return e.truncate(e.or(e.state('fsw'), e.shl(e.state('ftop'), number(e, 11))), 16);
}

export const X87_STATE: Readonly<Record<string, Semantics>> = {
  FLDCW(e, source) {
    e.helper('x87LoadControl', e.zeroExtend(e.read(source), 32));
  },
  FNSTCW(e, destination) {
    e.write(destination, e.truncate(e.state('fcw'), 16));
  },
  FNSTSW(e, destination) {
    e.write(destination, statusWord(e));
  },
  FNCLEX(e) {
    e.helper('x87ClearExceptions');
  },
  FNINIT(e) {
    e.helper('x87Initialize');
  },
  FNSTENV: saveState(false),
  FLDENV: restoreState(false),
  FNSAVE: saveState(true),
  FRSTOR: restoreState(true),
  FXSAVE: fxsave,
  FXRSTOR: fxrstor,
};
