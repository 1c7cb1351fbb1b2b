// x87 instructions as calls of helpers, with the memory accesses and last-instruction pointers around them.
// Not here: the arithmetic (helpers/x87-*.ts), state images (x87-state.ts).
// Reference: Intel SDM vol. 1, chapter 8; vol. 2 by mnemonic.

import {
  X87_ARITHMETIC,
  X87_COMPARE,
  X87_CONSTANT,
  X87_FUNCTION,
  X87_MEMORY,
  X87_STACK,
} from '../helpers/x87-operations.ts';
import type { Emitter, Operand, Semantics, Value } from './emitter.ts';

/** Monitor coprocessor and task switched. */
const CR0_MP_TS = 0x0a;

const number = (e: Emitter, value: number): Value => e.constant(32, value);

/** FIP, FCS and FDP, of instructions that compute: what an exception handler asks for. */
export function notePointers(e: Emitter, memory?: Operand): void {
  const here = e.thisInstruction();
  e.setState('fip', here.bits === 64 ? here : e.zeroExtend(here, 64));
  e.setState('fcs', e.state('segmentSelector', 1));
  if (memory === undefined) return;
  const address = e.address(memory);
  e.setState('fdp', address.bits === 64 ? address : e.zeroExtend(address, 64));
}

/** A memory operand of up to 64 bits as `X87_MEMORY` kind and 64 bits. */
function memoryValue(e: Emitter, operand: Operand, integer: boolean): { kind: Value; bits: Value } {
  const value = e.read(operand);
  if (!integer) {
    const kind = operand.bits === 32 ? X87_MEMORY.f32 : X87_MEMORY.f64;
    return { kind: number(e, kind), bits: operand.bits === 64 ? value : e.zeroExtend(value, 64) };
  }
  return {
    kind: number(e, integerKind(operand)),
    bits: operand.bits === 64 ? value : e.signExtend(value, 64),
  };
}

function integerKind(operand: Operand): number {
  return operand.bits === 16 ? X87_MEMORY.i16 : operand.bits === 32 ? X87_MEMORY.i32 : X87_MEMORY.i64;
}

function floatKind(operand: Operand): number {
  if (operand.bits === 80) return X87_MEMORY.f80;
  return operand.bits === 32 ? X87_MEMORY.f32 : X87_MEMORY.f64;
}

/** The two parts of an 80-bit memory operand. */
function extendedParts(e: Emitter, operand: Operand): { offset: Value; upper: Value } {
  const offset = e.address(operand);
  const bits = e.shape.addressBits;
  return { offset, upper: e.add(offset, e.constant(bits, 8)) };
}

function load(e: Emitter, source: Operand): void {
  if (source.kind === 'register') {
    e.helper('x87LoadRegister', e.registerNumber(source));
    notePointers(e);
    return;
  }
  if (source.bits === 80) {
    loadExtended(e, source, 'x87Load80');
  } else {
    const { kind, bits } = memoryValue(e, source, false);
    e.helper('x87Load', kind, bits);
  }
  notePointers(e, source);
}

function loadExtended(e: Emitter, source: Operand, helper: 'x87Load80' | 'x87LoadDecimal'): void {
  const { offset, upper } = extendedParts(e, source);
  const low = e.load('instruction', offset, 64);
  const top = e.load('instruction', upper, 16);
  e.helper(helper, low, e.zeroExtend(top, 32));
}

/** FST, FIST, FISTTP, FBSTP and their popping forms to memory. */
function storeMemory(e: Emitter, destination: Operand, kind: number, truncate: boolean, pops: number): void {
  const value = e.helper('x87Store', number(e, kind), number(e, truncate ? 1 : 0));
  const rest = e.state('scratch', 1);
  e.when(e.bit(rest, 32), () => {
    if (destination.bits === 80) {
      const { offset, upper } = extendedParts(e, destination);
      e.probeStore('instruction', offset, 64);
      e.probeStore('instruction', upper, 16);
      e.store('instruction', offset, value);
      e.store('instruction', upper, e.truncate(rest, 16));
    } else {
      e.write(
        destination,
        destination.bits === 64 ? value : e.truncate(value, destination.bits === 32 ? 32 : 16),
      );
    }
  });
  e.helper('x87StoreEnd', number(e, pops));
  notePointers(e, destination);
}

function store(pops: number): Semantics {
  return (e, destination) => {
    if (destination.kind === 'memory') {
      storeMemory(e, destination, floatKind(destination), false, pops);
      return;
    }
    e.helper('x87StoreRegister', e.registerNumber(destination), number(e, pops));
    notePointers(e);
  };
}

function storeInteger(truncate: boolean, pops: number): Semantics {
  return (e, destination) => storeMemory(e, destination, integerKind(destination), truncate, pops);
}

/** FADD and its like with a float operand: memory, or two registers with the destination first. */
function arithmetic(operation: number, pops: number): Semantics {
  return (e, first, second) => {
    if (first.kind === 'memory') {
      const { kind, bits } = memoryValue(e, first, false);
      e.helper('x87ArithmeticMemory', number(e, operation), kind, bits);
      notePointers(e, first);
      return;
    }
    const to = e.registerNumber(first);
    e.helper('x87Arithmetic', number(e, operation), to, e.registerNumber(second), number(e, pops));
    notePointers(e);
  };
}

