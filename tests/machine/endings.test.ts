// How a machine of the command line ends when its guest falls over, and that a restart starts over.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { boxwrightRun } from '../support/guest-session.mjs';
import { code, tinyKernel } from '../support/tiny-kernel.ts';

const LIMIT_MS = 30_000;
const folder = mkdtempSync(join(tmpdir(), 'boxwright-endings-'));
afterAll(() => rmSync(folder, { recursive: true }));

function kernel(name: string, instructions: number[]): string {
  const path = join(folder, name);
  writeFileSync(path, tinyKernel(instructions));
  return path;
}

const run = (path: string, ...options: string[]) =>
  boxwrightRun(['-m', '16', '-nographic', '-kernel', path, ...options]);

it('a triple fault starts the guest anew', async () => {
  const session = await run(kernel('falls', [...code.print('up\n'), ...code.tripleFault()]));
  try {
    for (let times = 0; times < 3; times++) await session.waitFor(/up\n/, LIMIT_MS);
  } finally {
    await session.stop();
  }
});

it('with -no-reboot it ends, and says so', async () => {
  const session = await run(
    kernel('falls-once', [...code.print('up\n'), ...code.tripleFault()]),
    '-no-reboot',
  );
  expect(await session.ended(LIMIT_MS)).toBe(0);
  expect(session.output).toBe('up\n');
  expect(session.errors).toMatch(/triple fault/);
});

it('a reset by the guest ends it, too, with -no-reboot', async () => {
  const session = await run(
    kernel('resets', [...code.print('up\n'), ...code.reset(), ...code.spin()]),
    '-no-reboot',
  );
  expect(await session.ended(LIMIT_MS)).toBe(0);
  expect(session.output).toBe('up\n');
});

it('power-off has status 0 and loses no output', async () => {
  const text = 'The quick brown fox jumps over the lazy dog.\n'.repeat(8);
  const session = await run(kernel('off', [...code.print(text), ...code.powerOff(), ...code.spin()]));
  expect(await session.ended(LIMIT_MS)).toBe(0);
  expect(session.output).toBe(text);
});

it.each(['interp', 'jit'])(
  'a guest that spins without end is stopped by a signal, under %s',
  async (tier) => {
    const session = await run(kernel('spins', [...code.print('up\n'), ...code.spin()]), '-accel', tier);
    try {
      await session.waitFor(/up\n/, LIMIT_MS);
      process.kill(session.processId ?? 0, 'SIGTERM');
      expect(await session.ended(LIMIT_MS)).toBe(143);
    } finally {
      await session.stop();
    }
  },
);
