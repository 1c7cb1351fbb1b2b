// A floating-point number taken apart: the one form that all formats are unpacked to and rounded from.
// Not here: formats and rounding. Fields are plain numbers; words are unsigned 32-bit.

export const ZERO = 0;
/** Finite and not zero, denormals included (normalised). */
export const FINITE = 1;
export const INFINITE = 2;
export const QUIET_NAN = 3;
export const SIGNALING_NAN = 4;
/** Extended formats the processor refuses: unnormals, pseudo-infinities, pseudo-NaNs. */
export const UNSUPPORTED = 5;

/**
 * Value of a finite number: (high:low:extra / 2^95) * 2^exponent, bit 31 of `high` set. `extra` holds what
 * lies below 64 bits; its lowest bit also stands for everything further down. NaNs keep their payload,
 * aligned to the top, in high:low.
 */
export class SoftNumber {
  kind = ZERO;
  negative = false;
  exponent = 0;
  high = 0;
  low = 0;
  extra = 0;
  /** Came from a denormal encoding. */
  denormal = false;

  copy(from: SoftNumber): void {
    this.kind = from.kind;
    this.negative = from.negative;
    this.exponent = from.exponent;
    this.high = from.high;
    this.low = from.low;
    this.extra = from.extra;
    this.denormal = from.denormal;
  }

  setSpecial(kind: number, negative: boolean): void {
    this.kind = kind;
    this.negative = negative;
    this.exponent = 0;
    this.high = kind === INFINITE ? 0x8000_0000 : 0;
    this.low = 0;
    this.extra = 0;
    this.denormal = false;
  }

  setFinite(negative: boolean, exponent: number, high: number, low: number, extra: number): void {
    this.kind = FINITE;
    this.negative = negative;
    this.exponent = exponent;
    this.high = high;
    this.low = low;
    this.extra = extra;
    this.denormal = false;
  }

  /** The default NaN: negative, quiet, no payload ("QNaN floating-point indefinite"). */
  setIndefinite(): void {
    this.setSpecial(QUIET_NAN, true);
    this.high = 0xc000_0000;
  }

  get isNan(): boolean {
    return this.kind === QUIET_NAN || this.kind === SIGNALING_NAN;
  }

  /** Moves the leading one to bit 31 of `high`; the significand must not be zero. */
  normalize(): void {
    while (this.high === 0) {
      this.high = this.low;
      this.low = this.extra;
      this.extra = 0;
      this.exponent -= 32;
    }
    const shift = Math.clz32(this.high);
    if (shift === 0) return;
    this.high = ((this.high << shift) | (this.low >>> (32 - shift))) >>> 0;
    this.low = ((this.low << shift) | (this.extra >>> (32 - shift))) >>> 0;
    this.extra = (this.extra << shift) >>> 0;
    this.exponent -= shift;
  }

  /** Shifts the significand right; ones that fall out stay as the lowest bit of `extra`. */
  shiftRight(count: number): void {
    let rest = count;
    let sticky = 0;
    while (rest >= 32 && (this.high | this.low | this.extra) !== 0) {
      sticky |= this.extra;
      this.extra = this.low;
      this.low = this.high;
      this.high = 0;
      rest -= 32;
    }
    rest &= 31;
    if (rest !== 0) {
      sticky |= this.extra << (32 - rest);
      this.extra = ((this.extra >>> rest) | (this.low << (32 - rest))) >>> 0;
      this.low = ((this.low >>> rest) | (this.high << (32 - rest))) >>> 0;
      this.high >>>= rest;
    }
    if (sticky !== 0) this.extra = (this.extra | 1) >>> 0;
  }
}

/** Magnitude order of two significands: negative, zero, positive. */
export function compareSignificands(a: SoftNumber, b: SoftNumber): number {
  if (a.high !== b.high) return a.high < b.high ? -1 : 1;
  if (a.low !== b.low) return a.low < b.low ? -1 : 1;
  return a.extra === b.extra ? 0 : a.extra < b.extra ? -1 : 1;
}