function integerArithmetic(operation: number): Semantics {
  return (e, source) => {
    const { kind, bits } = memoryValue(e, source, true);
    e.helper('x87ArithmeticMemory', number(e, operation), kind, bits);
    notePointers(e, source);
  };
}

/** FCOM and its like. Register forms name ST(0) first; FCOMPP has no operand and means ST(1). */
function compare(flavour: number, integer = false): Semantics {
  return (e, first, second) => {
    if (first?.kind === 'memory') {
      const { kind, bits } = memoryValue(e, first, integer);
      e.helper('x87CompareMemory', number(e, flavour), kind, bits);
      notePointers(e, first);
      return;
    }
    const other = second === undefined ? number(e, 1) : e.registerNumber(second);
    e.helper('x87Compare', number(e, flavour), other);
    notePointers(e);
  };
}

function compareToFlags(flavour: number): Semantics {
  return (e, _first, second) => {
    e.setEflags(e.helper('x87CompareFlags', number(e, flavour), e.registerNumber(second)), 0x8d5);
    notePointers(e);
  };
}

/** One semantics function for each name of a table of helper operations. */
function byName(
  table: Readonly<Record<string, number>>,
  helper: 'x87Function' | 'x87Constant',
): Record<string, Semantics> {
  return Object.fromEntries(
    Object.entries(table).map(([mnemonic, index]) => [
      mnemonic,
      (e: Emitter) => {
        e.helper(helper, number(e, index));
        notePointers(e);
      },
    ]),
  );
}

function stackControl(operation: number): Semantics {
  return (e, register) => {
    const i = register === undefined ? number(e, 0) : e.registerNumber(register);
    e.helper('x87StackControl', number(e, operation), i);
    if (operation !== X87_STACK.FNOP) notePointers(e);
  };
}

const ARITHMETIC_STEMS: Readonly<Record<string, number>> = {
  ADD: X87_ARITHMETIC.add,
  MUL: X87_ARITHMETIC.multiply,
  SUB: X87_ARITHMETIC.subtract,
  SUBR: X87_ARITHMETIC.subtractReverse,
  DIV: X87_ARITHMETIC.divide,
  DIVR: X87_ARITHMETIC.divideReverse,
};

const ARITHMETIC: Readonly<Record<string, Semantics>> = Object.fromEntries(
  Object.entries(ARITHMETIC_STEMS).flatMap(([stem, operation]) => [
    [`F${stem}`, arithmetic(operation, 0)],
    [`F${stem}P`, arithmetic(operation, 1)],
    [`FI${stem}`, integerArithmetic(operation)],
  ]),
);

export const X87: Readonly<Record<string, Semantics>> = {
  ...ARITHMETIC,
  ...byName(X87_FUNCTION, 'x87Function'),
  ...byName(X87_CONSTANT, 'x87Constant'),
  FLD: load,
  FILD(e, source) {
    const { kind, bits } = memoryValue(e, source, true);
    e.helper('x87Load', kind, bits);
    notePointers(e, source);
  },
  FBLD(e, source) {
    loadExtended(e, source, 'x87LoadDecimal');
    notePointers(e, source);
  },
  FST: store(0),
  FSTP: store(1),
  FIST: storeInteger(false, 0),
  FISTP: storeInteger(false, 1),
  FISTTP: storeInteger(true, 1),
  FBSTP(e, destination) {
    storeMemory(e, destination, X87_MEMORY.decimal, false, 1);
  },
  FXCH(e, _first, second) {
    e.helper('x87Exchange', e.registerNumber(second));
    notePointers(e);
  },
  FCMOVcc(e, _first, second) {
    const taken = e.zeroExtend(e.condition(e.shape.condition ?? 0), 32);
    e.helper('x87ConditionalMove', e.registerNumber(second), taken);
    notePointers(e);
  },
  FCOM: compare(0),
  FCOMP: compare(X87_COMPARE.pop),
  FCOMPP: compare(X87_COMPARE.popTwice),
  FUCOM: compare(X87_COMPARE.quiet),
  FUCOMP: compare(X87_COMPARE.quiet | X87_COMPARE.pop),
  FUCOMPP: compare(X87_COMPARE.quiet | X87_COMPARE.popTwice),
  FICOM: compare(0, true),
  FICOMP: compare(X87_COMPARE.pop, true),
  FCOMI: compareToFlags(0),
  FCOMIP: compareToFlags(X87_COMPARE.pop),
  FUCOMI: compareToFlags(X87_COMPARE.quiet),
  FUCOMIP: compareToFlags(X87_COMPARE.quiet | X87_COMPARE.pop),
  FNOP: stackControl(X87_STACK.FNOP),
  FINCSTP: stackControl(X87_STACK.FINCSTP),
  FDECSTP: stackControl(X87_STACK.FDECSTP),
  FFREE: stackControl(X87_STACK.FFREE),
  FFREEP: stackControl(X87_STACK.FFREEP),
  /** FWAIT. Alone among the x87 instructions it needs CR0.MP for CR0.TS to matter, and ignores CR0.EM. */
  WAIT(e) {
    const guarded = e.and(e.truncate(e.state('cr0'), 32), number(e, CR0_MP_TS));
    e.faultWhen(e.equal(guarded, number(e, CR0_MP_TS)), 7);
    e.helper('x87Wait');
  },
};
