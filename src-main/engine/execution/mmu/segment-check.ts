// The slow half of a segment limit check: reached when an access is outside `readTop`/`writeTop`, which are 0 for
// every segment that is not plain expand-up data.
// Reference: Intel SDM vol. 3A 5.3 (limit checking), 5.4 (type checking); expand-down segments 3.4.5.1.

import type { CpuContext } from '../../x86/helpers/cpu-context.ts';
import { SEGMENT_INDEX } from '../../x86/state/cpu-state.ts';
import { ACCESS_CODE, ACCESS_DB, ACCESS_DC, ACCESS_P, ACCESS_RW } from '../../x86/state/segments.ts';

const WRITE = 0x100;

export class SegmentCheck {
  readonly #cpu: CpuContext;

  constructor(cpu: CpuContext) {
    this.#cpu = cpu;
  }

  /** `descriptor`: bytes, plus 0x100 for a write. 0, or 1 after #GP(0) or #SS(0) was raised. */
  readonly check = (segment: number, offset: number, descriptor: number): number => {
    if (this.#isAllowed(segment, offset >>> 0, descriptor)) return 0;
    return this.#cpu.raise(segment === SEGMENT_INDEX.ss ? 12 : 13, 0);
  };

  #isAllowed(segment: number, offset: number, descriptor: number): boolean {
    const access = this.#cpu.get32('segmentAccess', segment);
    const isWrite = (descriptor & WRITE) !== 0;
    if ((access & ACCESS_P) === 0) return false;
    if (access & ACCESS_CODE) {
      if (isWrite || (access & ACCESS_RW) === 0) return false;
      return this.#isInside(segment, offset, descriptor & 0xff);
    }
    if (isWrite && (access & ACCESS_RW) === 0) return false;
    if ((access & ACCESS_DC) === 0) return this.#isInside(segment, offset, descriptor & 0xff);
    const top = access & ACCESS_DB ? 0x1_0000_0000 : 0x1_0000;
    return offset > this.#cpu.get32('segmentLimit', segment) && offset + (descriptor & 0xff) <= top;
  }

  /** What runs over the end of four gigabytes wraps, as in flat segments, which are not checked: the manual allows both. */
  #isInside(segment: number, offset: number, bytes: number): boolean {
    const limit = this.#cpu.get32('segmentLimit', segment);
    return limit === 0xffff_ffff || offset + bytes - 1 <= limit;
  }
}
