// Declarations of the floating-point helpers: x87 and the SSE operations that need software arithmetic.
// SSE helpers take the operands' bits, report exceptions in MXCSR and fault with #XM or #UD; a 128-bit result
// leaves its upper half in `scratch[1]`.

import type { HelperDeclaration } from './declarations.ts';

const pure = { readsRegisters: false, writesRegisters: false } as const;

export const FLOAT_HELPERS = {
  /** `SSE_OPERATION`, destination, source: single precision. */
  sseScalar32: { parameters: ['i32', 'i32', 'i32'], result: 'i32', mayFault: true, ...pure },
  /** The same, double precision. */
  sseScalar64: { parameters: ['i32', 'i64', 'i64'], result: 'i64', mayFault: true, ...pure },
  /** Operation, destination low and high, source low and high: four singles. */
  ssePacked32: { parameters: ['i32', 'i64', 'i64', 'i64', 'i64'], result: 'i64', mayFault: true, ...pure },
  /** Two doubles. */
  ssePacked64: { parameters: ['i32', 'i64', 'i64', 'i64', 'i64'], result: 'i64', mayFault: true, ...pure },
  /** COMISS: 1 for UCOMISS, which signals on signalling NaNs only; operands. Result: ZF, PF and CF in place. */
  sseCompare32: { parameters: ['i32', 'i32', 'i32'], result: 'i32', mayFault: true, ...pure },
  /** COMISD, UCOMISD. */
  sseCompare64: { parameters: ['i32', 'i64', 'i64'], result: 'i32', mayFault: true, ...pure },
  /** `SSE_CONVERSION`, source low and high. */
  sseConvert: { parameters: ['i32', 'i64', 'i64'], result: 'i64', mayFault: true, ...pure },
  /** ROUNDPS and its like: lane width (32 or 64), number of lanes, immediate, source low and high. */
  sseRound: { parameters: ['i32', 'i32', 'i32', 'i64', 'i64'], result: 'i64', mayFault: true, ...pure },
  /** DPPS, DPPD: lane width, immediate, destination low and high, source low and high. */
  sseDotProduct: { parameters: ['i32', 'i32', 'i64', 'i64', 'i64', 'i64'], result: 'i64', mayFault: true, ...pure },
  /** RCPPS (0), RSQRTPS (1): source low and high. No exceptions. */
  sseApproximate: { parameters: ['i32', 'i64', 'i64'], result: 'i64', mayFault: false, ...pure },
  /**
   * PCMPxSTRx: immediate, 1 for explicit lengths, the two lengths (64 bits), operands low and high. Low half of
   * the result: ECX; bits 32-63: CF, ZF, SF and OF in their EFLAGS places. `scratch[1]`, `scratch[2]`: the mask.
   */
  sseStringCompare: {
    parameters: ['i32', 'i64', 'i64', 'i64', 'i64', 'i64', 'i64'],
    result: 'i64',
    mayFault: false,
    ...pure,
  },
  /** LDMXCSR: #GP(0) for reserved bits. */
  loadMxcsr: { parameters: ['i32'], result: 'none', mayFault: true, ...pure },

  /** Raises #MF for a pending unmasked x87 exception, or reports it on FERR# with CR0.NE = 0. */
  x87Wait: { parameters: [], result: 'none', mayFault: true, ...pure },

  // x87. Waiting instructions may raise #MF; numbers are those of `x87-operations.ts`, registers ST(i).

  /** FLD m32, m64, FILD: `X87_MEMORY` kind, bits. */
  x87Load: { parameters: ['i32', 'i64'], result: 'none', mayFault: true, ...pure },
  /** FLD m80: significand, sign and exponent. */
  x87Load80: { parameters: ['i64', 'i32'], result: 'none', mayFault: true, ...pure },
  /** FBLD: low 64 bits, upper 16. */
  x87LoadDecimal: { parameters: ['i64', 'i32'], result: 'none', mayFault: true, ...pure },
  x87LoadRegister: { parameters: ['i32'], result: 'none', mayFault: true, ...pure },
  x87Constant: { parameters: ['i32'], result: 'none', mayFault: true, ...pure },
  /** Kind, truncate. Result: bits; `scratch[1]`: bits 64-79, and bit 32: store them. */
  x87Store: { parameters: ['i32', 'i32'], result: 'i64', mayFault: true, ...pure },
  /** After the memory write of `x87Store`: pops. */
  x87StoreEnd: { parameters: ['i32'], result: 'none', mayFault: false, ...pure },
  /** FST ST(i): register, pops. */
  x87StoreRegister: { parameters: ['i32', 'i32'], result: 'none', mayFault: true, ...pure },
  x87Exchange: { parameters: ['i32'], result: 'none', mayFault: true, ...pure },
  /** FCMOVcc: register, condition. */
  x87ConditionalMove: { parameters: ['i32', 'i32'], result: 'none', mayFault: true, ...pure },
  /** `X87_ARITHMETIC`, kind, bits. */
  x87ArithmeticMemory: { parameters: ['i32', 'i32', 'i64'], result: 'none', mayFault: true, ...pure },
  /** Operation, destination, source, pops. */
  x87Arithmetic: { parameters: ['i32', 'i32', 'i32', 'i32'], result: 'none', mayFault: true, ...pure },
  /** `X87_COMPARE` flavour, kind, bits. */
  x87CompareMemory: { parameters: ['i32', 'i32', 'i64'], result: 'none', mayFault: true, ...pure },
  /** Flavour, register. */
  x87Compare: { parameters: ['i32', 'i32'], result: 'none', mayFault: true, ...pure },
  /** FCOMI: flavour, register. Result: ZF, PF, CF in place. */
  x87CompareFlags: { parameters: ['i32', 'i32'], result: 'i32', mayFault: true, ...pure },
  /** `X87_FUNCTION`. */
  x87Function: { parameters: ['i32'], result: 'none', mayFault: true, ...pure },
  /** `X87_STACK`, register. */
  x87StackControl: { parameters: ['i32', 'i32'], result: 'none', mayFault: true, ...pure },
  x87LoadControl: { parameters: ['i32'], result: 'none', mayFault: true, ...pure },
  x87ClearExceptions: { parameters: [], result: 'none', mayFault: false, ...pure },
  x87Initialize: { parameters: [], result: 'none', mayFault: false, ...pure },

  // State images, staged in a buffer outside guest memory (x87-image.ts).

  /** FNSTENV, FNSAVE: `X87_IMAGE` form. Fills the buffer. */
  x87ImageSave: { parameters: ['i32'], result: 'none', mayFault: false, ...pure },
  /** After the buffer has been stored: form. */
  x87ImageSaved: { parameters: ['i32'], result: 'none', mayFault: false, ...pure },
  /** FLDENV, FRSTOR, once the buffer is full: form. */
  x87ImageLoad: { parameters: ['i32'], result: 'none', mayFault: false, ...pure },
  /** FXSAVE: 1 for the 64-bit form. The XMM registers are not in the buffer. */
  fxsaveImage: { parameters: ['i32'], result: 'none', mayFault: false, ...pure },
  /** FXRSTOR: 1 for the 64-bit form. #GP(0) for reserved bits of MXCSR. */
  fxrstorImage: { parameters: ['i32'], result: 'none', mayFault: true, ...pure },
  /** Eight bytes of the buffer: offset. */
  imageQuad: { parameters: ['i32'], result: 'i64', mayFault: false, ...pure },
  /** Offset, eight bytes. */
  setImageQuad: { parameters: ['i32', 'i64'], result: 'none', mayFault: false, ...pure },
} as const satisfies Record<string, HelperDeclaration>;
