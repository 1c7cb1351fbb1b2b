// Writes what is not implemented into the engine's README. Needs a Node that runs TypeScript (24).

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/source-tree.ts';
import { README, withSection } from './not-implemented.ts';

const path = join(ROOT, README);
writeFileSync(path, withSection(readFileSync(path, 'utf8')));
