// `boxwright run` that keeps compiled code in a file: the next run has it at once, and runs on its own where the file is of no use.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { boxwrightRun } from '../support/guest-session.mjs';
import { AWAY, LOOP, WARM } from '../support/loops.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { code, tinyKernel } from '../support/tiny-kernel.ts';

/** Bundles may have to be built first. */
const LIMIT_MS = 120_000;

it('starts with the code of the run before', async () => {
  const folder = temporaryFolder();
  const [kernel, file] = [join(folder, 'kernel'), join(folder, 'kept.code')];
  writeFileSync(kernel, tinyKernel([...code.print('>'), ...LOOP, ...AWAY, ...WARM, ...AWAY, ...LOOP, ...code.print('<'), ...code.powerOff(), ...code.spin()]));
  const run = async () => {
    const session = await boxwrightRun(['-m', '16', '-nographic', '--stats', '-kernel', kernel, '-code-cache', file]);
    expect(await session.ended(LIMIT_MS)).toBe(0);
    expect(session.output).toBe('><');
    const { regionsCompiled } = session.stats() as { readonly regionsCompiled: number };
    return { session, regionsCompiled, kept: readFileSync(file) };
  };

  const first = await run();
  expect(first.regionsCompiled).toBe(2);
  // What was warm then is compiled, too.
  const second = await run();
  expect(second.regionsCompiled).toBe(3);
  // It has compiled nothing that was not there; the numbers of runs are others.
  expect(second.kept.length).toBe(first.kept.length);
  expect(second.kept.equals(first.kept)).toBe(false);

  writeFileSync(file, first.kept.subarray(0, first.kept.length - 1));
  const third = await run();
  expect(third.regionsCompiled).toBe(3);
  // What was cut stays where it is, and is compiled anew.
  expect(third.kept.length).toBeGreaterThan(first.kept.length);

  const session = await boxwrightRun(['-m', '16', '-nographic', '-kernel', kernel, '-code-cache', folder]);
  expect(await session.ended(LIMIT_MS)).toBe(0);
  expect(session.errors).toContain(`“${folder}” cannot be used`);
}, 3 * LIMIT_MS);
