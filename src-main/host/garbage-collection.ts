// A collection of everything that is no longer used, which programs cannot ask V8 for. A guest's thread needs one now and
// then: it makes few objects, so that V8 sees no reason for a full collection, and the code of dropped regions waits for one.
// Reference: `node --v8-options`, --expose-gc.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/** Takes some tens of milliseconds: for moments when nobody waits. */
export function collectGarbage(): void {
  if (collect === undefined) {
    // Only contexts that are made from now on see it.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
  }
  collect();
}
