// `boxwright run` of a guest that works and then sleeps: code that is not hot is compiled meanwhile.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { boxwrightRun } from '../support/guest-session.mjs';
import { AWAY, LOOP, WARM } from '../support/loops.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { sleeperKernel } from '../support/tiny-kernel.ts';

/** Bundles may have to be built first. */
const LIMIT_MS = 120_000;
const SLEEPS = 40;

it('compiles what is warm while the guest sleeps, and not while it waits for a millisecond', async () => {
  const kernel = join(temporaryFolder(), 'kernel');
  const run = async (clocks: number) => {
    writeFileSync(kernel, sleeperKernel([...LOOP, ...AWAY, ...WARM, ...AWAY], SLEEPS, clocks));
    const session = await boxwrightRun(['-m', '16', '-nographic', '--stats', '-kernel', kernel]);
    expect(await session.ended(LIMIT_MS)).toBe(0);
    expect(session.output).toBe('.'.repeat(SLEEPS));
    return (session.stats() as { readonly regionsCompiled: number }).regionsCompiled;
  };
  // 55 ms each.
  expect(await run(0)).toBe(2);
  expect(await run(1193)).toBe(1);
}, 2 * LIMIT_MS);
