// What software arithmetic depends on and reports: rounding, masks that change a result, exception flags.
// One object, set up by the caller before an operation; the code is not re-entrant.
// Reference: Intel SDM vol. 1, 4.8.4, 4.9, 8.1.5, 10.2.3.

/** Exception flags, in the places of MXCSR and of the x87 status word. */
export const INVALID = 0x01;
export const DENORMAL = 0x02;
export const ZERO_DIVIDE = 0x04;
export const OVERFLOW = 0x08;
export const UNDERFLOW = 0x10;
export const PRECISION = 0x20;
/** Found before the operation: unmasked, they leave the destination alone. */
export const BEFORE_OPERATION = INVALID | DENORMAL | ZERO_DIVIDE;

/** Rounding control as in MXCSR and the x87 control word. */
export const ROUND_NEAREST = 0;
export const ROUND_DOWN = 1;
export const ROUND_UP = 2;
export const ROUND_ZERO = 3;

export const floatEnvironment = {
  rounding: ROUND_NEAREST,
  /** Exceptions of this operation, added up. */
  flags: 0,
  /** The last rounding made the magnitude larger: C1 of the x87. */
  roundedUp: false,
  denormalsAreZero: false,
  flushToZero: false,
  overflowMasked: true,
  underflowMasked: true,
  /** Unmasked overflow and underflow deliver a result with its exponent moved by 24576: x87 registers. */
  wrapExponent: false,
  /** An unmasked overflow or underflow is not also inexact: x87 stores, which then do not happen. */
  storing: false,
  /** NaN selection by significand (x87) instead of by position (SSE). */
  x87Nans: false,
};

/** For an SSE instruction: everything from MXCSR. */
export function adoptMxcsr(mxcsr: number): void {
  const env = floatEnvironment;
  env.rounding = (mxcsr >>> 13) & 3;
  env.flags = 0;
  env.roundedUp = false;
  env.denormalsAreZero = (mxcsr & 0x40) !== 0;
  env.overflowMasked = (mxcsr & 0x400) !== 0;
  env.underflowMasked = (mxcsr & 0x800) !== 0;
  env.flushToZero = (mxcsr & 0x8000) !== 0 && env.underflowMasked;
  env.wrapExponent = false;
  env.storing = false;
  env.x87Nans = false;
}

/** For an x87 instruction: from the control word. */
export function adoptControlWord(fcw: number): void {
  const env = floatEnvironment;
  env.rounding = (fcw >>> 10) & 3;
  env.flags = 0;
  env.roundedUp = false;
  env.denormalsAreZero = false;
  env.flushToZero = false;
  env.overflowMasked = (fcw & 8) !== 0;
  env.underflowMasked = (fcw & 16) !== 0;
  env.wrapExponent = true;
  env.storing = false;
  env.x87Nans = true;
}
