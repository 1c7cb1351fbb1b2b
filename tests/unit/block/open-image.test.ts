// Opening images: formats stated and found, and chains that are broken.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openImage } from '../../../src-main/engine/block/index.ts';
import { createImageHost } from '../../../src-main/host/image-host.ts';
import { temporaryFolderForFile } from '../../support/temporary-folder.ts';

const folder = temporaryFolderForFile();
const host = createImageHost({ lockFolder: join(folder, 'locks') });

describe('a raw image', () => {
  it('is what no format knows, and reads and writes as it is', async () => {
    const path = join(folder, 'plain.img');
    writeFileSync(path, Buffer.from('hello, disk'));
    const image = await openImage(host, { path, write: true });
    expect([image.format, image.length]).toEqual(['raw', 11]);
    await image.write(7, new TextEncoder().encode('DISK'));
    await image.writeZeroes(0, 2, false);
    const into = new Uint8Array(11);
    await image.read(0, into);
    expect(Buffer.from(into).toString()).toBe('\0\0llo, DISK');
    await expect(image.read(5, new Uint8Array(7))).rejects.toThrow(/outside the image/);
    await image.resize?.(4096);
    expect(image.length).toBe(4096);
    await image.close();
  });

  it.each([
    ['LUKS', 'LUKS\xba\xbe\0\x01'],
    ['QED', 'QED\0'],
  ])('is not what begins like %s, unless that is said', async (name, magic) => {
    const path = join(folder, `${name}.img`);
    writeFileSync(path, Buffer.from(magic.padEnd(4096, '\0'), 'latin1'));
    await expect(openImage(host, { path, write: false })).rejects.toThrow(
      new RegExp(`${name}\\.img” is an image of the format ${name}, which is not supported.*-f raw`),
    );
    const image = await openImage(host, { path, format: 'raw', write: false });
    expect(image.length).toBe(4096);
    await image.close();
  });

  it('of unknown format name is refused', async () => {
    const path = join(folder, 'plain.img');
    await expect(openImage(host, { path, format: 'nonsense' as 'raw', write: false })).rejects.toThrow(
      /format “nonsense” is not known/,
    );
    await (await openImage(host, { path, write: true })).close();
  });
});
