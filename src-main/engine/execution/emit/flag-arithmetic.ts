// Flags of arithmetic and conditions over them, in the result-and-auxiliary form of the CPU block
// (`CPU_FIELDS.flagResult`, `flagAux`). Pure IR; where the two words live is the binding's business.
// Reference: Intel SDM vol. 1, 3.4.3.1 (status flags), appendix B (condition codes).

import type { FunctionBuilder, IrValue } from '../../ir/types.ts';
import type { FlagName } from '../../x86/semantics/emitter.ts';
import type { FlagBinding } from './binding.ts';
import { integerName } from './value.ts';

export const CF = 0x001;
export const PF = 0x004;
export const AF = 0x010;
export const ZF = 0x040;
export const SF = 0x080;
export const OF = 0x800;
const OF_BIT = 11;
const PARITY_DELTA_SHIFT = 16;
const SIGN_DELTA_SHIFT = 24;

export interface FlagOperation {
  readonly bits: number;
  readonly left: IrValue;
  readonly right: IrValue;
  readonly result: IrValue;
}

/** Operations named without their type prefix, on 32-bit values or on 64-bit ones. */
function typed(f: FunctionBuilder, bits: number) {
  const type = bits === 64 ? 'i64' : 'i32';
  return (name: string, a: IrValue, b: IrValue) => f.op(integerName(type, name), a, b);
}

/** Sign-extends an operation's result to the 64-bit form that ZF and SF are read from. */
export function extendResult(f: FunctionBuilder, bits: number, result: IrValue): IrValue {
  if (bits === 64) return result;
  if (bits === 32) return f.op('i64.extend_i32_s', result);
  return f.op('i64.extend_i32_s', f.op(bits === 8 ? 'i32.extend8_s' : 'i32.extend16_s', result));
}

/** Moves bit `bits - 1` of a value to OF's place; the other bits are cleared. */
function signToOverflow(f: FunctionBuilder, bits: number, value: IrValue): IrValue {
  const shift = bits - 1 - OF_BIT;
  let word = value;
  if (bits === 64) word = f.op('i32.wrap_i64', f.op('i64.shr_u', value, f.constant('i64', shift)));
  else if (shift > 0) word = f.op('i32.shr_u', value, f.constant('i32', shift));
  else if (shift < 0) word = f.op('i32.shl', value, f.constant('i32', -shift));
  return f.op('i32.and', word, f.constant('i32', OF));
}

function adjust(f: FunctionBuilder, { bits, left, right, result }: FlagOperation, shift?: IrValue): IrValue {
  const op = typed(f, bits);
  const shifted = op('xor', op('xor', left, right), result);
  const carries = shift === undefined ? shifted : op('shr_u', shifted, shift);
  return f.op('i32.and', bits === 64 ? f.op('i32.wrap_i64', carries) : carries, f.constant('i32', AF));
}

export function addOverflow(f: FunctionBuilder, { bits, left, right, result }: FlagOperation): IrValue {
  const op = typed(f, bits);
  return signToOverflow(f, bits, op('and', op('xor', left, result), op('xor', right, result)));
}

export function subOverflow(f: FunctionBuilder, { bits, left, right, result }: FlagOperation): IrValue {
  const op = typed(f, bits);
  return signToOverflow(f, bits, op('and', op('xor', left, right), op('xor', left, result)));
}

const join = (f: FunctionBuilder, a: IrValue, b: IrValue, c: IrValue) =>
  f.op('i32.or', f.op('i32.or', a, b), c);

/** `shift`: how far the lowest bits of operands and result, which fill the upper ones of their type, stand above bit 0. */
export function auxOfAdd(f: FunctionBuilder, o: FlagOperation, shift?: IrValue): IrValue {
  return join(f, typed(f, o.bits)('lt_u', o.result, o.left), adjust(f, o, shift), addOverflow(f, o));
}

export function auxOfSub(f: FunctionBuilder, o: FlagOperation): IrValue {
  return join(f, typed(f, o.bits)('lt_u', o.left, o.right), adjust(f, o), subOverflow(f, o));
}

/** Top bit of a carry vector as CF. */
function topBit(f: FunctionBuilder, bits: number, vector: IrValue): IrValue {
  if (bits === 64) return f.op('i32.wrap_i64', f.op('i64.shr_u', vector, f.constant('i64', 63)));
  return f.op('i32.and', f.op('i32.shr_u', vector, f.constant('i32', bits - 1)), f.constant('i32', 1));
}

function not(f: FunctionBuilder, bits: number, value: IrValue): IrValue {
  return bits === 64
    ? f.op('i64.xor', value, f.constant('i64', -1))
    : f.op('i32.xor', value, f.constant('i32', -1));
}

/** ADC: the carry out of each bit is majority(left, right, carry in), from left, right and result alone. */
export function auxOfAdc(f: FunctionBuilder, o: FlagOperation): IrValue {
  const op = typed(f, o.bits);
  const carries = op(
    'or',
    op('and', o.left, o.right),
    op('and', op('or', o.left, o.right), not(f, o.bits, o.result)),
  );
  return join(f, topBit(f, o.bits, carries), adjust(f, o), addOverflow(f, o));
}

