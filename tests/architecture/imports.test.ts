// Who may import whom. Each rule is a sentence; a violation names file, line and import. Type-only imports count too,
// except where a rule says otherwise: knowing a type is knowing its owner.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeFiles, cycles, type Import, importsOf, ROOT } from '../support/source-tree.ts';

const FILES = codeFiles();
const IMPORTS = FILES.flatMap(importsOf);
const PRODUCT = IMPORTS.filter(({ from }) => !from.startsWith('tests/') && !from.endsWith('vite.config.ts'));

const ENGINE = 'src-main/engine/';
/** The engine's face, and those of its folders. */
const FACE = /^src-main\/engine\/([^/]+\/)?index\.ts$/;

/** What an import leads to: "shared/rpc/x.ts", "node:fs", "react". */
const target = ({ to, specifier }: Import) => to ?? specifier;
const isUnder = (path: string, ...places: string[]) =>
  places.some((place) => path === place || path.startsWith(`${place}/`));
const isPackage = (found: Import, ...names: string[]) =>
  found.to === undefined && names.some((name) => isUnder(found.specifier, name));
const isNode = ({ specifier }: Import) => specifier.startsWith('node:');
const show = (found: Import) => `${found.from}:${found.line} imports ${found.specifier}`;
const from = (...places: string[]) => PRODUCT.filter((found) => isUnder(found.from, ...places));

/** The rule holds when no import of `some` fails `allowed`; a rule about nothing is a mistake of the test. */
function rule(sentence: string, some: readonly Import[], allowed: (found: Import) => boolean): void {
  it(sentence, () => {
    expect(some.length).toBeGreaterThan(0);
    expect(some.filter((found) => !allowed(found)).map(show)).toEqual([]);
  });
}

describe('the walk over the sources', () => {
  it('sees them all', () => {
    expect(FILES.length).toBeGreaterThan(250);
    expect(IMPORTS.length).toBeGreaterThan(1000);
    for (const folder of [
      'shared/',
      'src-main/engine/',
      'src-main/services/',
      'src-renderer/',
      'tests/unit/',
    ])
      expect(FILES.filter((file) => file.startsWith(folder)).length).toBeGreaterThan(2);
  });

  it('finds a file behind every relative import, named with its extension', () => {
    const lost = IMPORTS.filter(({ to }) => to !== undefined && !existsSync(join(ROOT, to)));
    expect(lost.map(show)).toEqual([]);
  });
});

describe('zones', () => {
  rule(
    'shared knows only itself and zod',
    from('shared'),
    (found) => isUnder(target(found), 'shared') || isPackage(found, 'zod'),
  );
  rule(
    'the renderer knows only itself, shared and its libraries',
    from('src-renderer'),
    (found) =>
      isUnder(target(found), 'src-renderer', 'shared') ||
      (found.to === undefined &&
        !isNode(found) &&
        !isPackage(found, 'electron', 'ws', 'commander', 'vite', 'vitest')),
  );
  rule('one feature of the renderer does not import another', from('src-renderer'), ({ from: file, to }) => {
    const feature = (path: string) => /^src-renderer\/features\/([^/]+)/.exec(path)?.[1];
    return (
      to === undefined ||
      feature(to) === undefined ||
      !isUnder(file, 'src-renderer/features') ||
      feature(file) === feature(to)
    );
  });
  rule(
    'only the desktop shell imports electron',
    PRODUCT,
    (found) => !isPackage(found, 'electron') || isUnder(found.from, 'src-main/shell'),
  );
  rule(
    'services know neither electron nor the engine, only Node, shared and themselves',
    from('src-main/services'),
    (found) => isNode(found) || isUnder(target(found), 'shared', 'src-main/services'),
  );
  rule(
    'the browser shell stands on services and shared',
    from('src-main/web'),
    (found) =>
      isNode(found) ||
      isPackage(found, 'ws') ||
      isUnder(target(found), 'shared', 'src-main/services', 'src-main/web'),
  );
  rule(
    'the desktop shell stands on services and shared',
    from('src-main/shell'),
    (found) =>
      isNode(found) ||
      isPackage(found, 'electron') ||
      isUnder(target(found), 'shared', 'src-main/services', 'src-main/shell'),
  );
  rule(
    'host and command line use the engine through its faces, and its types',
    from('src-main/host', 'src-main/cli'),
    (found) => !isUnder(target(found), 'src-main/engine') || FACE.test(target(found)) || found.typeOnly,
  );
  rule(
    'host knows Node, shared and the engine',
    from('src-main/host'),
    (found) =>
      isNode(found) ||
      isPackage(found, 'ws', 'saxes') ||
      isUnder(target(found), 'shared', 'src-main/engine', 'src-main/host'),
  );
  rule(
    'entries only put parts together',
    PRODUCT.filter(({ from: file }) => /^src-main\/[^/]+\.ts$/.test(file)),
    (found) =>
      isUnder(
        target(found),
        'shared',
        'src-main/services',
        'src-main/shell',
        'src-main/web',
        'src-main/host',
      ),
  );
  rule(
    'product code imports no test code',
    PRODUCT,
    (found) => !isUnder(target(found), 'tests') && !isPackage(found, 'vitest', 'fast-check'),
  );
});

