// Guest integers over the IR: the arithmetic half of the emitter. Values narrower than 32 bits are i32 with zero
// upper bits, and results are cut back to that form.

import type { FunctionBuilder, IrValue } from '../../ir/types.ts';
import type { IntegerBits, Value } from '../../x86/semantics/emitter.ts';
import { integer, integerName, irOf, irTypeOf, ofIrType } from './value.ts';

/** Thrown while instantiating semantics that break the commit rule or mix widths: a programmer's error. */
export class SemanticsError extends Error {}

export abstract class GuestArithmetic {
  protected readonly f: FunctionBuilder;

  constructor(builder: FunctionBuilder) {
    this.f = builder;
  }

  /** Throws a `SemanticsError` that names the mnemonic. */
  protected abstract fail(message: string): never;

  protected sameBits(a: Value, b: Value, what: string): number {
    if (a.bits !== b.bits) this.fail(`${what} of ${a.bits} and ${b.bits} bits`);
    return a.bits;
  }
  protected i32(value: number): IrValue {
    return this.f.constant('i32', value);
  }
  protected typed(bits: number, name: string, ...operands: IrValue[]): IrValue {
    return this.f.op(integerName(bits === 64 ? 'i64' : 'i32', name), ...operands);
  }
  /** Cuts an i32 to a narrow width. */
  protected cut(bits: number, value: IrValue): IrValue {
    if (bits >= 32) return value;
    return this.f.op('i32.and', value, this.i32(bits === 1 ? 1 : bits === 8 ? 0xff : 0xffff));
  }

  constant(bits: IntegerBits, value: number | bigint): Value {
    if (bits === 64) return integer(64, this.f.constant('i64', value));
    const mask = bits === 32 ? -1 : 2 ** bits - 1;
    return integer(bits, this.i32((typeof value === 'number' ? value : Number(BigInt.asIntN(32, value))) & mask));
  }

  // Integer arithmetic.

