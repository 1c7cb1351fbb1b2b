// The image formats under many more damaged files, random requests and losses of power than the quick suite has time for.

import { describe, expect, it } from 'vitest';
import { Random } from '../cpu/differential/random.ts';
import { FUZZ_TARGETS, fuzz } from '../support/image-fuzz.ts';

const CASES = 100_000;
const HOUR = 3_600_000;

describe('damaged images', () => {
  it.each(FUZZ_TARGETS)(
    '$name',
    async (target) => {
      expect(await fuzz(target, new Random(Date.now()), CASES)).toBeGreaterThan(0);
    },
    HOUR,
  );
});
