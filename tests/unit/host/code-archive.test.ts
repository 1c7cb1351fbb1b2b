// The file of compiled code: what was kept is there the next time, and nothing that is damaged, of another engine or of other people.

import { appendFileSync, chmodSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { describe, expect, it } from 'vitest';
import type { CodeArchive, KeptModule } from '../../../src-main/engine/execution/index.ts';
import { createModuleBuilder } from '../../../src-main/engine/ir/module.ts';
import { type CodeConditions, openCodeArchive } from '../../../src-main/host/code-archive.ts';
import { nativeCode } from '../../../src-main/host/native-code.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

// As a machine's threads do.
for (const flag of ['--experimental-wasm-compilation-hints', '--no-wasm-lazy-compilation']) setFlagsFromString(flag);

const CONDITIONS: CodeConditions = { layout: { pages: 3 } as CodeConditions['layout'], features: new Set(['fpu', 'sse2']), isChained: true };

/** A module with a function that gives the number, and facts that name it. */
function made(number: number) {
  const module = createModuleBuilder();
  const { builder } = module.defineFunction('number', [], ['i32'], { export: 'number' });
  builder.return(builder.constant('i32', number));
  const wasm = module.build({ optimized: true });
  const facts = { instructions: number, pages: [0], code: { places: [0, 2], bytes: Uint8Array.of(number, 0) }, wide: [], supposing: [], deviceCalls: [], supposesControl: false };
  const kept: KeptModule = { bytes: [wasm.length], regions: [{ key: number, mode: 0, entry: 0, function: 0, fcw: undefined, facts }] };
  return { kept, made: { module: new WebAssembly.Module(wasm), wasm } };
}

function keep(archive: CodeArchive, ...numbers: readonly number[]): void {
  for (const number of numbers) {
    const one = made(number);
    archive.keep(one.kept, one.made);
  }
}

/** What each module that is there gives, or why not. */
const numbersIn = (archive: CodeArchive): (number | undefined)[] =>
  archive.found.map((module) => {
    const loaded = module.load();
    return loaded && (new WebAssembly.Instance(loaded, {}).exports['number'] as () => number)();
  });

function fileWith(...numbers: readonly number[]): string {
  const path = join(temporaryFolder(), 'machine.code');
  keep(openCodeArchive(path, CONDITIONS), ...numbers);
  return path;
}

describe('kept code', () => {
  it('is there the next time, with what is known of it', () => {
    const path = fileWith(7, 8);
    const archive = openCodeArchive(path, CONDITIONS);
    expect(archive.found.map(({ regions, bytes, number }) => ({ regions, bytes, number }))).toEqual([7, 8].map((one, number) => ({ ...made(one).kept, number })));
    expect(numbersIn(archive)).toEqual([7, 8]);
    keep(archive, 9);
    expect(numbersIn(openCodeArchive(path, CONDITIONS))).toEqual([7, 8, 9]);
  });

  it('comes with its machine code', () => {
    const path = fileWith(7);
    const code = nativeCode();
    expect(code).toBeDefined();
    const { module, wasm } = made(7).made;
    const native = Buffer.from(code?.save(module) ?? []);
    expect(readFileSync(path).indexOf(wasm)).toBeGreaterThan(0);
    expect(readFileSync(path).length).toBeGreaterThan(wasm.length + native.length);
    const instance = new WebAssembly.Instance(code?.load(native, wasm) as WebAssembly.Module, {});
    expect((instance.exports['number'] as () => number)()).toBe(7);
  });

  it('is compiled from WebAssembly where the machine code is of another V8', () => {
    const { module, wasm } = made(7).made;
    const native = Buffer.from(nativeCode()?.save(module) ?? []);
    // The number of the version is in the first words.
    native.fill(0xff, 0, 16);
    expect(nativeCode()?.load(native, wasm)).toBeUndefined();
  });

  it.each([
    ['memory', { ...CONDITIONS, layout: { pages: 4 } as CodeConditions['layout'] }],
    ['a processor', { ...CONDITIONS, features: new Set(['fpu'] as const) }],
    ['ways to go on', { ...CONDITIONS, isChained: false }],
  ])('begins anew for other %s', (_what, conditions) => {
    const path = fileWith(7);
    expect(openCodeArchive(path, conditions).found).toEqual([]);
    expect(openCodeArchive(path, CONDITIONS).found).toEqual([]);
  });

  it.each(['something else', '!', '\0'.repeat(100)])('does no harm to a file that is something else: %j', (text) => {
    const path = join(temporaryFolder(), 'disk.img');
    writeFileSync(path, text);
    expect(() => openCodeArchive(path, CONDITIONS)).toThrow('it holds something else. Compiled code is not kept.');
    expect(readFileSync(path, 'latin1')).toBe(text);
  });

  it('is whole or not there at every length of a file that was cut', () => {
    const path = fileWith(7, 8);
    const whole = readFileSync(path);
    const [one] = [readFileSync(fileWith(7)).length];
    for (let length = 0; length < whole.length; length += 97) {
      writeFileSync(path, whole.subarray(0, length));
      const wanted = length < one ? [] : [7];
      const archive = openCodeArchive(path, CONDITIONS);
      // The facts of one whose code was cut are there.
      expect(numbersIn(archive).filter((number) => number !== undefined)).toEqual(wanted);
      keep(archive, 9);
    }
  });

  it('is not used where a byte of it is another', () => {
    const path = fileWith(7, 8);
    const whole = readFileSync(path);
    const second = readFileSync(fileWith(7)).length;
    for (let at = second; at < whole.length; at += 13) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ 0x40;
      writeFileSync(path, damaged);
      const found = numbersIn(openCodeArchive(path, CONDITIONS));
      // When it was last used does not count as code.
      const isRun = at >= second + 12 && at < second + 16;
      expect([found[0], found[1]], `byte ${at - second}`).toEqual([7, isRun ? 8 : undefined]);
    }
  });

  it('makes room for what was used last', () => {
    const path = fileWith(1, 2, 3);
    // The one in the middle.
    openCodeArchive(path, CONDITIONS).found[1]?.load();
    appendFileSync(path, Buffer.alloc(1));
    truncateSync(path, 49 * 2 ** 20);
    expect(numbersIn(openCodeArchive(path, CONDITIONS))).toEqual([2, 1, 3]);
    expect(statSync(path).size).toBeLessThan(10_000);
  });

  it('is not kept where the file could be somebody else’s', () => {
    const path = fileWith(7);
    const link = `${path}.link`;
    symlinkSync(path, link);
    expect(() => openCodeArchive(link, CONDITIONS)).toThrow(link);
    expect(() => openCodeArchive(join(path, 'below'), CONDITIONS)).toThrow('Compiled code is not kept.');
    expect(() => openCodeArchive(dirname(path), CONDITIONS)).toThrow('cannot be used');
    chmodSync(path, 0o620);
    expect(() => openCodeArchive(path, CONDITIONS)).toThrow('others than you can write to it');
    chmodSync(path, 0o600);
    expect(numbersIn(openCodeArchive(path, CONDITIONS))).toEqual([7]);
  });
});
