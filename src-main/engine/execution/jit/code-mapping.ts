// Where the pages around a hot block are mapped: what lets a region go on in them, and what is checked before it is
// entered again after translations have changed. DECISIONS.md: regions check their other pages.

import { MODE_CODE32, MODE_FLAT_CS, MODE_LONG64, MODE_USER } from '../../x86/state/cpu-state.ts';
import { GUEST_PAGE, pageOf } from '../layout.ts';

/** Where a page of code is. */
export interface CodePage {
  readonly host: number;
  /** It stays there when CR3 is written. */
  readonly isGlobal: boolean;
}

export interface CodeMapping {
  /** The page of code at a linear address; undefined where a fetch would not find RAM. Raises nothing. */
  codePage(linear: number, user: boolean): CodePage | undefined;
}

const TOP_32 = 0x1_0000_0000;
const TOP_48 = 0x8000_0000_0000;

/** The page so many pages behind (or before) that of a block, if a region may reach there. */
export function pageNear(
  mapping: CodeMapping,
  { linear, mode }: { readonly linear: number; readonly mode: number },
  index: number,
): CodePage | undefined {
  // Elsewhere a limit or the end of a 64 KiB segment may lie between.
  const isFlat32 = (mode & MODE_FLAT_CS) !== 0 && (mode & MODE_CODE32) !== 0;
  if (!isFlat32 && (mode & MODE_LONG64) === 0) return undefined;
  const address = (pageOf(linear) + index) * GUEST_PAGE;
  const inRange = mode & MODE_LONG64 ? address >= -TOP_48 && address < TOP_48 : address >= 0 && address < TOP_32;
  // Between the two halves of the 48-bit space there is no way, nor around their ends.
  if (!inRange || (mode & MODE_LONG64 && address < 0 !== linear < 0)) return undefined;
  return mapping.codePage(address, (mode & MODE_USER) !== 0);
}
