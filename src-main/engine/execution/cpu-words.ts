// Where the fields that the run loop reads between all records stand in the CPU block.
// Reference for the fields: `x86/state/cpu-state.ts`.

import { CPU_FIELDS as F, type CpuFieldName, SEGMENT_INDEX } from '../x86/state/cpu-state.ts';
import { word as fieldWord } from '../x86/state/modes.ts';

const word = (name: CpuFieldName, index = 0): number => fieldWord(F[name], index);
export const MODE = word('mode');
export const CPL = word('cpl');
export const RIP = word('rip');
export const CODE_BASE = word('codeBase');
export const CS_BASE = word('segmentBase', SEGMENT_INDEX.cs);
export const EXIT_REASON = word('exitReason');
export const CURRENT_RECORD = word('currentRecord');
export const REGION_START = word('regionStart');
export const SHADOW = word('interruptShadow');
export const FLAG_REST = word('flagRest');
export const RETIRED = word('retired');
export const RAN_USER_CODE = word('ranUserCode');
export const TLB_READ = word('tlbRead');
export const TLB_WRITE = word('tlbWrite');

/**
 * Bits of the attention word: what the engine asks of itself, and that the thread which compiles regions has something to say.
 * The others belong to the board and other threads.
 */
export const ATTENTION_OWN = 1 << 30;
export const ATTENTION_COMPILED = 1 << 29;
