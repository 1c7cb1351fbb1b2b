// Damaged images of every format: an error of the block layer or an image, never anything else.

import { describe, expect, it } from 'vitest';
import { Random } from '../../../cpu/differential/random.ts';
import { FUZZ_TARGETS, fuzz } from '../../../support/image-fuzz.ts';

const CASES = 2000;

describe('damaged images', () => {
  it.each(FUZZ_TARGETS)(
    '$name',
    async (target) => {
      const opened = await fuzz(target, new Random(1), CASES);
      // Damage must neither be noticed always (it would not reach the tables) nor never.
      expect(opened).toBeGreaterThan(0);
      expect(opened).toBeLessThan(CASES);
    },
    180_000,
  );
});
