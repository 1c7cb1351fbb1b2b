// WebAssembly in front of the busiest x87 helpers: the common case of loads, stores, arithmetic and comparisons,
// and a call of the helper itself for everything else. Same names and signatures as `x86/helpers/float.table.ts`.
// Benchmark: the float program of tests/bench, built for x87.

import { createModuleBuilder, type ModuleBuilder } from '../../ir/module.ts';
import type { FunctionBuilder, IrFunctionRef, IrType, IrValue } from '../../ir/types.ts';
import { FLOAT_HELPERS } from '../../x86/helpers/float.table.ts';
import {
  X87_ARITHMETIC,
  X87_COMPARE,
  X87_CONSTANT,
  X87_FUNCTION,
  X87_MEMORY,
} from '../../x86/helpers/x87-operations.ts';
import { type EngineImports, IMPORT_MODULE } from '../interpreter/engine-imports.ts';
import type { MemoryLayout } from '../layout.ts';
import { DONE, defineExtended, type ExtendedFunctions, isNormalOrZero, NOT_HANDLED } from './extended.ts';
import { Routine } from './routine.ts';
import { emitStore, emitStoreEnd } from './x87-stores.ts';

const EXPONENT_MASK = 0x7fff;
const SIGN = 0x8000;
const TOP_BIT = -0x8000_0000_0000_0000n;
const C1 = 0x200;
const CONDITION_CODES = 0x4700;
const ERROR_SUMMARY = 0x80;
/** All exceptions masked, nearest rounding, 53 or 64 bits. */
const CONTROL_MASK = 0xe3f;
const CONTROL_COMMON = 0x23f;
/** From the bias of a double or single to that of double-extended. */
const DOUBLE_REBIAS = 16383 - 1023;
const SINGLE_REBIAS = 16383 - 127;

const FAST_HELPERS = [
  'x87Load',
  'x87Load80',
  'x87LoadRegister',
  'x87StoreRegister',
  'x87Exchange',
  'x87Store',
  'x87StoreEnd',
  'x87ArithmeticMemory',
  'x87Arithmetic',
  'x87CompareMemory',
  'x87Compare',
  'x87CompareFlags',
  'x87Function',
  'x87Constant',
  'x87LoadControl',
  'x87Wait',
] as const;
type FastHelper = (typeof FAST_HELPERS)[number];

/** Imports to put in place of the helpers of the same name. */
export function createX87Routines(layout: MemoryLayout, imports: EngineImports): EngineImports {
  const module = createModuleBuilder();
  module.importMemory(IMPORT_MODULE, 'memory', {
    shared: true,
    initial: layout.pages,
    maximum: layout.pages,
  });
  new X87Routines(module, layout).define();
  const compiled = new WebAssembly.Module(module.build({ names: true }));
  const { exports } = new WebAssembly.Instance(compiled, {
    [IMPORT_MODULE]: imports as Record<string, unknown>,
  });
  return exports as Record<string, unknown>;
}

/** A number from memory: significand, sign and exponent; the exponent is negative where it is not normal or zero. */
interface Unpacked {
  readonly significand: IrValue;
  readonly word: IrValue;
}

class X87Routines {
  readonly #module: ModuleBuilder;
  readonly #layout: MemoryLayout;
  readonly #slow = new Map<FastHelper, IrFunctionRef>();
  #extended!: ExtendedFunctions;

  constructor(module: ModuleBuilder, layout: MemoryLayout) {
    this.#module = module;
    this.#layout = layout;
  }

