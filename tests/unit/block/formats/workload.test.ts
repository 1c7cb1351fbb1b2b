// Every format that can be written, under random requests: against a plain array, over several sessions, and with power
// lost at every write.

import { describe, expect, it } from 'vitest';
import { Random } from '../../../cpu/differential/random.ts';
import { IMAGE_VARIANTS } from '../../../support/image-variants.ts';
import { runPowerLosses, runWorkload } from '../../../support/image-workload.ts';

describe.each(IMAGE_VARIANTS)('%s', (_name, image) => {
  it('reads what was written, in every session', async () => {
    await runWorkload(image, new Random(11), 24);
  });

  it('keeps what was flushed whenever power fails', async () => {
    expect(await runPowerLosses(image, new Random(5), 12)).toBeGreaterThan(20);
  });
});
