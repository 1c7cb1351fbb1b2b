// The shape of the tree: the root, the size of files, their opening comments, their names, and where assets are from.

import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allFiles, codeFiles, filesUnder, ROOT, textOf } from '../support/source-tree.ts';

const ROOT_ENTRIES = [
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'assets',
  'electron-builder.yml',
  'package-lock.json',
  'package.json',
  'shared',
  'src-main',
  'src-renderer',
  'tests',
];

describe('the root', () => {
  it('has exactly its entries, and names with a dot', () => {
    const ignored = textOf('.gitignore')
      .split('\n')
      .map((line) => line.trim().replace(/\/$/, ''));
    const found = readdirSync(ROOT).filter((name) => !name.startsWith('.') && !ignored.includes(name));
    expect(found.sort()).toEqual(ROOT_ENTRIES);
  });
});

describe('source files', () => {
  const MAX_LINES = 600;
  const MAX_TABLE_LINES = 1500;

  it('stay within their budget of lines', () => {
    const files = codeFiles();
    expect(files.length).toBeGreaterThan(250);
    const over = files.flatMap((file) => {
      const lines = textOf(file).split('\n').length - 1;
      const budget = file.endsWith('.table.ts') ? MAX_TABLE_LINES : MAX_LINES;
      return lines > budget ? [`${file}: ${lines} lines, ${budget} allowed`] : [];
    });
    expect(over).toEqual([]);
  });

  it('open with a comment that says what they are', () => {
    const styles = allFiles().filter((file) => ['.css', '.sh'].includes(extname(file)));
    const silent = [...codeFiles(), ...styles].filter((file) => {
      const first =
        textOf(file)
          .replace(/^#!.*\n/, '')
          .split('\n')[0] ?? '';
      return !/^(\/\/|\/\*|#) ?\S/.test(first) && !/^\/\*\*?$/.test(first);
    });
    expect(silent).toEqual([]);
  });

  it('are named in kebab-case, after what is in them', () => {
    const odd = codeFiles().filter((file) => {
      const name = basename(file).replace(
        /\.(d\.ts|long\.(test|spec)\.ts|test\.tsx?|spec\.ts|table\.ts|config\.ts|tsx?|mjs)$/,
        '',
      );
      return !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || /^(utils?|helpers?|common|misc)$/.test(name);
    });
    expect(odd).toEqual([]);
  });

  it('hold no default exports, but for configuration', () => {
    const found = codeFiles().filter(
      (file) => !file.endsWith('.config.ts') && /^export default /m.test(textOf(file)),
    );
    expect(found).toEqual([]);
  });

  it('name no path of the machine they were written on, and leave no test behind', () => {
    const suspicious = [/["'`(]\/(?:work|root)\//, /\b(?:it|test|describe)\.only\(/];
    const found = codeFiles().filter(
      (file) =>
        file !== 'tests/architecture/files.test.ts' &&
        suspicious.some((pattern) => pattern.test(textOf(file))),
    );
    expect(found).toEqual([]);
  });
});

describe('assets', () => {
  const assets = filesUnder('assets').filter((file) => basename(file) !== 'PROVENANCE.md');

  it('each have their origin and licence in the PROVENANCE.md of their folder', () => {
    const unknown = assets.filter((file) => {
      const record = `${dirname(file)}/PROVENANCE.md`;
      return !existsSync(join(ROOT, record)) || !textOf(record).includes(basename(file));
    });
    expect(assets.length).toBeGreaterThan(0);
    expect(unknown).toEqual([]);
  });

  it('are recorded with a licence, and no record is of what is gone', () => {
    for (const record of filesUnder('assets').filter((file) => basename(file) === 'PROVENANCE.md')) {
      const text = textOf(record);
      expect(text, record).toMatch(/licen[cs]e/i);
      for (const [, name] of text.matchAll(/^\| `([\w.-]+)` \|/gm))
        expect(assets, record).toContain(`${dirname(record)}/${name}`);
    }
  });
});