  define(): void {
    // Imports come first in a module.
    for (const name of FAST_HELPERS) {
      this.#slow.set(
        name,
        this.#module.importFunction(IMPORT_MODULE, `helper.${name}`, passed(name), ['i32']),
      );
    }
    this.#extended = defineExtended(this.#module, this.#layout);
    this.#routine('x87Load', (r, [kind]) => this.#load(r, kind as IrValue));
    this.#routine('x87Load80', (r, [word]) => {
      this.#pushNumber(r, r.scratch(0), r.with32('and', word as IrValue, 0xffff));
    });
    this.#routine('x87LoadRegister', (r, [i]) => this.#loadRegister(r, i as IrValue));
    this.#routine('x87StoreRegister', (r, [i, pops]) =>
      this.#storeRegister(r, i as IrValue, pops as IrValue),
    );
    this.#routine('x87Exchange', (r, [i]) => this.#exchange(r, i as IrValue));
    this.#routine('x87Store', (r, [kind, truncate]) =>
      emitStore(r, (condition) => this.#slowly(r, condition), kind as IrValue, truncate as IrValue),
    );
    this.#routine('x87StoreEnd', (r, [pops]) =>
      emitStoreEnd(r, (condition) => this.#slowly(r, condition), pops as IrValue),
    );
    this.#routine('x87Function', (r, [index]) => this.#function(r, index as IrValue));
    this.#routine('x87Constant', (r, [index]) => this.#constant(r, index as IrValue));
    this.#routine('x87LoadControl', (r, [value]) => this.#loadControl(r, value as IrValue));
    this.#routine('x87Wait', (r) => this.#slowly(r, r.with32('and', r.state('fsw'), ERROR_SUMMARY)));
    this.#routine('x87ArithmeticMemory', (r, [operation, kind]) => {
      const top = r.physical(r.i32(0));
      this.#common(r, top);
      const number = this.#fromMemory(r, kind as IrValue, r.scratch(2));
      this.#arithmetic(r, operation as IrValue, top, number);
    });
    this.#routine('x87Arithmetic', (r, [operation, to, from, pops]) => {
      const source = r.physical(from as IrValue);
      const target = r.physical(to as IrValue);
      this.#common(r, source, target);
      const number = { significand: r.significand(source), word: r.exponent(source) };
      this.#arithmetic(r, operation as IrValue, target, number, pops as IrValue);
    });
    this.#routine('x87CompareMemory', (r, [flavour, kind]) => {
      const top = r.physical(r.i32(0));
      this.#common(r, top);
      this.#compare(r, flavour as IrValue, top, this.#fromMemory(r, kind as IrValue, r.scratch(2)));
    });
    this.#routine('x87Compare', (r, [flavour, i]) => {
      const top = r.physical(r.i32(0));
      const other = r.physical(i as IrValue);
      this.#common(r, top, other);
      this.#compare(r, flavour as IrValue, top, {
        significand: r.significand(other),
        word: r.exponent(other),
      });
    });
    this.#routine('x87CompareFlags', (r, [flavour, i]) => {
      const top = r.physical(r.i32(0));
      const other = r.physical(i as IrValue);
      this.#common(r, top, other);
      const order = this.#order(r, top, { significand: r.significand(other), word: r.exponent(other) });
      r.setScratch(0, r.op('i64.extend_i32_u', this.#byOrder(r, order, 0x40, 0x01)));
      r.setState('fsw', r.with32('and', r.state('fsw'), ~C1));
      r.when(r.with32('and', flavour as IrValue, X87_COMPARE.pop), () => r.pop());
    });
  }

  #current: { name: FastHelper; parameters: IrValue[] } | undefined;

  /** Defines an exported function; `body` leaves by `#slowly` for what it does not handle. */
  #routine(name: FastHelper, body: (r: Routine, parameters: IrValue[]) => void): void {
    const types = passed(name);
    const { builder } = this.#module.defineFunction(name, types, ['i32'], { export: `helper.${name}` });
    const r = new Routine(builder, this.#layout);
    const parameters = types.map((_, i) => builder.parameter(i));
    this.#current = { name, parameters };
    body(r, parameters);
    if (builder.open) builder.return(r.i32(DONE));
  }

  /** Hands the whole instruction to the helper where a condition holds. */
  #slowly(r: Routine, condition: IrValue): void {
    const { name, parameters } = this.#current as { name: FastHelper; parameters: IrValue[] };
    r.when(condition, () => this.#slowCall(r.f, name, parameters));
  }
  #slowCall(f: FunctionBuilder, name: FastHelper, parameters: readonly IrValue[]): void {
    f.return(f.call(this.#slow.get(name) as IrFunctionRef, ...parameters));
  }

  /** Nothing pending, the usual control word, and the registers full. */
  #common(r: Routine, ...registers: IrValue[]): void {
    const control = r.with32('xor', r.with32('and', r.state('fcw'), CONTROL_MASK), CONTROL_COMMON);
    let wrong = r.op('i32.or', control, r.with32('and', r.state('fsw'), ERROR_SUMMARY));
    for (const register of registers) wrong = r.op('i32.or', wrong, r.op('i32.eqz', r.isFull(register)));
    this.#slowly(r, wrong);
  }

  #clearC1(r: Routine): void {
    r.setState('fsw', r.with32('and', r.state('fsw'), ~C1));
  }

  /** Pushes an encoding as it is. */
  #pushNumber(r: Routine, significand: IrValue, word: IrValue): void {
    const seventh = r.physical(r.i32(7));
    const pending = r.with32('and', r.state('fsw'), ERROR_SUMMARY);
    this.#slowly(r, r.op('i32.or', pending, r.isFull(seventh)));
    this.#clearC1(r);
    r.setRegister(r.push(), significand, word);
  }

  #load(r: Routine, kind: IrValue): void {
    const { significand, word } = this.#fromMemory(r, kind, r.scratch(1));
    this.#pushNumber(r, significand, word);
  }

  #loadRegister(r: Routine, i: IrValue): void {
    const source = r.physical(i);
    this.#slowly(r, r.op('i32.eqz', r.isFull(source)));
    this.#pushNumber(r, r.significand(source), r.exponent(source));
  }

  #storeRegister(r: Routine, i: IrValue, pops: IrValue): void {
    const top = r.physical(r.i32(0));
    const pending = r.with32('and', r.state('fsw'), ERROR_SUMMARY);
    this.#slowly(r, r.op('i32.or', pending, r.op('i32.eqz', r.isFull(top))));
    this.#clearC1(r);
    r.setRegister(r.physical(i), r.significand(top), r.exponent(top));
    r.when(pops, () => r.pop());
  }

  #exchange(r: Routine, i: IrValue): void {
    const top = r.physical(r.i32(0));
    const other = r.physical(i);
    const full = r.op('i32.and', r.isFull(top), r.isFull(other));
    const pending = r.with32('and', r.state('fsw'), ERROR_SUMMARY);
    this.#slowly(r, r.op('i32.or', pending, r.op('i32.eqz', full)));
    this.#clearC1(r);
    const [significand, word] = [r.significand(top), r.exponent(top)];
    r.setRegister(top, r.significand(other), r.exponent(other));
    r.setRegister(other, significand, word);
  }

  /** Leaves slowly for denormals, infinities and NaNs. */
  #fromMemory(r: Routine, kind: IrValue, bits: IrValue): Unpacked {
    const significand = r.variable(r.i64(0));
    const word = r.variable(r.i32(0));
    r.when(
      r.with32('eq', kind, X87_MEMORY.f64),
      () => {
        const exponent = r.op('i32.wrap_i64', r.with64('and', r.with64('shr_u', bits, 52), 0x7ff));
        const sign = r.with32('and', r.op('i32.wrap_i64', r.with64('shr_u', bits, 48)), SIGN);
        const fraction = r.with64('or', r.with64('shl', bits, 11), TOP_BIT);
        this.#widen(
          r,
          { significand, word },
          { exponent, sign, fraction },
          0x7ff,
          DOUBLE_REBIAS,
          r.with64('shl', bits, 1),
        );
      },
      () =>
        r.when(
          r.with32('eq', kind, X87_MEMORY.f32),
          () => {
            const low = r.op('i32.wrap_i64', bits);
            const exponent = r.with32('and', r.with32('shr_u', low, 23), 0xff);
            const sign = r.with32('and', r.with32('shr_u', low, 16), SIGN);
            const fraction = r.with64('or', r.with64('shl', bits, 40), TOP_BIT);
            this.#widen(
              r,
              { significand, word },
              { exponent, sign, fraction },
              0xff,
              SINGLE_REBIAS,
              r.with64('shl', bits, 33),
            );
          },
          () => this.#fromInteger(r, { significand, word }, bits),
        ),
    );
    return { significand: r.get(significand), word: r.get(word) };
  }

  /** A single or double in parts; `magnitude` is zero for the two zeros. */
  #widen(
    r: Routine,
    to: { significand: ReturnType<Routine['variable']>; word: ReturnType<Routine['variable']> },
    parts: { exponent: IrValue; sign: IrValue; fraction: IrValue },
    special: number,
    rebias: number,
    magnitude: IrValue,
  ): void {
    const { exponent, sign, fraction } = parts;
    r.when(
      r.op('i64.eqz', magnitude),
      () => r.set(to.word, sign),
      () => {
        this.#slowly(r, r.with32('gt_u', r.with32('sub', exponent, 1), special - 2));
        r.set(to.significand, fraction);
        r.set(to.word, r.op('i32.or', sign, r.with32('add', exponent, rebias)));
      },
    );
  }

  #fromInteger(
    r: Routine,
    to: { significand: ReturnType<Routine['variable']>; word: ReturnType<Routine['variable']> },
    bits: IrValue,
  ): void {
    r.when(r.with64('ne', bits, 0), () => {
      const sign = r.with64('shr_s', bits, 63);
      const magnitude = r.op('i64.sub', r.op('i64.xor', bits, sign), sign);
      const places = r.op('i64.clz', magnitude);
      r.set(to.significand, r.op('i64.shl', magnitude, places));
      const exponent = r.op('i32.sub', r.i32(16383 + 63), r.op('i32.wrap_i64', places));
      r.set(to.word, r.op('i32.or', exponent, r.with32('and', r.op('i32.wrap_i64', sign), SIGN)));
    });
  }

  #arithmetic(r: Routine, operation: IrValue, target: IrValue, number: Unpacked, pops?: IrValue): void {
    const { f } = r;
    const [significand, word] = [r.significand(target), r.exponent(target)];
    const normal = r.op(
      'i32.and',
      isNormalOrZero(r, significand, word),
      isNormalOrZero(r, number.significand, number.word),
    );
    this.#slowly(r, r.op('i32.eqz', normal));
    const status = r.variable(r.i32(NOT_HANDLED));
    const own = [significand, word] as const;
    const other = [number.significand, number.word] as const;
    const negated = [number.significand, r.with32('xor', number.word, SIGN)] as const;
    const negatedOwn = [significand, r.with32('xor', word, SIGN)] as const;
    const { add, multiply, divide } = this.#extended;
    const cases: readonly [
      number,
      IrFunctionRef,
      readonly [IrValue, IrValue],
      readonly [IrValue, IrValue],
    ][] = [
      [X87_ARITHMETIC.add, add, own, other],
      [X87_ARITHMETIC.multiply, multiply, own, other],
      [X87_ARITHMETIC.subtract, add, own, negated],
      [X87_ARITHMETIC.subtractReverse, add, other, negatedOwn],
      [X87_ARITHMETIC.divide, divide, own, other],
      [X87_ARITHMETIC.divideReverse, divide, other, own],
    ];
    const after = f.block();
    const targets = cases.map(() => f.block());
    f.switch(operation, targets, after);
    cases.forEach(([, callee, left, right], i) => {
      f.enter(targets[i] as ReturnType<FunctionBuilder['block']>);
      r.set(status, r.call(callee, ...left, ...right, target));
      f.jump(after);
    });
    f.enter(after);
    this.#slowly(r, r.get(status));
    if (pops !== undefined) r.when(pops, () => r.pop());
  }

  /** Order of ST(0) and a number: -1, 0, 1. */
  #order(r: Routine, top: IrValue, number: Unpacked): IrValue {
    const { f } = r;
    const [significand, word] = [r.significand(top), r.exponent(top)];
    const normal = r.op(
      'i32.and',
      isNormalOrZero(r, significand, word),
      isNormalOrZero(r, number.significand, number.word),
    );
    this.#slowly(r, r.op('i32.eqz', normal));
    const exponent = r.with32('and', word, EXPONENT_MASK);
    const otherExponent = r.with32('and', number.word, EXPONENT_MASK);
    const difference = r.op('i32.sub', exponent, otherExponent);
    const greater = r.op('i64.gt_u', significand, number.significand);
    const less = r.op('i64.lt_u', significand, number.significand);
    const sameExponent = r.op('i32.eqz', difference);
    const bySignificand = r.op('i32.sub', greater, less);
    const byExponent = r.with32('or', r.with32('shr_s', difference, 31), 1);
    const magnitude = f.select(sameExponent, bySignificand, byExponent);
    const negative = r.with32('and', word, SIGN);
    const otherNegative = r.with32('and', number.word, SIGN);
    const sameSign = f.select(negative, r.op('i32.sub', r.i32(0), magnitude), magnitude);
    const bySign = f.select(negative, r.i32(-1), r.i32(1));
    const bothZero = r.op('i64.eqz', r.op('i64.or', significand, number.significand));
    const order = f.select(r.op('i32.eq', negative, otherNegative), sameSign, bySign);
    return f.select(bothZero, r.i32(0), order);
  }

  /** One of two words, or 0 where ST(0) is the greater. */
  #byOrder(r: Routine, order: IrValue, equal: number, less: number): IrValue {
    const lessOrZero = r.f.select(r.with32('lt_s', order, 0), r.i32(less), r.i32(0));
    return r.f.select(r.op('i32.eqz', order), r.i32(equal), lessOrZero);
  }

  #compare(r: Routine, flavour: IrValue, top: IrValue, number: Unpacked): void {
    const codes = this.#byOrder(r, this.#order(r, top, number), 0x4000, 0x0100);
    r.setState('fsw', r.op('i32.or', r.with32('and', r.state('fsw'), ~CONDITION_CODES), codes));
    r.when(r.with32('and', flavour, X87_COMPARE.pop | X87_COMPARE.popTwice), () => r.pop());
    r.when(r.with32('and', flavour, X87_COMPARE.popTwice), () => r.pop());
  }

  /** FCHS and FABS; the other functions are left to the helper. */
  #function(r: Routine, index: IrValue): void {
    const { f } = r;
    const top = r.physical(r.i32(0));
    const absolute = r.with32('eq', index, X87_FUNCTION.FABS);
    const known = r.op('i32.or', absolute, r.with32('eq', index, X87_FUNCTION.FCHS));
    const pending = r.with32('and', r.state('fsw'), ERROR_SUMMARY);
    this.#slowly(r, r.op('i32.or', pending, r.op('i32.eqz', r.op('i32.and', known, r.isFull(top)))));
    this.#clearC1(r);
    const word = r.exponent(top);
    const changed = f.select(absolute, r.with32('and', word, EXPONENT_MASK), r.with32('xor', word, SIGN));
    r.setRegister(top, r.significand(top), changed);
  }

  /** FLD1 and FLDZ. */
  #constant(r: Routine, index: IrValue): void {
    const one = r.with32('eq', index, X87_CONSTANT.FLD1);
    this.#slowly(r, r.op('i32.eqz', r.op('i32.or', one, r.with32('eq', index, X87_CONSTANT.FLDZ))));
    const significand = r.f.select(one, r.i64(TOP_BIT), r.i64(0));
    this.#pushNumber(r, significand, r.f.select(one, r.i32(0x3fff), r.i32(0)));
  }

  /** FLDCW that unmasks nothing that is flagged. */
  #loadControl(r: Routine, value: IrValue): void {
    const control = r.with32('or', r.with32('and', value, 0x1f3f), 0x40);
    const unmasked = r.op('i32.and', r.with32('xor', control, -1), r.with32('and', r.state('fsw'), 0x3f));
    const pending = r.with32('and', r.state('fsw'), ERROR_SUMMARY);
    this.#slowly(r, r.op('i32.or', unmasked, pending));
    r.setState('fcw', control);
  }
}

/** Types of a helper's call: its 32-bit parameters. */
function passed(name: FastHelper): IrType[] {
  return FLOAT_HELPERS[name].parameters.filter((type) => type === 'i32').map(() => 'i32');
}
