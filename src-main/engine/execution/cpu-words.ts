// Where the fields that the run loop reads between all records stand in the CPU block.
// Reference for the fields: `x86/state/cpu-state.ts`.

import { CPU_FIELDS as F, type CpuFieldName, SEGMENT_INDEX } from '../x86/state/cpu-state.ts';

/** Index of a field among the 32-bit words of the block. */
const word = (name: CpuFieldName, index = 0): number => {
  const { offset, stride } = F[name];
  return (offset + index * stride) >> 2;
};
export const MODE = word('mode');
export const CPL = word('cpl');
export const RIP = word('rip');
export const CODE_BASE = word('codeBase');
export const CS_BASE = word('segmentBase', SEGMENT_INDEX.cs);
export const EXIT_REASON = word('exitReason');
export const CURRENT_RECORD = word('currentRecord');
export const SHADOW = word('interruptShadow');
export const FLAG_REST = word('flagRest');
export const RETIRED = word('retired');
