// The command line waiting for a text on the screen.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { boxwrightRun } from '../support/guest-session.mjs';
import { readPng } from '../support/png-reader.ts';
import { code, tinyKernel } from '../support/tiny-kernel.ts';

const LIMIT_MS = 30_000;
const folder = mkdtempSync(join(tmpdir(), 'boxwright-text-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a text to the middle of the screen: mov word [address], character and attribute. */
const write = (text: string, cell = 12 * 80 + 30): number[] =>
  [...text].flatMap((letter, index) => {
    const at = 0xb_8000 + (cell + index) * 2;
    return [0x66, 0xc7, 0x05, at & 0xff, (at >> 8) & 0xff, at >> 16, 0, letter.charCodeAt(0), 0x07];
  });

async function run(program: readonly number[], ...options: string[]) {
  const path = join(folder, 'kernel');
  writeFileSync(path, tinyKernel(program));
  return boxwrightRun(['-m', '16', '-nographic', '-kernel', path, ...options]);
}

it('ends with status 0 when it is there, and a picture of it', async () => {
  const picture = join(folder, 'seen.png');
  const session = await run(
    [...write('ready.'), ...code.spin()],
    '--wait-for-text',
    'ready.',
    '--screenshot',
    picture,
  );
  expect(await session.ended(LIMIT_MS)).toBe(0);
  const { width, height } = readPng(readFileSync(picture));
  expect([width, height]).toEqual([720, 400]);
});

it('finds a text that goes over the end of a row', async () => {
  const session = await run([...write('broken line', 75), ...code.spin()], '--wait-for-text', 'broken line');
  expect(await session.ended(LIMIT_MS)).toBe(0);
});

it('ends with status 3 and says what was there instead, after the time it was given', async () => {
  const session = await run(
    [...write('no such luck'), ...code.spin()],
    '--wait-for-text',
    'login:',
    '--within',
    '1',
  );
  expect(await session.ended(LIMIT_MS)).toBe(3);
  expect(session.errors).toContain('the text "login:" did not appear');
  expect(session.errors).toContain('no such luck');
});

it('ends with status 3 when the guest powers off without having said it', async () => {
  const session = await run(
    [...write('bye'), ...code.powerOff(), ...code.spin()],
    '--wait-for-text',
    'hello',
  );
  expect(await session.ended(LIMIT_MS)).toBe(3);
  expect(session.errors).toContain('bye');
});
