// Files named on the command line: relative to where the command was given, absolute for the service.

import { resolve } from 'node:path';

export function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}