export function auxOfSbb(f: FunctionBuilder, o: FlagOperation): IrValue {
  const op = typed(f, o.bits);
  const inverse = not(f, o.bits, o.left);
  const borrows = op('or', op('and', inverse, o.right), op('and', op('or', inverse, o.right), o.result));
  return join(f, topBit(f, o.bits, borrows), adjust(f, o), subOverflow(f, o));
}

/** INC (`delta` 1) and DEC (`delta` -1): CF is taken from `aux`. */
export function auxOfStep(
  f: FunctionBuilder,
  bits: number,
  result: IrValue,
  delta: 1 | -1,
  aux: IrValue,
): IrValue {
  const type = bits === 64 ? 'i64' : 'i32';
  const top = bits === 64 ? -0x8000_0000_0000_0000n : bits === 32 ? -0x8000_0000 : 2 ** (bits - 1);
  const overflowed =
    delta === 1 ? top : typeof top === 'bigint' ? -(top + 1n) : bits === 32 ? 0x7fff_ffff : top - 1;
  const of = f.op(
    'i32.shl',
    f.op(integerName(type, 'eq'), result, f.constant(type, overflowed)),
    f.constant('i32', OF_BIT),
  );
  const low = f.op('i32.and', bits === 64 ? f.op('i32.wrap_i64', result) : result, f.constant('i32', 15));
  const af = f.op(
    'i32.shl',
    f.op('i32.eq', low, f.constant('i32', delta === 1 ? 0 : 15)),
    f.constant('i32', 4),
  );
  return join(f, f.op('i32.and', aux, f.constant('i32', CF)), of, af);
}

/** One flag as 0 or 1. */
export function readFlag(f: FunctionBuilder, flags: FlagBinding, name: FlagName): IrValue {
  const one = f.constant('i32', 1);
  const auxBit = (shift: number) =>
    f.op('i32.and', f.op('i32.shr_u', flags.aux(), f.constant('i32', shift)), one);
  switch (name) {
    case 'cf':
      return f.op('i32.and', flags.aux(), one);
    case 'af':
      return auxBit(4);
    case 'of':
      return auxBit(OF_BIT);
    case 'zf':
      return f.op('i64.eqz', flags.result());
    case 'sf':
      return f.op(
        'i32.xor',
        f.op('i64.lt_s', flags.result(), f.constant('i64', 0)),
        auxBit(SIGN_DELTA_SHIFT),
      );
    case 'pf': {
      const delta = f.op('i32.shr_u', flags.aux(), f.constant('i32', PARITY_DELTA_SHIFT));
      const byte = f.op(
        'i32.and',
        f.op('i32.xor', f.op('i32.wrap_i64', flags.result()), delta),
        f.constant('i32', 0xff),
      );
      return f.op('i32.xor', f.op('i32.and', f.op('i32.popcnt', byte), one), one);
    }
  }
}

/** A condition code as 0 or 1. */
export function readCondition(f: FunctionBuilder, flags: FlagBinding, code: number): IrValue {
  const flag = (name: FlagName) => readFlag(f, flags, name);
  const signed = () => f.op('i32.xor', flag('sf'), flag('of'));
  const pairs = [
    () => flag('of'),
    () => flag('cf'),
    () => flag('zf'),
    () => f.op('i32.or', flag('cf'), flag('zf')),
    () => flag('sf'),
    () => flag('pf'),
    signed,
    () => f.op('i32.or', signed(), flag('zf')),
  ];
  const value = (pairs[code >> 1] as () => IrValue)();
  return code & 1 ? f.op('i32.eqz', value) : value;
}

/** The six status flags in their EFLAGS places. */
export function assembleStatus(f: FunctionBuilder, flags: FlagBinding): IrValue {
  const place = (name: FlagName, shift: number) =>
    f.op('i32.shl', readFlag(f, flags, name), f.constant('i32', shift));
  const aux = f.op('i32.and', flags.aux(), f.constant('i32', CF | AF | OF));
  return join(f, f.op('i32.or', aux, place('pf', 2)), place('zf', 6), place('sf', 7));
}

/** The result and auxiliary words that read back as the given EFLAGS image. */
export function takeStatus(f: FunctionBuilder, image: IrValue): { result: IrValue; aux: IrValue } {
  const bit = (n: number) =>
    f.op('i32.and', f.op('i32.shr_u', image, f.constant('i32', n)), f.constant('i32', 1));
  // ZF set: result 0, whose parity is even and sign clear. ZF clear: result 1, odd and clear. Deltas mend the rest.
  const zero = bit(6);
  const result = f.op('i64.extend_i32_u', f.op('i32.xor', zero, f.constant('i32', 1)));
  const parityDelta = f.op('i32.xor', bit(2), zero);
  const aux = join(
    f,
    f.op('i32.and', image, f.constant('i32', CF | AF | OF)),
    f.op('i32.shl', parityDelta, f.constant('i32', PARITY_DELTA_SHIFT)),
    f.op('i32.shl', bit(7), f.constant('i32', SIGN_DELTA_SHIFT)),
  );
  return { result, aux };
}

/** The two words after a comparison of floats, neither a NaN: CF less, ZF equal, the others 0. */
export function wordsOfOrder(f: FunctionBuilder, left: IrValue, right: IrValue): { result: IrValue; aux: IrValue } {
  const less = f.op(`${left.type}.lt`, left, right);
  const equal = f.op(`${left.type}.eq`, left, right);
  return takeStatus(f, f.op('i32.or', less, f.op('i32.shl', equal, f.constant('i32', 6))));
}
