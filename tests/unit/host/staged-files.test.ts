// New files appear whole or not at all.

import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findFormat } from '../../../src-main/engine/block/index.ts';
import { createImageHost } from '../../../src-main/host/image-host.ts';
import { convertImages, createImage, stageFiles } from '../../../src-main/host/image-tools.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const raw = findFormat('raw') ?? expect.fail('there is no raw format');
const newDisk = (path: string) => ({ path, format: raw, length: 1024, options: {} });

describe('a staged file', () => {
  it('takes its name at the end', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'disk.raw');
    await stageFiles({}, async (host) => {
      await createImage(host, newDisk(path));
      expect(existsSync(path)).toBe(false);
      expect(readdirSync(folder)).toHaveLength(1);
      // Under its name for those that work on it.
      const store = await host.files.open(path, 'write');
      await store.writeAt(0, new Uint8Array([7]));
      await store.close();
    });
    expect(readdirSync(folder)).toEqual(['disk.raw']);
    expect(readFileSync(path)[0]).toBe(7);
  });

  it('leaves what was there when the work fails', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'disk.raw');
    writeFileSync(path, 'old');
    const failing = stageFiles({}, async (host) => {
      await createImage(host, newDisk(path));
      throw new Error('power');
    });
    await expect(failing).rejects.toThrow('power');
    expect(readdirSync(folder)).toEqual(['disk.raw']);
    expect(readFileSync(path, 'utf8')).toBe('old');
  });

  it('replaces a file behind a link, with its permissions', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'real.raw'), 'old');
    chmodSync(join(folder, 'real.raw'), 0o640);
    symlinkSync('real.raw', join(folder, 'link.raw'));
    await stageFiles({}, (host) => createImage(host, newDisk(join(folder, 'link.raw'))));
    expect(statSync(join(folder, 'real.raw'))).toMatchObject({ size: 1024 });
    expect(statSync(join(folder, 'real.raw')).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder).sort()).toEqual(['link.raw', 'real.raw']);
  });

  it('does not replace a file that is in use, a folder, or anything when told so', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'disk.raw');
    writeFileSync(path, 'old');
    const reader = await createImageHost().files.open(path, 'read');
    await expect(stageFiles({}, (host) => createImage(host, newDisk(path)))).rejects.toMatchObject({
      code: 'in-use',
    });
    await reader.close();
    await expect(stageFiles({}, (host) => createImage(host, newDisk(folder)))).rejects.toMatchObject({
      code: 'is-directory',
    });
    await expect(
      stageFiles({ existing: 'refuse' }, (host) => createImage(host, newDisk(path))),
    ).rejects.toMatchObject({
      code: 'exists',
      message: expect.stringContaining('exists already'),
    });
    const late = stageFiles({ existing: 'refuse' }, async (host) => {
      await createImage(host, newDisk(join(folder, 'late.raw')));
      writeFileSync(join(folder, 'late.raw'), 'first');
    });
    await expect(late).rejects.toMatchObject({ code: 'exists' });
    expect(readdirSync(folder).sort()).toEqual(['disk.raw', 'late.raw']);
    expect(readFileSync(join(folder, 'late.raw'), 'utf8')).toBe('first');
  });

  it('names the final file in errors', async () => {
    const path = join(temporaryFolder(), 'nowhere', 'disk.raw');
    await expect(stageFiles({}, (host) => createImage(host, newDisk(path)))).rejects.toMatchObject({
      code: 'not-found',
      message: `“${path}” cannot be created: its folder does not exist.`,
    });
  });
});

describe('a store of a staged file', () => {
  it('names the final file too, opened again or not', async () => {
    const path = join(temporaryFolder(), 'disk.raw');
    await stageFiles({}, async (host) => {
      const made = await host.files.create(path);
      expect(made.name).toBe(path);
      await made.close();
      const reader = await host.files.open(path, 'read');
      expect(reader.name).toBe(path);
      await expect(reader.writeAt(0, new Uint8Array(1))).rejects.toMatchObject({
        code: 'read-only',
        message: `“${path}” is open for reading only.`,
        detail: { file: path },
      });
      await reader.close();
    });
  });
});

describe('a conversion', () => {
  it('that is cancelled leaves nothing', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'source.raw'), new Uint8Array(8 << 20).fill(1));
    const seen: number[] = [];
    const job = {
      cancelled: false,
      progress(done: number) {
        seen.push(done);
        if (done > 0) job.cancelled = true;
      },
    };
    const converting = convertImages({
      sources: [{ path: join(folder, 'source.raw'), format: 'raw' }],
      target: { path: join(folder, 'target.raw'), format: raw, options: {} },
      copy: {},
      job,
    });
    await expect(converting).rejects.toMatchObject({ code: 'cancelled' });
    expect(seen.length).toBeGreaterThan(1);
    expect(readdirSync(folder)).toEqual(['source.raw']);
  });
});
