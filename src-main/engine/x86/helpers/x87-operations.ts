// Numbers by which x87 semantics tell a helper what to do. No behaviour here.

/** Memory operands, as `x87Load` and its like take them: raw bits in 64, integers sign-extended. */
export const X87_MEMORY = { f32: 0, f64: 1, i16: 2, i32: 3, i64: 4, f80: 5, decimal: 6 } as const;

/** `reverse`: operands exchanged. */
export const X87_ARITHMETIC = {
  add: 0,
  multiply: 1,
  subtract: 2,
  subtractReverse: 3,
  divide: 4,
  divideReverse: 5,
} as const;

/** Bits of a comparison's flavour. */
export const X87_COMPARE = {
  /** Quiet NaNs are not invalid. */
  quiet: 1,
  pop: 2,
  popTwice: 4,
} as const;

/** Functions of ST(0), or of ST(0) and ST(1). */
export const X87_FUNCTION = {
  FCHS: 0,
  FABS: 1,
  FTST: 2,
  FXAM: 3,
  F2XM1: 4,
  FYL2X: 5,
  FPTAN: 6,
  FPATAN: 7,
  FXTRACT: 8,
  FPREM1: 9,
  FPREM: 10,
  FYL2XP1: 11,
  FSQRT: 12,
  FSINCOS: 13,
  FRNDINT: 14,
  FSCALE: 15,
  FSIN: 16,
  FCOS: 17,
} as const;

export const X87_CONSTANT = {
  FLD1: 0,
  FLDL2T: 1,
  FLDL2E: 2,
  FLDPI: 3,
  FLDLG2: 4,
  FLDLN2: 5,
  FLDZ: 6,
} as const;

/** Stack management that waits but computes nothing. */
export const X87_STACK = { FNOP: 0, FINCSTP: 1, FDECSTP: 2, FFREE: 3, FFREEP: 4 } as const;

/** Images of `x87ImageSave` and `x87ImageLoad`. */
export const X87_IMAGE = {
  /** FNSTENV, FLDENV; `wide`: 32-bit operand size; `real`: the real-mode layout. */
  environment: 0,
  /** FNSAVE, FRSTOR. */
  state: 1,
  wide: 2,
  real: 4,
} as const;
