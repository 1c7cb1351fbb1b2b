// What counts as changed in a picture, and how few rectangles it comes out as.

import { describe, expect, it } from 'vitest';
import { DirtyTiles } from '../../../src-main/engine/display/dirty-tiles.ts';
import { Surface } from '../../../src-main/engine/display/surface.ts';

describe('dirty tiles', () => {
  it('begin dirty as a whole, cut at the edges', () => {
    const tiles = new DirtyTiles();
    tiles.resize(100, 70);
    expect(tiles.take()).toEqual([
      { x: 0, y: 0, width: 100, height: 64 },
      { x: 0, y: 64, width: 100, height: 6 },
    ]);
    expect(tiles.take()).toEqual([]);
    tiles.resize(100, 70);
    expect(tiles.take()).toEqual([]);
  });

  it('join neighbours in a row', () => {
    const tiles = new DirtyTiles();
    tiles.resize(640, 480);
    tiles.take();
    tiles.mark({ x: 60, y: 130, width: 8, height: 1 });
    tiles.markPixel(639, 0);
    expect(tiles.take()).toEqual([
      { x: 576, y: 0, width: 64, height: 64 },
      { x: 0, y: 128, width: 128, height: 64 },
    ]);
  });

  it('ignore what is outside', () => {
    const tiles = new DirtyTiles();
    tiles.resize(64, 64);
    tiles.take();
    tiles.mark({ x: -9, y: 0, width: 9, height: 9 });
    tiles.mark({ x: 64, y: 0, width: 9, height: 9 });
    tiles.mark({ x: 0, y: 64, width: 9, height: 9 });
    tiles.mark({ x: 0, y: 0, width: 0, height: 5 });
    expect(tiles.take()).toEqual([]);
    tiles.mark({ x: -9, y: -9, width: 10, height: 10 });
    expect(tiles.take()).toHaveLength(1);
  });
});

describe('surface', () => {
  it('marks only tiles whose pixels differ', () => {
    const surface = new Surface();
    surface.resize(200, 10);
    surface.takeDirty();
    const line = new Uint32Array(200).fill(0xff000000);
    surface.putLine(3, line);
    expect(surface.takeDirty()).toEqual([]);
    line[199] = 0xffffffff;
    surface.putLine(3, line);
    expect(surface.takeDirty()).toEqual([{ x: 192, y: 0, width: 8, height: 10 }]);
    expect(surface.pixels[3 * 200 + 199]).toBe(0xffffffff);
  });
});
