// Numbers by which SSE semantics tell a helper what to compute. No behaviour here.
// Reference: Intel SDM vol. 1, 10.4.1, 11.4.1; vol. 2, CMPPS (predicates), ROUNDPS (immediate).

/** Operation of `sseScalar32/64` and `ssePacked32/64`. Comparisons are `compare` plus the predicate, 0 to 7. */
export const SSE_OPERATION = {
  add: 0,
  subtract: 1,
  multiply: 2,
  divide: 3,
  minimum: 4,
  maximum: 5,
  /** Of the second operand. */
  squareRoot: 6,
  /** Even lanes subtract, odd lanes add. */
  addSubtract: 7,
  compare: 8,
} as const;

/** What `sseConvert` converts. Sources and results stand in the low lanes of 128 bits. */
export const SSE_CONVERSION = {
  f32ToF64: 0,
  f64ToF32: 1,
  f32ToF64Packed: 2,
  f64ToF32Packed: 3,
  i32ToF32: 4,
  i32ToF32Packed: 5,
  i64ToF32: 6,
  i64ToF64: 7,
  f32ToI32: 8,
  f32ToI64: 9,
  f64ToI32: 10,
  f64ToI64: 11,
  f32ToI32Packed: 12,
  f64ToI32Packed: 13,
  i32ToF32Pair: 14,
  f32ToI32Pair: 15,
  /** Added to a conversion to integers: round towards zero whatever MXCSR says. */
  truncate: 16,
} as const;
