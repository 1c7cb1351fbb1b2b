// Mnemonic to meaning: every instruction the opcode tables can name, one map per file of semantics.

import { ARITHMETIC } from './arithmetic.ts';
import { ATOMIC } from './atomic.ts';
import { BIT } from './bit.ts';
import { CONVERT } from './convert.ts';
import { DECIMAL } from './decimal.ts';
import type { Semantics } from './emitter.ts';
import { FLAG_OPS } from './flag-ops.ts';
import { FLOW } from './flow.ts';
import { LOGIC } from './logic.ts';
import { MOVE } from './move.ts';
import { MULTIPLY_DIVIDE } from './multiply-divide.ts';
import { PORT } from './port.ts';
import { ROTATE } from './rotate.ts';
import { SEGMENT } from './segment.ts';
import { SHIFT } from './shift.ts';
import { SSE_COMPARE } from './sse-compare.ts';
import { SSE_CONVERT } from './sse-convert.ts';
import { SSE_FLOAT } from './sse-float.ts';
import { SSE_INTEGER } from './sse-integer.ts';
import { SSE_MOVE } from './sse-move.ts';
import { SSE_SHIFT } from './sse-shift.ts';
import { SSE_SHUFFLE } from './sse-shuffle.ts';
import { SSE_STRING } from './sse-string.ts';
import { STACK } from './stack.ts';
import { STRING } from './string.ts';
import { SYSTEM } from './system.ts';
import { TRANSFER } from './transfer.ts';
import { X87 } from './x87.ts';
import { X87_STATE } from './x87-state.ts';

export const SEMANTICS: Readonly<Record<string, Semantics>> = {
  ...ARITHMETIC,
  ...LOGIC,
  ...SHIFT,
  ...ROTATE,
  ...MULTIPLY_DIVIDE,
  ...BIT,
  ...MOVE,
  ...CONVERT,
  ...ATOMIC,
  ...DECIMAL,
  ...STACK,
  ...FLOW,
  ...FLAG_OPS,
  ...STRING,
  ...SEGMENT,
  ...TRANSFER,
  ...SYSTEM,
  ...PORT,
  ...SSE_MOVE,
  ...SSE_INTEGER,
  ...SSE_SHIFT,
  ...SSE_SHUFFLE,
  ...SSE_FLOAT,
  ...SSE_COMPARE,
  ...SSE_CONVERT,
  ...SSE_STRING,
  ...X87,
  ...X87_STATE,
};
