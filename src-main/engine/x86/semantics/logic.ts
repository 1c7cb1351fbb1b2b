// Bitwise AND, OR, XOR, NOT and TEST. CF = OF = 0; AF, undefined in the manual, is cleared as processors do.
// Reference: Intel SDM vol. 2.

import type { Emitter, Semantics, Value } from './emitter.ts';

function binary(operation: (e: Emitter, left: Value, right: Value) => Value): Semantics {
  return (e, a, b) => {
    const left = e.readForUpdate(a);
    const result = operation(e, left, e.read(b));
    e.write(a, result);
    e.flagsLogic(result);
  };
}

const test: Semantics = (e, a, b) => {
  const left = e.read(a);
  e.flagsLogic(e.and(left, e.read(b)));
};

const not: Semantics = (e, a) => {
  e.write(a, e.not(e.readForUpdate(a)));
};

export const LOGIC: Record<string, Semantics> = {
  AND: binary((e, left, right) => e.and(left, right)),
  OR: binary((e, left, right) => e.or(left, right)),
  XOR: binary((e, left, right) => e.xor(left, right)),
  NOT: not,
  TEST: test,
};
