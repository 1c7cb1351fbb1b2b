// EFLAGS put together from the lazily kept fields, and taken apart again. No permission checks: those are
// POPF's and IRET's (`helpers/flag-access.ts`, `helpers/interrupt-return.ts`).
// Reference: the field comments of `cpu-state.ts`; Intel SDM vol. 1 3.4.3.

import { CPU_FIELDS as F } from './cpu-state.ts';
import type { CpuContext } from '../helpers/cpu-context.ts';
import { EFLAGS_AF, EFLAGS_CF, EFLAGS_FIXED, EFLAGS_OF, EFLAGS_PF, EFLAGS_SF, EFLAGS_ZF } from './control-bits.ts';

const AUX_IN_PLACE = EFLAGS_CF | EFLAGS_AF | EFLAGS_OF;
/** TF IF DF IOPL NT RF VM AC VIF VIP ID. */
export const REST_FLAGS = 0x3f7700;

const hasEvenParity = (byte: number): boolean => {
  const nibble = (byte ^ (byte >>> 4)) & 15;
  return ((0x9669 >>> nibble) & 1) !== 0;
};

const RESULT = F.flagResult.offset >> 2;
const AUX = F.flagAux.offset >> 2;
const OTHERS = F.flagRest.offset >> 2;

export function readFlags({ words, firstWord }: CpuContext): number {
  const low = words[firstWord + RESULT] as number;
  const high = words[firstWord + RESULT + 1] as number;
  const aux = words[firstWord + AUX] as number;
  let flags = (words[firstWord + OTHERS] as number) | EFLAGS_FIXED | (aux & AUX_IN_PLACE);
  if ((low | high) === 0) flags |= EFLAGS_ZF;
  if (((high >>> 31) ^ (aux >>> 24)) & 1) flags |= EFLAGS_SF;
  if (hasEvenParity((low ^ (aux >>> 16)) & 0xff)) flags |= EFLAGS_PF;
  return flags >>> 0;
}

export function writeFlags({ words, firstWord }: CpuContext, value: number): void {
  // Result 0 has ZF and even parity, result 1 neither; SF and a differing PF are put right by xor.
  const zero = value & EFLAGS_ZF ? 1 : 0;
  const parity = value & EFLAGS_PF ? 1 : 0;
  const sign = value & EFLAGS_SF ? 1 : 0;
  words[firstWord + RESULT] = zero ^ 1;
  words[firstWord + RESULT + 1] = 0;
  words[firstWord + AUX] = (value & AUX_IN_PLACE) | ((parity ^ zero) << 16) | (sign << 24);
  words[firstWord + OTHERS] = (value & REST_FLAGS) | EFLAGS_FIXED;
}