  #binary(name: string, a: Value, b: Value, wraps: boolean): Value {
    const bits = this.sameBits(a, b, name);
    const result = this.typed(bits, name, irOf(a), irOf(b));
    return integer(bits, wraps ? this.cut(bits, result) : result);
  }
  #compare(name: string, a: Value, b: Value): Value {
    const bits = this.sameBits(a, b, name);
    return integer(1, this.typed(bits, name, irOf(a), irOf(b)));
  }
  #signed(a: Value): Value {
    return a.bits < 32 ? this.signExtend(a, 32) : a;
  }
  /** Shift counts of any width as the type the operation wants. */
  #count(count: Value, bits: number): IrValue {
    const ir = irOf(count);
    if (bits === 64) return count.bits === 64 ? ir : this.f.op('i64.extend_i32_u', ir);
    return count.bits === 64 ? this.f.op('i32.wrap_i64', ir) : ir;
  }
  #shift(name: string, a: Value, count: Value): Value {
    return integer(a.bits, this.cut(a.bits, this.typed(a.bits, name, irOf(a), this.#count(count, a.bits))));
  }

  add(a: Value, b: Value): Value {
    return this.#binary('add', a, b, true);
  }
  sub(a: Value, b: Value): Value {
    return this.#binary('sub', a, b, true);
  }
  mul(a: Value, b: Value): Value {
    return this.#binary('mul', a, b, true);
  }
  and(a: Value, b: Value): Value {
    return this.#binary('and', a, b, false);
  }
  or(a: Value, b: Value): Value {
    return this.#binary('or', a, b, false);
  }
  xor(a: Value, b: Value): Value {
    return this.#binary('xor', a, b, false);
  }
  not(a: Value): Value {
    return this.xor(a, this.constant(a.bits as IntegerBits, -1));
  }
  neg(a: Value): Value {
    return this.sub(this.constant(a.bits as IntegerBits, 0), a);
  }
  shl(a: Value, count: Value): Value {
    return this.#shift('shl', a, count);
  }
  shr(a: Value, count: Value): Value {
    return this.#shift('shr_u', a, count);
  }
  sar(a: Value, count: Value): Value {
    const wide = this.#signed(a);
    const shifted = this.typed(wide.bits, 'shr_s', irOf(wide), this.#count(count, wide.bits));
    return integer(a.bits, this.cut(a.bits, shifted));
  }
  rotl(a: Value, count: Value): Value {
    if (a.bits < 32) this.fail('rotl of a narrow value');
    return this.#shift('rotl', a, count);
  }
  rotr(a: Value, count: Value): Value {
    if (a.bits < 32) this.fail('rotr of a narrow value');
    return this.#shift('rotr', a, count);
  }
  divU(a: Value, b: Value): Value {
    return this.#binary('div_u', a, b, false);
  }
  divS(a: Value, b: Value): Value {
    return this.truncate(
      this.#binary('div_s', this.#signed(a), this.#signed(b), false),
      a.bits as IntegerBits,
    );
  }
  remU(a: Value, b: Value): Value {
    return this.#binary('rem_u', a, b, false);
  }
  remS(a: Value, b: Value): Value {
    return this.truncate(
      this.#binary('rem_s', this.#signed(a), this.#signed(b), false),
      a.bits as IntegerBits,
    );
  }
  countLeadingZeros(a: Value): Value {
    const count = this.typed(a.bits, 'clz', irOf(a));
    if (a.bits >= 32) return integer(a.bits, count);
    return integer(a.bits, this.f.op('i32.sub', count, this.i32(32 - a.bits)));
  }
  countTrailingZeros(a: Value): Value {
    if (a.bits >= 32) return integer(a.bits, this.typed(a.bits, 'ctz', irOf(a)));
    return integer(a.bits, this.f.op('i32.ctz', this.f.op('i32.or', irOf(a), this.i32(2 ** a.bits))));
  }
  populationCount(a: Value): Value {
    return integer(a.bits, this.typed(a.bits, 'popcnt', irOf(a)));
  }

  equal(a: Value, b: Value): Value {
    return this.#compare('eq', a, b);
  }
  notEqual(a: Value, b: Value): Value {
    return this.#compare('ne', a, b);
  }
  isZero(a: Value): Value {
    return integer(1, this.typed(a.bits, 'eqz', irOf(a)));
  }
  lessU(a: Value, b: Value): Value {
    return this.#compare('lt_u', a, b);
  }
  lessS(a: Value, b: Value): Value {
    return this.#compare('lt_s', this.#signed(a), this.#signed(b));
  }

  zeroExtend(a: Value, bits: IntegerBits): Value {
    if (bits < a.bits) this.fail(`zero-extends ${a.bits} bits to ${bits}`);
    if (bits === 64 && a.bits !== 64) return integer(64, this.f.op('i64.extend_i32_u', irOf(a)));
    return integer(bits, irOf(a));
  }
  signExtend(a: Value, bits: IntegerBits): Value {
    if (bits < a.bits) this.fail(`sign-extends ${a.bits} bits to ${bits}`);
    if (bits === a.bits) return a;
    let ir = irOf(a);
    if (a.bits === 1) ir = this.f.op('i32.sub', this.i32(0), ir);
    else if (a.bits === 8) ir = this.f.op('i32.extend8_s', ir);
    else if (a.bits === 16) ir = this.f.op('i32.extend16_s', ir);
    if (bits === 64) return integer(64, this.f.op('i64.extend_i32_s', ir));
    return integer(bits, this.cut(bits, ir));
  }
  truncate(a: Value, bits: IntegerBits): Value {
    if (bits > a.bits) this.fail(`truncates ${a.bits} bits to ${bits}`);
    if (bits === a.bits) return a;
    const ir = a.bits === 64 ? this.f.op('i32.wrap_i64', irOf(a)) : irOf(a);
    return integer(bits, this.cut(bits, ir));
  }
  bit(a: Value, n: number): Value {
    return this.truncate(
      integer(a.bits, this.typed(a.bits, 'shr_u', irOf(a), this.f.constant(irTypeOf(a.bits) as 'i32', n))),
      1,
    );
  }
  select(condition: Value, ifTrue: Value, ifFalse: Value): Value {
    if (ifTrue.type !== ifFalse.type) this.fail(`selects between ${ifTrue.type} and ${ifFalse.type}`);
    const ir = this.f.select(irOf(condition), irOf(ifTrue), irOf(ifFalse));
    return ifTrue.type.startsWith('f') ? ofIrType(ir) : integer(ifTrue.bits, ir);
  }
}
