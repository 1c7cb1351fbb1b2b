// The section of the engine's README that says what is documented and not there: the difference between
// `documented.table.ts` and the engine's own tables. `write-not-implemented.mjs` writes it, a test compares it.

import { OPCODE_ROWS } from '../../src-main/engine/x86/decode/opcode-map.ts';
import { cr4Mask } from '../../src-main/engine/x86/helpers/control-register.ts';
import { FEATURE_BITS } from '../../src-main/engine/x86/helpers/identification.ts';
import { KNOWN_MSRS } from '../../src-main/engine/x86/helpers/msr.ts';
import { CPU_MODELS } from '../../src-main/engine/x86/models/index.ts';
import { filesUnder, textOf } from '../support/source-tree.ts';
import {
  DOCUMENTED_CR4, DOCUMENTED_DEVICES, DOCUMENTED_FEATURES, DOCUMENTED_INSTRUCTIONS, DOCUMENTED_MSRS,
} from './documented.table.ts';

export const README = 'src-main/engine/README.md';
export const COMMAND = 'npx node tests/architecture/write-not-implemented.mjs';

const words = (text: string): string[] => text.trim().split(/\s+/);

/** "a 0 b 1" as pairs. */
export function namedBits(text: string): [name: string, bit: number][] {
  const list = words(text);
  return list.flatMap((name, index) => (index % 2 === 0 ? [[name, Number(list[index + 1])] as [string, number]] : []));
}

const models = Object.values(CPU_MODELS);
const offered: ReadonlySet<string> = new Set(models.flatMap(({ features }) => [...features]));

function instructions(): string[] {
  const rows = new Set(OPCODE_ROWS.map(({ mnemonic }) => mnemonic));
  return DOCUMENTED_INSTRUCTIONS.flatMap(([group, text]) => {
    const all = words(text);
    const missing = all.filter((mnemonic) => !rows.has(mnemonic));
    if (missing.length === 0) return [];
    return missing.length === all.length ? [group] : [`of ${group} ${missing.join(', ')}`];
  });
}

/** In the tables, but with a feature that no model has. */
function unreachable(): string[] {
  const idle = OPCODE_ROWS.filter(({ feature }) => feature !== undefined && !offered.has(feature));
  return [...new Set(idle.map(({ mnemonic }) => mnemonic))];
}

function features(): string[] {
  const reported = new Set<string>(
    Object.values(FEATURE_BITS).flatMap((bits) => bits.map(([name]) => name as string)).filter((name) => offered.has(name)),
  );
  return Object.values(DOCUMENTED_FEATURES).flatMap(namedBits).map(([name]) => name).filter((name) => !reported.has(name));
}

function controlBits(): string[] {
  const mask = models.reduce((sum, model) => sum | cr4Mask(model), 0);
  return namedBits(DOCUMENTED_CR4).filter(([, bit]) => (mask & (1 << bit)) === 0).map(([name]) => `CR4.${name}`);
}

function registers(): string[] {
  const known = new Set(KNOWN_MSRS);
  return DOCUMENTED_MSRS.filter(([address]) => !known.has(address)).map(([, name]) => name);
}

function devices(): string[] {
  const files = filesUnder('src-main/engine/devices');
  return DOCUMENTED_DEVICES.filter(([, pattern]) => !files.some((file) => pattern.test(file))).map(([what]) => what);
}

/** One item of the list, broken at 120 columns. */
function item(title: string, entries: readonly string[]): string {
  const lines: string[] = [];
  let line = `- ${title}:`;
  for (const [index, entry] of entries.entries()) {
    const next = ` ${entry}${index === entries.length - 1 ? '.' : ','}`;
    if (line.length + next.length > 120) {
      lines.push(line);
      line = ` ${next}`;
    } else line += next;
  }
  return [...lines, line].join('\n');
}

/** The lines between the marks. */
export const notImplemented = (): string =>
  [
    item('Instructions without a row in the opcode tables', instructions()),
    item('Instructions with a row, but of a feature that no model has (#UD)', unreachable()),
    item('CPUID features that no model reports', features()),
    item('Control register bits that are reserved in every model', controlBits()),
    item('Architectural MSRs that no model has (#GP)', registers()),
    item('Devices', devices()),
  ].join('\n');

const MARKED = /(<!-- not-implemented: begin[^\n]*-->\n)([\s\S]*?)(<!-- not-implemented: end -->)/;

export function writtenSection(readme = textOf(README)): string {
  const match = MARKED.exec(readme);
  if (match === null) throw new Error(`${README} has no marks around what is not implemented`);
  return (match[2] ?? '').trim();
}

export const withSection = (readme: string): string =>
  readme.replace(MARKED, (_all, begin: string, _old: string, end: string) => `${begin}\n${notImplemented()}\n\n${end}`);
