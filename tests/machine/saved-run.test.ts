// `boxwright run` that keeps the state of its machine in a file, and another one that goes on from there.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { boxwrightRun } from '../support/guest-session.mjs';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { code, tinyKernel } from '../support/tiny-kernel.ts';

/** Bundles may have to be built first. */
const LIMIT_MS = 120_000;

it('ends when the state is written; the next process has the guest where it was, and says what is wrong with a file', async () => {
  const folder = temporaryFolder();
  const [kernel, state] = [join(folder, 'kernel'), join(folder, 'a.state')];
  writeFileSync(kernel, tinyKernel([...code.print('>'), ...code.echo(), ...code.powerOff(), ...code.spin()]));
  const run = (...options: string[]) => boxwrightRun(['-m', '16', '-nographic', '-kernel', kernel, ...options]);

  const first = await run('--save-state', state, '--at', '1');
  expect(await first.ended(LIMIT_MS)).toBe(0);
  expect([first.output, existsSync(state)]).toEqual(['>', true]);

  const second = await run('--restore-state', state);
  second.type('HAL');
  await second.waitFor(/IBM/, LIMIT_MS);
  // It has not started anew.
  expect(second.output).toBe('IBM');
  await second.stop();

  const again = await run('--save-state', state, '--at', '0');
  expect(await again.ended(LIMIT_MS)).toBe(1);
  expect(again.errors).toContain(`“${state}” is there already`);

  const bytes = readFileSync(state);
  bytes[bytes.length - 5]! ^= 1;
  writeFileSync(state, bytes);
  const damaged = await run('--restore-state', state);
  expect(await damaged.ended(LIMIT_MS)).toBe(1);
  expect(damaged.errors).toMatch(/a\.state.*(checksum|unpacked)/);
}, 3 * LIMIT_MS);
