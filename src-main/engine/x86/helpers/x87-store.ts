// x87 stores to memory, in two steps: the value first, the status word and the pop after the write, which may
// fault. Between the two only the memory access of the same instruction runs.
// Reference: Intel SDM vol. 1, 8.3.3; vol. 2, FST, FIST, FISTTP, FBSTP, FBLD.

import { CPU_FIELDS as F } from '../state/cpu-state.ts';
import type { CpuContext } from './cpu-context.ts';
import {
  exponentOf,
  FCW,
  FTOP,
  readWord,
  setScratch,
  significandHigh,
  significandLow,
} from './float-words.ts';
import {
  BEFORE_OPERATION,
  floatEnvironment as env,
  INVALID,
  OVERFLOW,
  PRECISION,
  UNDERFLOW,
} from './soft-float/environment.ts';
import { pack32, pack64, pack80, packed } from './soft-float/formats.ts';
import { fromInteger, integer, toInteger } from './soft-float/integer.ts';
import { QUIET_NAN, SoftNumber } from './soft-float/number.ts';
import { specialOperand } from './soft-float/operands.ts';
import { EXTENDED } from './soft-float/rounding.ts';
import { X87_MEMORY } from './x87-operations.ts';
import { begin, isEmpty, pop, pushPacked, readRegister, report, STACK_FAULT } from './x87-stack.ts';

const n = new SoftNumber();

/** What the second step reports and does. */
const pending = { flags: 0, roundedUp: false, stored: false };

/** The bits to store: scratch[0], and the upper 16 of 80. */
const bits = { low: 0, high: 0, top: 0 };

function setInteger(size: 16 | 32 | 64, truncate: boolean): void {
  toInteger(n, size, truncate);
  bits.low = integer.low;
  bits.high = integer.high;
}

/** Denormals are not reported by stores. */
function setSingle(): void {
  if (n.kind >= QUIET_NAN) specialOperand(n, n);
  bits.low = pack32(n);
}

function setDouble(): void {
  if (n.kind >= QUIET_NAN) specialOperand(n, n);
  pack64(n);
  bits.low = packed.low;
  bits.high = packed.high;
}

/** The register as it is: no conversion, no exception. */
function setExtended(cpu: CpuContext): void {
  const r = readWord(cpu, FTOP);
  bits.low = significandLow(cpu, r);
  bits.high = significandHigh(cpu, r);
  bits.top = exponentOf(cpu, r);
}

const DECIMAL_LIMIT = 10n ** 18n;

/** Eighteen decimal digits, two a byte, and a sign byte. */
function setDecimal(): void {
  const { negative } = n;
  toInteger(n, 64, false);
  const value = BigInt.asIntN(64, (BigInt(integer.high) << 32n) | BigInt(integer.low));
  const magnitude = value < 0n ? -value : value;
  if ((env.flags & INVALID) !== 0 || magnitude >= DECIMAL_LIMIT) {
    env.flags = INVALID;
    env.roundedUp = false;
    setIndefinite(X87_MEMORY.decimal);
    return;
  }
  const packedDigits = BigInt(`0x${magnitude.toString(10)}`);
  bits.low = Number(packedDigits & 0xffff_ffffn);
  bits.high = Number((packedDigits >> 32n) & 0xffff_ffffn);
  bits.top = Number(packedDigits >> 64n) | (negative ? 0x8000 : 0);
}

/** The masked response to an empty register, by destination format. */
function setIndefinite(kind: number): void {
  bits.low = kind === X87_MEMORY.f32 ? 0xffc0_0000 : kind === X87_MEMORY.i32 ? 0x8000_0000 : 0;
  if (kind === X87_MEMORY.i16) bits.low = 0x8000;
  bits.high = kind === X87_MEMORY.f64 ? 0xfff8_0000 : kind === X87_MEMORY.i64 ? 0x8000_0000 : 0xc000_0000;
  bits.top = 0xffff;
}

function compute(cpu: CpuContext, kind: number, truncate: boolean): void {
  readRegister(cpu, 0, n);
  switch (kind) {
    case X87_MEMORY.f32:
      setSingle();
      break;
    case X87_MEMORY.f64:
      setDouble();
      break;
    case X87_MEMORY.i16:
      setInteger(16, truncate);
      break;
    case X87_MEMORY.i32:
      setInteger(32, truncate);
      break;
    case X87_MEMORY.i64:
      setInteger(64, truncate);
      break;
    case X87_MEMORY.f80:
      setExtended(cpu);
      break;
    default:
      setDecimal();
  }
}

/** Exceptions that, unmasked, keep a store from happening. */
const PREVENTS_STORE = BEFORE_OPERATION | OVERFLOW | UNDERFLOW;

/**
 * First step: kind, 1 to truncate (FISTTP). Value in scratch[0]; scratch[1] holds bits 64-79 of 80-bit values,
 * and bit 32 of it says whether to store at all.
 */
export function x87Store(cpu: CpuContext, kind: number, truncate: number): number {
  if (begin(cpu)) return 1;
  // Memory has no room for an exponent moved out of the way.
  env.wrapExponent = false;
  env.storing = true;
  bits.low = 0;
  bits.high = 0;
  bits.top = 0;
  if (isEmpty(cpu, 0)) {
    env.flags = INVALID | STACK_FAULT;
    setIndefinite(kind);
  } else {
    compute(cpu, kind, truncate !== 0);
  }
  pending.flags = env.flags;
  pending.roundedUp = env.roundedUp && (env.flags & PRECISION) !== 0;
  pending.stored = (env.flags & ~readWord(cpu, FCW) & PREVENTS_STORE) === 0;
  setScratch(cpu, bits.low >>> 0, bits.high >>> 0, 0);
  setScratch(cpu, bits.top, pending.stored ? 1 : 0, 1);
  return 0;
}

/** Second step: pops. */
export function x87StoreEnd(cpu: CpuContext, pops: number): number {
  report(cpu, pending.flags, pending.roundedUp);
  if (pending.stored && pops !== 0) pop(cpu);
  return 0;
}

/** FBLD: digits in scratch[0], the two upper bytes. */
export function x87LoadDecimal(cpu: CpuContext, top: number): number {
  if (begin(cpu)) return 1;
  let value = 0n;
  const digits = (BigInt(top & 0xff) << 64n) | cpu.get64(F.scratch, 0);
  for (let shift = 68n; shift >= 0n; shift -= 4n) value = value * 10n + ((digits >> shift) & 15n);
  fromInteger(Number(value & 0xffff_ffffn), Number(value >> 32n), n);
  n.negative = (top & 0x8000) !== 0;
  pack80(n, EXTENDED);
  report(cpu, 0, false);
  pushPacked(cpu);
  return 0;
}
