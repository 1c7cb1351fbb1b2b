// CMOS memory in a machine's folder: there again, in order, and never believed when it is not what was written.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NvramStore } from '../../../src-main/services/nvram-store.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const hex = (byte: number): string => byte.toString(16).padStart(2, '0').repeat(114);

function build() {
  const folder = temporaryFolder();
  const warnings: string[] = [];
  return { folder, warnings, store: new NvramStore({ folderOf: () => folder, warn: (_id, message) => warnings.push(message) }) };
}

describe('the CMOS memory of a machine', () => {
  it('is what was put last, also for the next process; there is none before', async () => {
    const { folder, store, warnings } = build();
    expect(await store.read('a')).toBeUndefined();
    for (const byte of [1, 2, 3]) store.put('a', hex(byte));
    expect(await store.read('a')).toBe(hex(3));
    expect(await new NvramStore({ folderOf: () => folder, warn: () => {} }).read('a')).toBe(hex(3));
    expect([readdirSync(folder), warnings]).toEqual([['nvram.json'], []]);
  });

  it.each([
    ['another byte', (text: string) => text.replace('0303', '0304')],
    ['the half of it', (text: string) => text.slice(0, 100)],
    ['another size', (text: string) => text.replace('0303', '03')],
    ['nothing', () => ''],
    ['very much', (text: string) => text + ' '.repeat(1e6)],
  ])('is not believed with %s in it: it is named and put aside', async (_what, change) => {
    const { folder, store, warnings } = build();
    store.put('a', hex(3));
    await store.flush();
    const path = join(folder, 'nvram.json');
    const damaged = change(readFileSync(path, 'utf8'));
    writeFileSync(path, damaged);
    expect(await store.read('a')).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining(path)]);
    expect(readFileSync(join(folder, 'nvram.damaged.json'), 'utf8')).toBe(damaged);
    store.put('a', hex(4));
    expect(await store.read('a')).toBe(hex(4));
  });

  it('that cannot be written is told, and the machine goes on', async () => {
    const warnings: string[] = [];
    const store = new NvramStore({ folderOf: () => join(temporaryFolder(), 'gone'), warn: (_id, message) => warnings.push(message) });
    store.put('a', hex(1));
    await store.flush();
    expect(warnings).toEqual([expect.stringContaining('nvram.json')]);
  });
});
