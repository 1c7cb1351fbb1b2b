// Implementations of the helpers declared in `float.table.ts`, by name.

import type { CpuContext } from './cpu-context.ts';
import type { FLOAT_HELPERS } from './float.table.ts';
import {
  sseApproximate,
  sseCompare32,
  sseCompare64,
  sseDotProduct,
  ssePacked32,
  ssePacked64,
  sseRound,
  sseScalar32,
  sseScalar64,
} from './sse-arithmetic.ts';
import { sseConvert } from './sse-conversion.ts';
import { loadMxcsr } from './sse-exceptions.ts';
import { sseStringCompare } from './sse-string-compare.ts';
import {
  x87Arithmetic,
  x87ArithmeticMemory,
  x87Compare,
  x87CompareFlags,
  x87CompareMemory,
  x87ConditionalMove,
  x87Exchange,
  x87Load,
  x87Load80,
  x87LoadRegister,
  x87StoreRegister,
} from './x87-arithmetic.ts';
import {
  x87ClearExceptions,
  x87Constant,
  x87Initialize,
  x87LoadControl,
  x87StackControl,
  x87Wait,
} from './x87-control.ts';
import { x87Function } from './x87-functions.ts';
import {
  fxrstorImage,
  fxsaveImage,
  imageQuad,
  setImageQuad,
  x87ImageLoad,
  x87ImageSave,
  x87ImageSaved,
} from './x87-image.ts';
import { x87LoadDecimal, x87Store, x87StoreEnd } from './x87-store.ts';

/** Parameters of type i32, in order; the others are in scratch. */
type HelperImplementation = (cpu: CpuContext, ...operands: number[]) => number;

export const FLOAT_HELPER_IMPLEMENTATIONS: Readonly<
  Record<keyof typeof FLOAT_HELPERS, HelperImplementation>
> = {
  sseScalar32,
  sseScalar64,
  ssePacked32,
  ssePacked64,
  sseCompare32,
  sseCompare64,
  sseConvert,
  sseRound,
  sseDotProduct,
  sseApproximate,
  sseStringCompare,
  loadMxcsr,
  x87Wait,
  x87Load,
  x87Load80,
  x87LoadDecimal,
  x87LoadRegister,
  x87Constant,
  x87Store,
  x87StoreEnd,
  x87StoreRegister,
  x87Exchange,
  x87ConditionalMove,
  x87ArithmeticMemory,
  x87Arithmetic,
  x87CompareMemory,
  x87Compare,
  x87CompareFlags,
  x87Function,
  x87StackControl,
  x87LoadControl,
  x87ClearExceptions,
  x87Initialize,
  x87ImageSave,
  x87ImageSaved,
  x87ImageLoad,
  fxsaveImage,
  fxrstorImage,
  imageQuad,
  setImageQuad,
};
