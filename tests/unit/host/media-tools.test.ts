// The media process's work on images as main sees it: through the contract, over a channel.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connect } from '../../../shared/rpc/connect.ts';
import { mediaContract } from '../../../shared/rpc/media-contract.ts';
import { mediaProcess } from '../../support/media-process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const mediaClient = () => connect(mediaContract, mediaProcess().channel);

/** 16 MiB with something in every cluster. */
function fullDisk(path: string): void {
  writeFileSync(path, new Uint8Array(16 << 20).fill(0x5a));
}

describe('the media process', () => {
  it('makes, describes and checks an image', async () => {
    const client = mediaClient();
    const path = join(temporaryFolder(), 'disk.qcow2');
    await client.call('createImage', { path, format: 'qcow2', bytes: 1 << 30 });
    expect(await client.call('imageInfo', { path })).toMatchObject({
      path,
      format: 'qcow2',
      virtualBytes: 1 << 30,
      backing: null,
      snapshots: [],
      details: { compat: '1.1', 'refcount-bits': 16 },
    });
    expect(await client.call('checkImage', { job: 'a', path, repair: 'none' })).toMatchObject({
      corruptions: 0,
      leaks: 0,
      faults: [],
    });
    await expect(client.call('createImage', { path, format: 'qcow2', bytes: 1 << 20 })).rejects.toMatchObject(
      {
        message: expect.stringContaining('exists already'),
      },
    );
  });

  it('converts with progress, and does not replace a file', async () => {
    const client = mediaClient();
    const folder = temporaryFolder();
    const [source, target] = [join(folder, 'a.raw'), join(folder, 'b.qcow2')];
    fullDisk(source);
    const seen: number[] = [];
    client.on('progress', ({ job, done, total }) => {
      expect(job).toBe('copy');
      seen.push(done / total);
    });
    const request = {
      job: 'copy',
      source,
      target,
      targetFormat: 'qcow2',
      compressed: true,
      options: { cluster_size: '4k' },
    } as const;
    await client.call('convertImage', request);
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(await client.call('imageInfo', { path: target })).toMatchObject({
      virtualBytes: 16 << 20,
      format: 'qcow2',
    });
    await expect(client.call('convertImage', request)).rejects.toMatchObject({ code: 'files.exists' });
  });

  it('stops a job that is cancelled, and leaves nothing of it', async () => {
    const client = mediaClient();
    const folder = temporaryFolder();
    const [source, target] = [join(folder, 'a.raw'), join(folder, 'b.vdi')];
    fullDisk(source);
    client.on('progress', ({ done }) => {
      if (done > 0) void client.call('cancel', { job: 'copy' });
    });
    // Small clusters, packed one by one, take their time.
    const converting = client.call('convertImage', {
      job: 'copy',
      source,
      target,
      targetFormat: 'qcow2',
      compressed: true,
      options: { cluster_size: '512' },
    });
    await expect(converting).rejects.toMatchObject({ code: 'media.cancelled' });
    expect(existsSync(target)).toBe(false);
    await client.call('cancel', { job: 'copy' });
  });

  it('words what is wrong with a file', async () => {
    const client = mediaClient();
    const folder = temporaryFolder();
    await expect(client.call('imageInfo', { path: join(folder, 'nothing') })).rejects.toMatchObject({
      code: 'files.notFound',
    });
    await expect(client.call('imageInfo', { path: folder })).rejects.toMatchObject({
      code: 'files.wrongKind',
    });
    const damaged = join(folder, 'damaged.qcow2');
    writeFileSync(
      damaged,
      Buffer.concat([Buffer.from('QFI\xfb\0\0\0\x03', 'latin1'), Buffer.alloc(200, 0xff)]),
    );
    await expect(client.call('imageInfo', { path: damaged })).rejects.toMatchObject({
      code: 'media.damaged',
      message: expect.stringContaining(damaged),
    });
  });
});
