// DIV and IDIV with a 128-bit dividend.
// Reference: Intel SDM vol. 2A DIV, IDIV.

import { CPU_FIELDS as F } from '../state/cpu-state.ts';
import type { CpuContext } from './cpu-context.ts';
import { VECTOR_DE } from './descriptor.ts';

export function divideWide(cpu: CpuContext): number {
  const dividend = (cpu.get64(F.scratch, 0) << 64n) | cpu.get64(F.scratch, 1);
  const divisor = cpu.get64(F.scratch, 2);
  // The quotient fits exactly when the upper half is below the divisor; this covers zero, too.
  if (cpu.get64(F.scratch, 0) >= divisor) return cpu.raise(VECTOR_DE);
  cpu.set64(F.scratch, dividend / divisor, 0);
  cpu.set64(F.scratch, dividend % divisor, 1);
  return 0;
}

export function divideWideSigned(cpu: CpuContext): number {
  const dividend = (BigInt.asIntN(64, cpu.get64(F.scratch, 0)) << 64n) | cpu.get64(F.scratch, 1);
  const divisor = BigInt.asIntN(64, cpu.get64(F.scratch, 2));
  if (divisor === 0n) return cpu.raise(VECTOR_DE);
  const quotient = dividend / divisor;
  if (BigInt.asIntN(64, quotient) !== quotient) return cpu.raise(VECTOR_DE);
  cpu.set64(F.scratch, BigInt.asUintN(64, quotient), 0);
  cpu.set64(F.scratch, BigInt.asUintN(64, dividend % divisor), 1);
  return 0;
}
