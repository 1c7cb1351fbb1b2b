// Writes the CD of the demo machine, which the engine's firmware puts together.

import { writeFile } from 'node:fs/promises';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import { systemErrorWords } from '../../shared/units/system-error.ts';
import { demoCd } from '../engine/firmware/index.ts';

/** Fails when there is a file of this name. */
export async function writeDemoCd({ path }: { readonly path: string }): Promise<void> {
  try {
    await writeFile(path, demoCd(), { flag: 'wx' });
  } catch (error) {
    throw new FailureError('store.writeFailed', say`“${path}” could not be written: ${systemErrorWords(error)}.`, { path });
  }
}
