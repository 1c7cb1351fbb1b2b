// A folder of its own for a test or a file of tests, removed with everything in it afterwards.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'boxwright-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** For all tests of a file: called at its top level. */
export function temporaryFolderForFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'boxwright-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