/** Bottom to top; a folder imports only lower ranks and itself. */
const RANKS: Readonly<Record<string, number>> = {
  base: 0,
  wasm: 1,
  snapshot: 1,
  ir: 2,
  bus: 2,
  block: 2,
  net: 2,
  display: 2,
  audio: 2,
  input: 2,
  x86: 3,
  devices: 3,
  execution: 4,
  firmware: 4,
  machine: 5,
  'index.ts': 6,
};

describe('the engine', () => {
  const inside = PRODUCT.filter(({ from: file }) => file.startsWith(ENGINE));
  const folder = (path: string) => path.slice(ENGINE.length).split('/')[0] ?? '';
  const within = inside.filter(({ to }) => to?.startsWith(ENGINE));
  const wall = (some: readonly string[], others: readonly string[]) => (found: Import) =>
    !(some.includes(folder(found.from)) && others.includes(folder(found.to ?? '')));

  rule('knows only itself and the pure parts of shared', inside, (found) =>
    isUnder(target(found), 'src-main/engine', 'shared/machine', 'shared/snapshot', 'shared/units'),
  );
  it('has a rank for every folder', () => {
    const folders = new Set(FILES.filter((file) => file.startsWith(ENGINE)).map(folder));
    expect([...folders].filter((name) => RANKS[name] === undefined)).toEqual([]);
  });
  rule('imports only downwards', within, ({ from: file, to }) => {
    const [own, other] = [folder(file), folder(to ?? '')];
    return own === other || (RANKS[own] ?? -1) > (RANKS[other] ?? 99);
  });
  rule('devices do not know the CPU', within, wall(['devices'], ['x86', 'execution']));
  rule('the CPU does not know devices', within, wall(['x86', 'execution'], ['devices']));
  rule('block, net and display do not know each other', within, ({ from: file, to }) => {
    const three = ['block', 'net', 'display'];
    return (
      folder(file) === folder(to ?? '') || !three.includes(folder(file)) || !three.includes(folder(to ?? ''))
    );
  });
  rule('only the board knows concrete devices', within, ({ from: file, to }) => {
    const concrete = folder(to ?? '') === 'devices' && to !== `${ENGINE}devices/device.ts`;
    return !concrete || ['devices', 'machine'].includes(folder(file));
  });
  rule(
    'semantics see only the emitter, each other, and names',
    within.filter(({ from: file }) => file.startsWith(`${ENGINE}x86/semantics/`)),
    (found) =>
      isUnder(target(found), `${ENGINE}x86`) &&
      (found.typeOnly || !isUnder(target(found), `${ENGINE}x86/decode`)),
  );
});

/** What is evaluated before the first statement of `entry`. */
function loadedWith(entry: string): Import[] {
  const files = new Set([entry]);
  const found: Import[] = [];
  for (const file of files)
    for (const one of IMPORTS.filter((each) => each.from === file && !each.typeOnly && !each.late)) {
      found.push(one);
      if (one.to !== undefined) files.add(one.to);
    }
  return found;
}

describe('a quick start', () => {
  rule('the browser shell serves pages before it loads schemas, WebSockets and services', loadedWith('src-main/web-shell.ts'), (found) =>
    isNode(found) || found.to !== undefined,
  );
  rule('the window asks for its session before it makes schemas and loads React', loadedWith('src-renderer/main.ts'), (found) =>
    found.to !== undefined || found.from === 'src-renderer/app/parser-settings.ts',
  );
});

describe('cycles', () => {
  it('are nowhere among what is left when types are gone', () => {
    const edges = new Map(FILES.map((file) => [file, [] as string[]]));
    for (const { from: file, to, typeOnly } of IMPORTS)
      if (to !== undefined && !typeOnly) edges.get(file)?.push(to);
    expect(edges.size).toBe(FILES.length);
    expect(cycles(edges)).toEqual([]);
  });

  it('would be found', () => {
    const edges = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', ['a']],
      ['d', []],
    ]);
    expect(cycles(edges)).toEqual(['a → b → c → a']);
  });
});
