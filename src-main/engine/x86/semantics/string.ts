// String instructions, single and repeated. Each pass of a repeated one is an instruction of its own: it moves
// the registers and the count by one element, and can fault or be interrupted before the next.
// The destination is always in ES; the source follows the segment override. Index registers and count have the
// address size. Reference: Intel SDM vol. 1, 7.3.9; vol. 2 (REP/REPE/REPNE, MOVS, CMPS, SCAS, LODS, STOS, INS, OUTS).

import { EFLAGS_DF } from '../state/control-bits.ts';
import type { GprName } from '../state/cpu-state.ts';
import type { Emitter, Semantics, Value } from './emitter.ts';
import { bitNumber } from './flag-bits.ts';
import type { Width } from './width.ts';
import { not1, resize, widthOf } from './width.ts';

/** One element. */
type Pass = (e: Emitter, bits: Width) => void;

const index = (e: Emitter, name: GprName): Value => e.register(name, e.shape.addressBits);

/** Size of an element, negative when DF is set. */
function step(e: Emitter, bits: Width): Value {
  const width = e.shape.addressBits;
  const down = e.bit(e.state('flagRest'), bitNumber(EFLAGS_DF));
  return e.select(down, e.constant(width, -bits / 8), e.constant(width, bits / 8));
}

function advance(e: Emitter, bits: Width, ...names: GprName[]): void {
  const by = step(e, bits);
  for (const name of names) e.setRegister(name, e.add(index(e, name), by));
}

/** CMPS and SCAS also stop when ZF no longer is what their prefix asks for. */
function repeat(e: Emitter, pass: () => void, compares: boolean): void {
  if (e.shape.repeat === 'none') {
    pass();
    return;
  }
  const zero = e.constant(e.shape.addressBits, 0);
  e.when(e.notEqual(index(e, 'rcx'), zero), () => {
    e.iterate(() => {
      pass();
      const count = e.sub(index(e, 'rcx'), e.constant(e.shape.addressBits, 1));
      e.setRegister('rcx', count);
      const more = e.notEqual(count, zero);
      if (!compares) return more;
      const equal = e.flag('zf');
      return e.and(more, e.shape.repeat === 'rep' ? equal : not1(e, equal));
    });
  });
}

/** The operands give only the width; in OUTS it is the second one that does, the first is DX. */
function stringOperation(pass: Pass, compares = false): Semantics {
  return (e, a) => repeat(e, () => pass(e, widthOf(a)), compares);
}

const outString: Semantics = (e, _port, source) => repeat(e, () => outs(e, widthOf(source)), false);

const movs: Pass = (e, bits) => {
  e.store('es', index(e, 'rdi'), e.load('instruction', index(e, 'rsi'), bits));
  advance(e, bits, 'rsi', 'rdi');
};

const stos: Pass = (e, bits) => {
  e.store('es', index(e, 'rdi'), e.register('rax', bits));
  advance(e, bits, 'rdi');
};

const lods: Pass = (e, bits) => {
  e.setRegister('rax', e.load('instruction', index(e, 'rsi'), bits));
  advance(e, bits, 'rsi');
};

/** Compares source with destination: the opposite order of the operands' names. */
const cmps: Pass = (e, bits) => {
  const left = e.load('instruction', index(e, 'rsi'), bits);
  const right = e.load('es', index(e, 'rdi'), bits);
  e.flagsSub(left, right, e.sub(left, right));
  advance(e, bits, 'rsi', 'rdi');
};

const scas: Pass = (e, bits) => {
  const left = e.register('rax', bits);
  const right = e.load('es', index(e, 'rdi'), bits);
  e.flagsSub(left, right, e.sub(left, right));
  advance(e, bits, 'rdi');
};

const port = (e: Emitter): Value => e.zeroExtend(e.register('rdx', 16), 32);

/** The port is read only when its value can be stored: reading may take a byte from a device. */
const ins: Pass = (e, bits) => {
  const bytes = e.constant(32, bits / 8);
  e.helper('checkPort', port(e), bytes);
  const offset = index(e, 'rdi');
  e.probeStore('es', offset, bits);
  const value = e.helper('portIn', port(e), bytes);
  e.store('es', offset, resize(e, value, bits));
  advance(e, bits, 'rdi');
};

const outs: Pass = (e, bits) => {
  const bytes = e.constant(32, bits / 8);
  e.helper('checkPort', port(e), bytes);
  const value = e.load('instruction', index(e, 'rsi'), bits);
  e.helper('portOut', port(e), bytes, resize(e, value, 32));
  advance(e, bits, 'rsi');
};

export const STRING: Record<string, Semantics> = {
  MOVS: stringOperation(movs),
  STOS: stringOperation(stos),
  LODS: stringOperation(lods),
  CMPS: stringOperation(cmps, true),
  SCAS: stringOperation(scas, true),
  INS: stringOperation(ins),
  OUTS: outString,
};
