// One process a data folder, and what is said on its socket.

import { existsSync, mkdirSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { claimFolder, connectControl, socketPath } from '../../../src-main/services/control-socket.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function claimed(folder: string) {
  const received: unknown[] = [];
  const claim = await claimFolder(folder, (channel) => {
    channel.onMessage((message) => {
      received.push(message);
      channel.send({ echo: message });
    });
  });
  onTestFinished(() => claim?.release());
  return { claim, received };
}

describe('a data folder', () => {
  it('belongs to the first, whom the others reach', async () => {
    const folder = temporaryFolder();
    expect(await connectControl(folder)).toBeUndefined();
    expect((await claimed(folder)).claim).toBeDefined();
    expect((await claimed(folder)).claim).toBeUndefined();
    expect((await claimed(temporaryFolder())).claim).toBeDefined();
    const channel = await connectControl(folder);
    const answers: unknown[] = [];
    channel?.onMessage((message) => answers.push(message));
    // Longer than a socket takes at once, with the line's end inside a string.
    const long = { text: 'ä\n'.repeat(200_000) };
    channel?.send(long);
    channel?.send(2);
    await eventually(() => answers.length === 2, 'both come back');
    expect(answers).toEqual([{ echo: long }, { echo: 2 }]);
    channel?.close();
  });

  it('tells its clients when it ends', async () => {
    const folder = temporaryFolder();
    const { claim } = await claimed(folder);
    const channel = await connectControl(folder);
    let closed = false;
    channel?.onClose(() => {
      closed = true;
    });
    channel?.onMessage(() => undefined);
    claim?.release();
    await eventually(() => closed, 'the end is told');
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
      const socket = connect(socketPath(folder), () => socket.write('no JSON\n'));
      socket.resume();
      socket.on('error', () => undefined);
      socket.on('close', resolve);
    });
    await closed;
    expect(first.received).toEqual([]);
    expect((await claimed(folder)).claim).toBeUndefined();
  });
});
