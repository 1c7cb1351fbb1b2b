// One shell a data folder.

import { existsSync, mkdirSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { claimFolder, socketPath } from '../../../src-main/web/single-instance.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function claimed(folder: string) {
  let opened = 0;
  const claim = await claimFolder(folder, () => (opened += 1));
  onTestFinished(() => claim?.release());
  return { claim, opened: () => opened };
}

describe('a data folder', () => {
  it('belongs to the first, which opens a window for the second', async () => {
    const folder = temporaryFolder();
    const first = await claimed(folder);
    expect(first.claim).toBeDefined();
    expect((await claimed(folder)).claim).toBeUndefined();
    expect(first.opened()).toBe(1);
    expect((await claimed(temporaryFolder())).claim).toBeDefined();
  });

  it('is free again after release', async () => {
    const folder = temporaryFolder();
    (await claimed(folder)).claim?.release();
    await eventually(() => !existsSync(socketPath(folder)), 'the socket goes');
    expect((await claimed(folder)).claim).toBeDefined();
  });

  it('is taken over from a socket that nobody answers', async () => {
    const folder = temporaryFolder();
    const path = socketPath(folder);
    mkdirSync(dirname(path), { recursive: true });
    const dead = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => dead.listen(path, resolve));
    onTestFinished(() => void dead.close());
    expect((await claimed(folder)).claim).toBeDefined();
  });

  it('has its socket where the user alone may use it, also when its path is long', () => {
    expect(socketPath('/home/u/data')).toBe(join('/home/u/data', 'run', 'control.sock'));
    expect(socketPath(`/${'x'.repeat(200)}`).length).toBeLessThan(108);
  });

  it('is not disturbed by nonsense', async () => {
    const folder = temporaryFolder();
    const first = await claimed(folder);
    expect(statSync(socketPath(folder)).mode & 0o077).toBe(0);
    const closed = new Promise((resolve) => {
      const socket = connect(socketPath(folder), () => socket.write('x'.repeat(1000)));
      socket.on('error', () => undefined);
      socket.on('close', resolve);
    });
    await closed;
    expect(first.opened()).toBe(0);
    expect((await claimed(folder)).claim).toBeUndefined();
  });
});
