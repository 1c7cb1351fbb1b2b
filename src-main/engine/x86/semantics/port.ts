// IN and OUT. Permission (IOPL, TSS bitmap) and the board are the helpers' business.
// Not here: INS and OUTS (string.ts). Reference: Intel SDM vol. 1, chapter 19; vol. 2 (IN, OUT).

import type { Emitter, Operand, Semantics, Value } from './emitter.ts';
import { resize, widthOf } from './width.ts';

/** The port is an immediate byte or DX. */
const portOf = (e: Emitter, operand: Operand): Value => resize(e, e.read(operand), 32);

const bytesOf = (e: Emitter, operand: Operand): Value => e.constant(32, widthOf(operand) / 8);

const input: Semantics = (e, a, b) => {
  e.write(a, resize(e, e.helper('portIn', portOf(e, b), bytesOf(e, a)), widthOf(a)));
};

const output: Semantics = (e, a, b) => {
  e.helper('portOut', portOf(e, a), bytesOf(e, b), resize(e, e.read(b), 32));
};

export const PORT: Record<string, Semantics> = { IN: input, OUT: output };
