// Finds the external test vectors, which live beside the checkout and not in it; tests skip without them.
// `BOXWRIGHT_SHARED` names the folder; else `shared` is looked for one and two levels above the project.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const project = new URL('../../', import.meta.url);

const findShared = (): URL | undefined => {
  const named = process.env['BOXWRIGHT_SHARED'];
  const candidates = [
    ...(named === undefined ? [] : [new URL(`${named.replace(/\/$/, '')}/`, 'file:///')]),
    new URL('../shared/', project),
    new URL('../../shared/', project),
  ];
  return candidates.find((url) => existsSync(fileURLToPath(new URL('vectors/', url))));
};

const shared = findShared();

export const hasSharedData = shared !== undefined;

/** Path of a file or folder under `shared`. Only where `hasSharedData`. */
export const sharedPath = (path: string): string => {
  if (shared === undefined) throw new Error('The shared test data is not there: check hasSharedData first');
  return fileURLToPath(new URL(path, shared));
};

/** Text of a gzipped file under `shared`. */
export const readSharedText = (path: string): string =>
  gunzipSync(readFileSync(sharedPath(path))).toString('utf8');

/** For the title of a `describe.skipIf`; says aloud what does not run. */
export const skipReason = (what: string): string => {
  if (hasSharedData) return what;
  console.warn(`SKIPPED: ${what}: no shared test data (set BOXWRIGHT_SHARED)`);
  return `${what} [skipped: no shared test data]`;
};

/** A JSON file under `shared`; the caller says what it is. */
export const readSharedJson = (path: string): unknown => JSON.parse(readFileSync(sharedPath(path), 'utf8'));
