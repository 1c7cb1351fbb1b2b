// Locks on disk images, between openers in one process and between processes that may be killed.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createImageFiles } from '../../../src-main/host/image-files.ts';
import { temporaryFolderForFile } from '../../support/temporary-folder.ts';

const folder = temporaryFolderForFile();
const lockFolder = join(folder, 'locks');
const files = createImageFiles({ lockFolder });
const inUse = expect.objectContaining({ code: 'in-use' });

function image(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, 'x');
  return path;
}

/** Another process that notes itself as holder of `path` by the same rules, and says so. */
async function otherProcess(path: string, access: string): Promise<ChildProcess> {
  const program = `
    const fs = require('node:fs');
    const { dev, ino } = fs.statSync(${JSON.stringify(path)}, { bigint: true });
    const stat = fs.readFileSync('/proc/self/stat', 'latin1');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const name = [dev.toString(16) + '.' + ino.toString(16), ${JSON.stringify(access)}, process.pid, started, 'x'];
    fs.mkdirSync(${JSON.stringify(lockFolder)}, { recursive: true });
    fs.writeFileSync(${JSON.stringify(lockFolder)} + '/' + name.join('-'), '');
    console.log('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout) await once(child.stdout, 'data');
  return child;
}

describe('the lock of an image', () => {
  it('lets one writer in, or any number of readers', async () => {
    const path = image('one.raw');
    const writer = await files.open(path, 'write');
    await expect(files.open(path, 'write')).rejects.toThrow(inUse);
    await expect(files.open(path, 'read')).rejects.toThrow(inUse);
    await writer.close();
    const readers = [await files.open(path, 'read'), await files.open(path, 'read')];
    await expect(files.open(path, 'write')).rejects.toThrow(inUse);
    for (const reader of readers) await reader.close();
    await (await files.open(path, 'write')).close();
    expect(readdirSync(lockFolder)).toEqual([]);
  });

  it('goes by the file, not by its name', async () => {
    const path = image('named.raw');
    linkSync(path, join(folder, 'other-name.raw'));
    const writer = await files.open(path, 'write');
    await expect(files.open(join(folder, 'other-name.raw'), 'write')).rejects.toThrow(inUse);
    await writer.close();
  });

  it('is got by exactly one of those that come at once, at most', async () => {
    const path = image('race.raw');
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => files.open(path, 'write')));
    const opened = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(opened.length).toBeLessThanOrEqual(1);
    for (const store of opened) await store.close();
    await (await files.open(path, 'write')).close();
  });

  it('can be overlooked by readers who say so', async () => {
    const path = image('shared.raw');
    const writer = await files.open(path, 'write');
    const reader = await createImageFiles({ lockFolder, forceShare: true }).open(path, 'read');
    await reader.close();
    await writer.close();
  });

  it.runIf(process.platform === 'linux')(
    'holds between processes, and not beyond one that is killed',
    async () => {
      const path = image('killed.raw');
      const other = await otherProcess(path, 'write');
      await expect(files.open(path, 'write')).rejects.toThrow(`process ${other.pid}`);
      await expect(files.open(path, 'read')).rejects.toThrow(inUse);
      other.kill('SIGKILL');
      await once(other, 'exit');
      await (await files.open(path, 'write')).close();
      expect(readdirSync(lockFolder)).toEqual([]);
    },
  );

  it.runIf(process.platform === 'linux')(
    'does not take a process for another with the same number',
    async () => {
      const path = image('recycled.raw');
      const other = await otherProcess(path, 'write');
      const [held] = readdirSync(lockFolder);
      const parts = (held ?? '').split('-');
      parts[3] = '1';
      writeFileSync(join(lockFolder, parts.join('-')), '');
      other.kill('SIGKILL');
      await once(other, 'exit');
      // The number now belongs to this process, which started at another time.
      parts[2] = String(process.pid);
      writeFileSync(join(lockFolder, parts.join('-')), '');
      await (await files.open(path, 'write')).close();
      expect(readdirSync(lockFolder)).toEqual([]);
    },
  );
});
