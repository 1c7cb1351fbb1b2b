// Single, double and double-extended encodings to and from `SoftNumber`.
// Reference: Intel SDM vol. 1, 4.2.2, 4.8.3, table 4-3 (encodings), table 8-3 (unsupported encodings).

import { floatEnvironment as env } from './environment.ts';
import { FINITE, INFINITE, QUIET_NAN, SIGNALING_NAN, type SoftNumber, UNSUPPORTED, ZERO } from './number.ts';
import { DOUBLE, type FloatFormat, roundFinite, SINGLE } from './rounding.ts';

/** An encoding of up to 80 bits: where the `pack` functions leave their result. */
export const packed = { low: 0, high: 0, exponent: 0 };

function unpackDenormal(n: SoftNumber, exponent: number): void {
  n.exponent = exponent;
  n.extra = 0;
  n.normalize();
  n.denormal = true;
}

function nanKind(n: SoftNumber): number {
  return (n.high & 0x4000_0000) !== 0 ? QUIET_NAN : SIGNALING_NAN;
}

export function unpack32(bits: number, n: SoftNumber): void {
  const negative = bits < 0 || bits > 0x7fff_ffff;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7f_ffff;
  if (exponent === 0) {
    n.setSpecial(ZERO, negative);
    if (fraction === 0 || env.denormalsAreZero) return;
    n.setFinite(negative, 0, (fraction << 8) >>> 0, 0, 0);
    unpackDenormal(n, SINGLE.minimum);
  } else if (exponent === 0xff) {
    n.setSpecial(INFINITE, negative);
    if (fraction === 0) return;
    n.high = (0x8000_0000 | (fraction << 8)) >>> 0;
    n.kind = nanKind(n);
  } else {
    n.setFinite(negative, exponent - 127, (0x8000_0000 | (fraction << 8)) >>> 0, 0, 0);
  }
}

export function unpack64(low: number, high: number, n: SoftNumber): void {
  const negative = high < 0 || high > 0x7fff_ffff;
  const exponent = (high >>> 20) & 0x7ff;
  const top = ((high & 0xf_ffff) << 11) | (low >>> 21);
  const bottom = (low << 11) >>> 0;
  if (exponent === 0) {
    n.setSpecial(ZERO, negative);
    if ((top | bottom) === 0 || env.denormalsAreZero) return;
    n.setFinite(negative, 0, top >>> 0, bottom, 0);
    unpackDenormal(n, DOUBLE.minimum);
  } else if (exponent === 0x7ff) {
    n.setSpecial(INFINITE, negative);
    if ((top | bottom) === 0) return;
    n.high = (0x8000_0000 | top) >>> 0;
    n.low = bottom;
    n.kind = nanKind(n);
  } else {
    n.setFinite(negative, exponent - 1023, (0x8000_0000 | top) >>> 0, bottom, 0);
  }
}

/** `word`: sign in bit 15, exponent below. */
export function unpack80(low: number, high: number, word: number, n: SoftNumber): void {
  const negative = (word & 0x8000) !== 0;
  const exponent = word & 0x7fff;
  const l = low >>> 0;
  const h = high >>> 0;
  if (exponent === 0) {
    n.setSpecial(ZERO, negative);
    if ((h | l) === 0) return;
    n.setFinite(negative, 0, h, l, 0);
    unpackDenormal(n, -16382);
    return;
  }
  n.setFinite(negative, exponent - 16383, h, l, 0);
  if (h < 0x8000_0000) {
    n.kind = UNSUPPORTED;
  } else if (exponent === 0x7fff) {
    n.kind = (h & 0x7fff_ffff) === 0 && l === 0 ? INFINITE : nanKind(n);
  }
}

/** Exponent field of a rounded finite number: 0 when its leading bit is missing. */
function exponentField(n: SoftNumber, bias: number): number {
  return n.high >= 0x8000_0000 ? n.exponent + bias : 0;
}

/** Rounds to single precision; the encoding as a signed 32-bit number. */
export function pack32(n: SoftNumber): number {
  if (n.kind === FINITE) roundFinite(n, SINGLE);
  const sign = n.negative ? 0x8000_0000 : 0;
  if (n.kind === ZERO) return sign | 0;
  const fraction = (n.high >>> 8) & 0x7f_ffff;
  if (n.kind === FINITE) return sign | (exponentField(n, 127) << 23) | fraction;
  return sign | 0x7f80_0000 | (n.kind === INFINITE ? 0 : fraction | 0x40_0000);
}

/** Rounds to double precision into `packed`. */
export function pack64(n: SoftNumber): void {
  if (n.kind === FINITE) roundFinite(n, DOUBLE);
  const sign = n.negative ? 0x8000_0000 : 0;
  const top = (n.high >>> 11) & 0xf_ffff;
  packed.low = 0;
  if (n.kind === ZERO) {
    packed.high = sign;
    return;
  }
  if (n.kind === INFINITE) {
    packed.high = (sign | 0x7ff0_0000) >>> 0;
    return;
  }
  packed.low = ((n.low >>> 11) | (n.high << 21)) >>> 0;
  const field = n.kind === FINITE ? exponentField(n, 1023) : 0x7ff;
  packed.high = (sign | (field << 20) | top | (n.kind === FINITE ? 0 : 0x8_0000)) >>> 0;
}

/** Rounds to double-extended, or to less by precision control, into `packed`. */
export function pack80(n: SoftNumber, format: FloatFormat): void {
  if (n.kind === FINITE) roundFinite(n, format);
  encode80(n);
}

/** The encoding of a number that needs no rounding, into `packed`. */
export function encode80(n: SoftNumber): void {
  const sign = n.negative ? 0x8000 : 0;
  packed.low = n.low;
  packed.high = n.high;
  if (n.kind === ZERO) {
    packed.low = 0;
    packed.high = 0;
    packed.exponent = sign;
  } else if (n.kind === INFINITE) {
    packed.low = 0;
    packed.high = 0x8000_0000;
    packed.exponent = sign | 0x7fff;
  } else if (n.kind === FINITE) {
    packed.exponent = sign | exponentField(n, 16383);
  } else {
    packed.high = (n.high | 0xc000_0000) >>> 0;
    packed.exponent = sign | 0x7fff;
  }
}
