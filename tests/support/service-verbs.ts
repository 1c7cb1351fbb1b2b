// Verbs of the command line against a service in a folder of its own, as a person at a shell uses them.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../src-main/launch/build.mjs';
import { nodeBinary } from '../../src-main/launch/node-binary.mjs';
import { type Picture, readPng } from './png-reader.ts';

export class ServiceVerbs {
  readonly #home: string;

  /** `home`: where the machines are kept. */
  constructor(home: string) {
    this.#home = home;
  }

  /** What a verb prints; throws with its message when it fails. */
  run(...args: string[]): string {
    const env = { ...process.env, BOXWRIGHT_HOME: this.#home, BOXWRIGHT_NO_OPEN: '1' };
    const launcher = join(ROOT, 'src-main', 'launch', 'boxwright.mjs');
    return execFileSync(nodeBinary(), [launcher, ...args], { encoding: 'utf8', env });
  }

  picture(machine: string): Picture {
    const file = join(this.#home, 'picture.png');
    this.run('screenshot', machine, file);
    return readPng(readFileSync(file));
  }

  /** Looks every other second until the screen is as wanted. */
  async pictureThat(machine: string, isWanted: (picture: Picture) => boolean, limitMs: number): Promise<Picture> {
    const end = performance.now() + limitMs;
    for (;;) {
      const picture = this.picture(machine);
      if (isWanted(picture)) return picture;
      if (performance.now() > end) throw new Error(`the screen of ${machine} did not become what was waited for in ${limitMs / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}
