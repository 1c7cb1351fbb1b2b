// INVLPG.
// Reference: Intel SDM vol. 2A INVLPG; vol. 3A 4.10.4.1.

import { isCanonical } from '../state/address.ts';
import { wideArgument } from './code-segment.ts';
import type { CpuContext } from './cpu-context.ts';

export function invalidatePage(cpu: CpuContext): number {
  const linear = wideArgument(cpu, 0);
  // A non-canonical address invalidates nothing and does not fault.
  if (isCanonical(linear)) cpu.invalidatePage(linear);
  return 0;
}
