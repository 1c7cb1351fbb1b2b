// Pictures of the screen that the command line takes.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { boxwrightRun } from '../support/guest-session.mjs';
import { readPng } from '../support/png-reader.ts';
import { code, tinyKernel } from '../support/tiny-kernel.ts';

const LIMIT_MS = 30_000;
const folder = mkdtempSync(join(tmpdir(), 'boxwright-screenshot-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** mov word [B8000h], 1FDBh: a white block at the top left, its ninth dot joined on. */
const block = [0x66, 0xc7, 0x05, 0x00, 0x80, 0x0b, 0x00, 0xdb, 0x1f];

async function run(program: readonly number[], ...options: string[]) {
  const path = join(folder, 'kernel');
  writeFileSync(path, tinyKernel(program));
  return boxwrightRun(['-m', '16', '-nographic', '-kernel', path, ...options]);
}

function expectBlock(file: string): void {
  const picture = readPng(readFileSync(file));
  expect([picture.width, picture.height]).toEqual([720, 400]);
  expect([picture.pixel(0, 0), picture.pixel(8, 0)]).toEqual([
    [255, 255, 255],
    [255, 255, 255],
  ]);
  expect([picture.pixel(9, 0), picture.pixel(0, 16)]).toEqual([
    [0, 0, 0],
    [0, 0, 0],
  ]);
}

it('at the end shows the screen as it was left', async () => {
  const file = join(folder, 'end.png');
  const session = await run([...block, ...code.powerOff(), ...code.spin()], '--screenshot', file);
  expect(await session.ended(LIMIT_MS)).toBe(0);
  expectBlock(file);
});

it('at a time is written while the guest goes on', async () => {
  const file = join(folder, 'time.png');
  const session = await run(
    [...block, ...code.print('drawn'), ...code.spin()],
    '--screenshot',
    file,
    '--at',
    '1',
  );
  try {
    await session.waitFor(/drawn/, LIMIT_MS);
    await eventually(() => existsSync(file) && readFileSync(file).includes('IEND'), 'the picture', LIMIT_MS);
    expectBlock(file);
  } finally {
    await session.stop();
  }
});

it('that cannot be written is an error', async () => {
  const file = join(folder, 'no-such-folder', 'x.png');
  const session = await run([...block, ...code.spin()], '--screenshot', file, '--at', '0');
  expect(await session.ended(LIMIT_MS)).toBe(1);
  expect(session.errors).toContain(file);
});
