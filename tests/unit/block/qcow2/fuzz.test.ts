// Damaged qcow2 images: always a typed error, never a hang, a crash or a file that grows without bound.

import { describe, expect, it } from 'vitest';
import { fuzzOnce, victims } from '../../../support/fuzz-qcow2.ts';

describe('a damaged qcow2 image', () => {
  it('gives typed errors in 2,000 cases', async () => {
    const all = await victims();
    const outcomes = new Map<string, number>();
    for (let seed = 1; seed <= 2000; seed++) {
      const victim = all[seed % all.length];
      if (victim === undefined) continue;
      const outcome = await fuzzOnce(victim, seed).catch((error: unknown) => {
        throw new Error(`case ${seed} of ${victim.name}`, { cause: error });
      });
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    // Damage is found in different places, and not all of it is damage to what is looked at.
    expect(outcomes.size).toBeGreaterThan(20);
    expect(outcomes.get('fine fine fine fine fine') ?? 0).toBeGreaterThan(50);
  }, 120_000);
});
