// The Chinese words for what the services say: one for each sentence in the sources, and none for others.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FailureError, fromFailure, rpcFailure, toFailure } from '../../../shared/rpc/failure.ts';
import { say, textOf, wordOf } from '../../../shared/units/phrase.ts';
import { sentencesZhCn } from '../../../src-renderer/i18n/zh-cn-sentences.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Where sentences are said that windows show. */
const FOLDERS = ['shared', 'src-main/services', 'src-main/host', 'src-renderer/state'];

/** Packages of other programs are described in English; guest systems have their own words; streams between programs have none. */
const OTHERS = /^appliance|\.table\.ts$|console-protocol/;

const sources = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !OTHERS.test(name))
    .map((name) => readFileSync(join(ROOT, folder, name), 'utf8')),
);
const TEMPLATE = /\bsay`((?:[^`$]|\$\{(?:[^{}]|\{[^}]*\})*\})*)`/g;
const VALUE = /\$\{(?:[^{}]|\{[^}]*\})*\}/g;
const FIXED = [
  // A sentence without values.
  /new FailureError\(\s*'[^']+',\s*'([^'\\]+)'/g,
  /\b(?:fault|warning)\(\s*'[^']+',\s*[^,]+,\s*'([^'\\]+)'/g,
  /(?:#end\('\w+'|_MS|imits\.\w+|limitMs), '([A-Z][^'\\]+)'/g,
  /\b(?:problem|message): '([A-Z][^'\\]+)'/g,
  // What one is made with.
  /\b(?:wordOf|worded)\((?:\w+, )?'([^']+)'/g,
  /\b(?:cannot|blockFileError)\([^()]*?'((?!write')[a-z ]+)'/g,
  /'opened for writing' : '([a-z]+)'/g,
  /^ {2}E[A-Z]+: '(\S+ [^']+)'/gm,
];

function wordsIn(source: string): string[] {
  return [
    ...[...source.matchAll(TEMPLATE)].map(([, template = '']) => numbered(template)),
    ...FIXED.flatMap((pattern) => [...source.matchAll(pattern)].map(([, text = '']) => text)),
  ];
}

/** With {0} for the first value, as `say` has it. */
function numbered(template: string): string {
  let count = 0;
  return template.replace(VALUE, () => `{${count++}}`);
}

describe('sentences of the services', () => {
  const words = [...new Set(sources.flatMap(wordsIn))].filter((one) => one !== '');

  it('have Chinese words', () => {
    expect(words.length).toBeGreaterThan(80);
    expect(words.filter((one) => sentencesZhCn[one] === undefined)).toEqual([]);
  });

  it('are all that there are words for', () => {
    const all = sources.join('\n');
    expect(Object.keys(sentencesZhCn).filter((one) => !words.includes(one) && !all.includes(`'${one}'`))).toEqual([]);
  });

  it('keep their values', () => {
    const values = (text: string) => [...new Set(text.match(/\{\d\}/g))].sort();
    expect(Object.entries(sentencesZhCn).filter(([one, other]) => values(one).join() !== values(other).join())).toEqual([]);
  });
});

it('a phrase crosses processes, and is said in another language with the values it had', () => {
  const thrown = new FailureError('files.denied', say`“${'/a{0}'}” cannot be ${wordOf('read')}: ${wordOf('access is denied')}.`);
  expect(thrown.message).toBe('“/a{0}” cannot be read: access is denied.');
  const { phrase } = fromFailure(rpcFailure.parse(JSON.parse(JSON.stringify(toFailure(thrown)))));
  expect(phrase && textOf(phrase, (words) => sentencesZhCn[words] ?? words)).toBe('无法读取“/a{0}”：没有访问权限。');
});
