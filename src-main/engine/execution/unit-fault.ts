// Which exception an instruction of a disabled unit raises, from the number of the unit that a fault record holds.
// Reference: Intel SDM vol. 3A tables 2-2 and 13-1 (#UD before #NM).

import type { CpuContext } from '../x86/helpers/cpu-context.ts';
import { CR0_EM, CR0_TS } from '../x86/state/control-bits.ts';
import { UNITS } from './interpreter/code-cache.ts';

export function unitFaultVector(cpu: CpuContext, unit: number): 6 | 7 {
  const cr0 = cpu.low('cr0');
  if ((UNITS[unit] ?? 'x87') === 'x87') return 7;
  return cr0 & CR0_EM || (cr0 & CR0_TS) === 0 ? 6 : 7;
}
