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
} as const satisfies Record<string, HelperDeclaration>;
