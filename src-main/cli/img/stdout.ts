// Standard output without Node's streams: they take longer to load than a command such as `info` to do its work. They
// are still there for a pipe that is full, and for one whose reader went away.

import * as fs from 'node:fs';
import { EXIT_FAILURE } from './img-error.ts';

const FILE = 1;
let streaming = false;

export const stdout = {
  write(text: string): void {
    let rest = new TextEncoder().encode(text);
    try {
      while (!streaming && rest.length > 0) rest = rest.subarray(fs.writeSync(FILE, rest));
    } catch {
      // What it cannot do, the stream waits for or reports.
      streaming = true;
      process.stdout.on('error', endQuietly);
    }
    if (rest.length > 0) process.stdout.write(rest);
  },
};

/** The reader of a pipe went away: nobody is left to tell. Files in the making are removed on the way out. */
function endQuietly(): void {
  process.exit(EXIT_FAILURE);
}
