// The command line as built, over a data folder.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { nodeBinary } from '../../../src-main/launch/node-binary.mjs';

const CLI = fileURLToPath(new URL('../../../dist/main/cli.js', import.meta.url));

export interface Answer {
  readonly status: number;
  readonly out: string;
  readonly errors: string;
}

export function boxwright(dataFolder: string, ...args: string[]): Promise<Answer> {
  return new Promise((resolve) => {
    const env = { ...process.env, BOXWRIGHT_HOME: dataFolder, BOXWRIGHT_NO_OPEN: '1' };
    execFile(nodeBinary(), [CLI, ...args], { env, timeout: 60_000 }, (error, out, errors) =>
      resolve({ status: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, errors }),
    );
  });
}
