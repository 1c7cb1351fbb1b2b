// The pictures main keeps: only small PNGs, in the machine's folder once it has ended.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../../src-main/host/png.ts';
import { Thumbnails } from '../../../src-main/services/thumbnails.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const png = (width: number, height: number) =>
  Buffer.from(encodePng(width, height, new Uint8Array(width * height * 4))).toString('base64');

function store() {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'one'));
  return { folder, thumbnails: new Thumbnails((id) => join(folder, id)) };
}

describe('thumbnails', () => {
  it('are there while a machine runs, and after the next start', async () => {
    const { folder, thumbnails } = store();
    expect(thumbnails.put('one', png(20, 10))).toBe(true);
    expect(await thumbnails.all(['one', 'two'])).toEqual([{ id: 'one', pngBase64: png(20, 10) }]);
    expect(existsSync(join(folder, 'one', 'thumbnail.png'))).toBe(false);
    thumbnails.keep('one');
    await thumbnails.flush();
    expect(await new Thumbnails((id) => join(folder, id)).all(['one'])).toEqual([{ id: 'one', pngBase64: png(20, 10) }]);
  });

  it('are refused when they are not small PNGs', async () => {
    const { folder, thumbnails } = store();
    for (const wrong of ['', Buffer.from('<svg onload="x">').toString('base64'), png(2000, 10), png(20, 10).slice(0, 20)])
      expect(thumbnails.put('one', wrong), wrong.slice(0, 20)).toBe(false);
    writeFileSync(join(folder, 'one', 'thumbnail.png'), 'not a picture, but long enough to look like one');
    expect(await thumbnails.all(['one'])).toEqual([]);
  });
});
