// A module with one function that asks to be optimised at once, as regions do: whether V8 does so can be seen by it.

import { createModuleBuilder } from '../../ir/module.ts';

/** Without imports; exports `probe`, which gives an i32. */
export function optimizedProbe(): Uint8Array {
  const module = createModuleBuilder();
  const { builder } = module.defineFunction('probe', [], ['i32'], { export: 'probe' });
  builder.return(builder.constant('i32', 0));
  return module.build({ optimized: true });
}
