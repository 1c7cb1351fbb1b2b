// Sign extension of the accumulator. CBW stands for CBW, CWDE and CDQE; CWD for CWD, CDQ and CQO.
// Reference: Intel SDM vol. 2 (CBW/CWDE/CDQE, CWD/CDQ/CQO).

import type { Semantics } from './emitter.ts';

const cbw: Semantics = (e) => {
  const bits = e.shape.operandBits;
  const half = bits === 16 ? 8 : bits === 32 ? 16 : 32;
  e.setRegister('rax', e.signExtend(e.register('rax', half), bits));
};

const cwd: Semantics = (e) => {
  const bits = e.shape.operandBits;
  e.setRegister('rdx', e.sar(e.register('rax', bits), e.constant(bits, bits - 1)));
};

export const CONVERT: Record<string, Semantics> = { CBW: cbw, CWD: cwd };
