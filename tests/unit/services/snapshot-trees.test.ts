// Random trees of snapshots, every one of them restored and compared with a model; many more in tests/long.

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { liveRandomly } from '../../support/random-snapshots.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('random trees of snapshots', () => {
  it.each([[1, 'qcow2'], [2, 'raw']] as const)('hold what was put into them: seed %i, %s', async (seed, format) => {
    const { taken, left } = await liveRandomly(join(temporaryFolder(), 'data'), { seed, steps: 35, snapshots: 8, diskBytes: 512 << 10, format });
    expect(taken).toBeGreaterThan(4);
    expect(left).toBeGreaterThan(1);
  });
});
