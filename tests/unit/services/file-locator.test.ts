// Finding the file behind a drop: by name, size and time, in the folders people use, and never by a guess.

import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { locateFile } from '../../../src-main/services/file-locator.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const MODIFIED_MS = 1_700_000_000_123;

function file(folder: string, name: string, bytes = 10): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(bytes));
  utimesSync(path, MODIFIED_MS / 1000, MODIFIED_MS / 1000);
  return path;
}

const wanted = (name: string) => ({ name, sizeBytes: 10, modifiedMs: MODIFIED_MS });

describe('a dropped file', () => {
  it('is found in the home folder, in the folders there, and where media are', async () => {
    const home = temporaryFolder();
    const media = temporaryFolder();
    const a = file(home, 'a.iso');
    const b = file(join(home, 'Downloads', 'linux'), 'b.iso');
    const c = file(media, 'c.iso');
    expect(await locateFile(wanted('a.iso'), [media], home)).toBe(a);
    expect(await locateFile(wanted('b.iso'), [media], home)).toBe(b);
    expect(await locateFile(wanted('c.iso'), [media], home)).toBe(c);
  });

  it('is not taken for another of its name', async () => {
    const home = temporaryFolder();
    file(home, 'a.iso', 11);
    expect(await locateFile(wanted('a.iso'), [], home)).toBeNull();
    expect(await locateFile({ ...wanted('a.iso'), sizeBytes: 11, modifiedMs: 5 }, [], home)).toBeNull();
  });

  it('is not guessed at when there are two', async () => {
    const home = temporaryFolder();
    file(home, 'a.iso');
    file(join(home, 'Desktop'), 'a.iso');
    expect(await locateFile(wanted('a.iso'), [], home)).toBeNull();
  });

  it.each(['../a.iso', 'x/../../a.iso', '..', '.', '/etc/passwd'])('is not looked for by a path: %s', async (name) => {
    const home = join(temporaryFolder(), 'home');
    mkdirSync(home);
    file(join(home, '..'), 'a.iso');
    expect(await locateFile(wanted(name), [], home)).toBeNull();
  });
});
