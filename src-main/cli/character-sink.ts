// Where the bytes of a serial port or the debug console go: standard output, a file, or nowhere.

import { closeSync, openSync, writeSync } from 'node:fs';
import { FileError, reason } from './boot-files.ts';
import type { CharacterTarget } from './run-settings.ts';

export interface CharacterSink {
  write(bytes: Uint8Array): void;
  close(): void;
}

/** Throws `FileError`. */
export function openSink(target: CharacterTarget): CharacterSink {
  switch (target.kind) {
    case 'null':
      return { write: () => {}, close: () => {} };
    case 'stdio':
      return { write: (bytes) => void process.stdout.write(bytes), close: () => {} };
    case 'file': {
      const { path } = target;
      const file = attempt(path, () => openSync(path, 'w'));
      return {
        write: (bytes) => attempt(path, () => writeAll(file, bytes)),
        close: () => closeSync(file),
      };
    }
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new FileError(`${path}: ${reason(error)}`);
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}
