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
import { STACK } from './stack.ts';
import { STRING } from './string.ts';
import { SYSTEM } from './system.ts';
import { TRANSFER } from './transfer.ts';

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
};
