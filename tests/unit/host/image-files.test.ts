// Files under disk images: errors by name and cause, sparse growth, and the policy on names inside images.

import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createImageFiles } from '../../../src-main/host/image-files.ts';
import { temporaryFolderForFile } from '../../support/temporary-folder.ts';

const folder = temporaryFolderForFile();
const files = createImageFiles({ lockFolder: join(folder, 'locks') });
const path = (name: string) => join(folder, name);
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('a file under an image', () => {
  it('reads what was written, zero behind its end, and takes no room for holes', async () => {
    const store = await files.create(path('sparse.raw'));
    await store.truncate(64 * 1024 * 1024);
    await store.writeAt(1_000_000, new Uint8Array([1, 2, 3]));
    const into = new Uint8Array(5).fill(9);
    await store.readAt(1_000_001, into);
    expect([...into]).toEqual([2, 3, 0, 0, 0]);
    const tail = new Uint8Array(600_000).fill(9);
    await store.readAt(store.length - 10, tail);
    expect(tail.every((byte) => byte === 0)).toBe(true);
    await store.flush();
    expect(statSync(path('sparse.raw')).blocks * 512).toBeLessThan(1024 * 1024);
    await store.close();
  });

  it('grows by writing behind its end, in small and in large pieces', async () => {
    const store = await files.create(path('grow.raw'));
    const large = new Uint8Array(1_500_000).map((_, index) => index * 7);
    await store.writeAt(10, large);
    expect(store.length).toBe(1_500_010);
    const back = new Uint8Array(large.length);
    await store.readAt(10, back);
    expect(Buffer.compare(back, large)).toBe(0);
    await store.close();
  });

  it('says what is wrong with a name', async () => {
    mkdirSync(path('directory'));
    execFileSync('mkfifo', [path('pipe')]);
    writeFileSync(path('there.raw'), '');
    await expect(files.open(path('absent'), 'read')).rejects.toThrow(code('not-found'));
    await expect(files.open(path('there.raw/x'), 'read')).rejects.toThrow(code('not-found'));
    await expect(files.open(path('directory'), 'read')).rejects.toThrow(code('is-directory'));
    await expect(files.open(path('pipe'), 'read')).rejects.toThrow(code('not-a-file'));
    await expect(files.open('/dev/null', 'read')).rejects.toThrow(code('not-a-file'));
    await expect(files.open('a\0b', 'read')).rejects.toThrow(code('invalid-argument'));
    await expect(files.create(path('there.raw'))).rejects.toThrow(code('exists'));
    await expect(files.open(path('absent'), 'read')).rejects.toThrow(/absent.*does not exist/);
  });

  it('is not written when open for reading', async () => {
    writeFileSync(path('only.raw'), 'x');
    const store = await files.open(path('only.raw'), 'read');
    await expect(store.writeAt(0, new Uint8Array(1))).rejects.toThrow(code('read-only'));
    await expect(store.truncate(0)).rejects.toThrow(code('read-only'));
    await store.close();
  });

  it('is not a device, not even behind a link', async () => {
    symlinkSync('/dev/full', path('full'));
    await expect(files.open(path('full'), 'write')).rejects.toThrow(code('not-a-file'));
  });
});

describe('names inside images', () => {
  const from = path('vm/disk.qcow2');
  mkdirSync(path('vm/sub'), { recursive: true });
  writeFileSync(path('secret'), 'x');
  symlinkSync(path('secret'), path('vm/link'));

  it('are followed within the folder of the image', () => {
    expect(files.resolve(from, 'base.raw')).toBe(path('vm/base.raw'));
    expect(files.resolve(from, 'sub/base.raw')).toBe(path('vm/sub/base.raw'));
    expect(files.resolve(from, path('vm/base.raw'))).toBe(path('vm/base.raw'));
    expect(files.resolve(from, 'file:base.raw')).toBe(path('vm/base.raw'));
  });

  it.each(['../secret', '/etc/passwd', 'sub/../../secret', 'link', 'nbd://host/x', 'json:{}', '', 'a\0b'])(
    'are refused outside it: %j',
    (name) => {
      expect(() => files.resolve(from, name)).toThrow(code('reference-refused'));
    },
  );

  it('are followed anywhere when the user says so, and in folders the user names', () => {
    const trusting = createImageFiles({ anyReference: true });
    expect(trusting.resolve(from, '../secret')).toBe(path('secret'));
    expect(() => trusting.resolve(from, 'nbd://host/x')).toThrow(code('reference-refused'));
    const wider = createImageFiles({ folders: [folder] });
    expect(wider.resolve(from, '../secret')).toBe(path('secret'));
    expect(() => wider.resolve(from, '/etc/passwd')).toThrow(code('reference-refused'));
  });
});
