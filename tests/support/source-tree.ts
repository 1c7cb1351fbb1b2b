// The project's own source files and who imports whom, read as text: the tests of the architecture work on this.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, normalize, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const SOURCE_FOLDERS = ['shared', 'src-main', 'src-renderer', 'tests'];
const CODE = ['.ts', '.tsx', '.mjs'];
const LEFT_OUT = ['node_modules', 'dist', 'test-results'];

export interface Import {
  readonly from: string;
  /** As written. */
  readonly specifier: string;
  /** The project's file it means, or undefined for packages and Node's modules. */
  readonly to: string | undefined;
  /** Gone when types are stripped. */
  readonly typeOnly: boolean;
  /** `import('x')`: loaded when it is come to. */
  readonly late: boolean;
  readonly line: number;
}

/** Paths relative to the root, with slashes. */
export function filesUnder(folder: string): string[] {
  const path = join(ROOT, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    if (LEFT_OUT.includes(entry.name)) return [];
    const child = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesUnder(child) : [child];
  });
}

export const allFiles = (): string[] => SOURCE_FOLDERS.flatMap(filesUnder);
export const codeFiles = (): string[] => allFiles().filter((file) => CODE.includes(extname(file)));
export const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** `import … from`, `export … from` (over several lines), `import 'x'`, `import('x')`. */
const STATIC = /^(?:import|export)\s+(type\s)?([^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]/g;

export function importsOf(file: string): Import[] {
  const text = textOf(file);
  const found: Import[] = [];
  const add = (index: number, specifier: string, typeOnly: boolean, late = false) =>
    found.push({
      from: file,
      specifier,
      to: resolve(file, specifier),
      typeOnly,
      late,
      line: text.slice(0, index).split('\n').length,
    });
  for (const match of text.matchAll(STATIC))
    add(match.index, match[3] ?? '', match[1] !== undefined || onlyTypes(match[2] ?? ''));
  for (const match of text.matchAll(DYNAMIC)) {
    // `import('x').Y` in a type is erased.
    const before = text.slice(Math.max(0, match.index - 7), match.index);
    add(match.index, match[1] ?? '', /typeof $/.test(before), true);
  }
  return found;
}

/** `{ type A, type B } from`: nothing of it is left. */
function onlyTypes(clause: string): boolean {
  const names = /^\{([^}]*)\}/.exec(clause.trim())?.[1];
  if (names === undefined) return false;
  return names
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
    .every((name) => name.startsWith('type '));
}

function resolve(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return relative(ROOT, normalize(join(ROOT, dirname(file), specifier.replace(/\?.*$/, ''))))
    .split(sep)
    .join('/');
}

/** Every chain of imports that comes back to where it began, as "a → b → a"; each cycle once. */
export function cycles(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const state = new Map<string, 'open' | 'done'>();
  const path: string[] = [];
  const found: string[] = [];
  const visit = (node: string): void => {
    state.set(node, 'open');
    path.push(node);
    for (const next of edges.get(node) ?? []) {
      if (state.get(next) === 'open') found.push([...path.slice(path.indexOf(next)), next].join(' → '));
      else if (state.get(next) === undefined) visit(next);
    }
    path.pop();
    state.set(node, 'done');
  };
  for (const node of edges.keys()) if (state.get(node) === undefined) visit(node);
  return found;
}
