// Several regions in one module.

import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { regionExport, RegionModule } from '../../../../src-main/engine/execution/jit/region-module.ts';
import { computeLayout } from '../../../../src-main/engine/execution/layout.ts';
import { instantiate } from '../../../../src-main/engine/execution/module-loader.ts';
import { createModuleBuilder } from '../../../../src-main/engine/ir/module.ts';

const layout = computeLayout({ ramBytes: 0x1_0000 });

it('keeps what stands in it when another region cannot be translated', () => {
  const module = new RegionModule(layout);
  const add = (value: number): number => module.add(`region ${value}`, (f) => f.return(f.constant('i32', value)));
  const fail = (): never => {
    throw new Error('too large');
  };
  expect(add(7)).toBe(0);
  expect(() => module.add('region 8', fail)).toThrow('too large');
  expect(add(9)).toBe(1);
  expect(module.count).toBe(2);
  const memory = new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages, shared: true });
  const built = new WebAssembly.Module(module.builder.build({ names: true, optimized: true }));
  const exports = instantiate(built, { memory }) as Record<string, () => number>;
  expect(Object.keys(exports)).toEqual([0, 1].map(regionExport));
  expect([0, 1].map((index) => exports[regionExport(index)]?.())).toEqual([7, 9]);
  expect(module.bytes).toHaveLength(2);
});

/** Prints, for each exported function of the module in hexadecimal, whether it is optimised before it has run. */
const ASK = `
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(process.argv[1], 'hex')));
  console.log(JSON.stringify(Object.values(exports).map((f) => %IsTurboFanFunction(f))));
`;

/** With the flags of a machine's process. */
function areOptimized(module: Uint8Array): unknown {
  const flags = ['--allow-natives-syntax', '--experimental-wasm-compilation-hints', '--no-wasm-lazy-compilation'];
  return JSON.parse(execFileSync(process.execPath, [...flags, '-e', ASK, Buffer.from(module).toString('hex')], { encoding: 'utf8' }));
}

it('is optimised from the beginning where V8 is told so', () => {
  const module = createModuleBuilder();
  const names = ['f', 'g'];
  for (const name of names) module.defineFunction(name, [], [], { export: name }).builder.return();
  expect(areOptimized(module.build({ optimized: true }))).toEqual([true, true]);
  expect(areOptimized(module.build())).toEqual([false, false]);
});
