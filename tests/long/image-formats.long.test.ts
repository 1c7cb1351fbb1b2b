// The image formats under many more damaged files, random requests and losses of power than the quick suite has time for.

import { describe, expect, it } from 'vitest';
import { Random } from '../cpu/differential/random.ts';
import { FUZZ_TARGETS, fuzz } from '../support/image-fuzz.ts';
import { IMAGE_VARIANTS } from '../support/image-variants.ts';
import { runPowerLosses, runWorkload } from '../support/image-workload.ts';

const CASES = 100_000;
const SEEDS = 40;
const HOUR = 3_600_000;

describe.each(IMAGE_VARIANTS)('%s', (_name, image) => {
  it(
    'reads what was written, whatever is asked',
    async () => {
      for (let seed = 100; seed < 100 + SEEDS; seed++) await runWorkload(image, new Random(seed), 60);
    },
    HOUR,
  );

  it(
    'keeps what was flushed, whatever is asked',
    async () => {
      let losses = 0;
      for (let seed = 200; seed < 200 + SEEDS; seed++)
        losses += await runPowerLosses(image, new Random(seed), 25);
      expect(losses).toBeGreaterThan(SEEDS * 20);
    },
    HOUR,
  );
});

describe('damaged images', () => {
  it.each(FUZZ_TARGETS)(
    '$name',
    async (target) => {
      expect(await fuzz(target, new Random(20), CASES)).toBeGreaterThan(0);
    },
    HOUR,
  );
});
