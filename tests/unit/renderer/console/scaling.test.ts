// Sizes of a guest screen for each way of scaling.

import { describe, expect, it } from 'vitest';
import { shownSize, startOf } from '../../../../src-renderer/features/console/scaling.ts';

const TEXT = { width: 720, height: 400 };

describe('the size of a guest screen', () => {
  it('fits the room, in either direction', () => {
    expect(shownSize(TEXT, { width: 1440, height: 2000 }, 'fit', 1)).toEqual({ width: 1440, height: 800 });
    expect(shownSize(TEXT, { width: 2000, height: 600 }, 'fit', 1)).toEqual({ width: 1080, height: 600 });
    expect(shownSize(TEXT, { width: 360, height: 400 }, 'fit', 1)).toEqual({ width: 360, height: 200 });
  });

  it('grows by whole steps only', () => {
    expect(shownSize(TEXT, { width: 2100, height: 1100 }, 'integer', 1)).toEqual({
      width: 1440,
      height: 800,
    });
    expect(shownSize(TEXT, { width: 800, height: 1100 }, 'integer', 1)).toEqual({ width: 720, height: 400 });
  });

  it('shrinks where there is no room for one step', () => {
    expect(shownSize(TEXT, { width: 360, height: 400 }, 'integer', 1)).toEqual({ width: 360, height: 200 });
  });

  it('at actual size keeps pixels visible on fine displays', () => {
    const room = { width: 100, height: 100 };
    expect(shownSize(TEXT, room, 'none', 1)).toEqual(TEXT);
    expect(shownSize(TEXT, room, 'none', 2)).toEqual({ width: 1440, height: 800 });
    expect(shownSize(TEXT, room, 'none', 0.75)).toEqual(TEXT);
  });

  it('is nothing before the first frame, and never less than a pixel', () => {
    expect(shownSize({ width: 0, height: 0 }, { width: 9, height: 9 }, 'fit', 1)).toEqual({
      width: 0,
      height: 0,
    });
    expect(shownSize(TEXT, { width: 1, height: 0 }, 'fit', 1)).toEqual({ width: 1, height: 1 });
  });
});

describe('the place of a guest screen', () => {
  it.each([
    [270, 1010, 720, 1],
    [270.4, 1009.6, 1080, 1.25],
    [337.33, 801, 720, 1.5],
    [0, 100, 500, 2],
  ])('is a device pixel: edge %d, room %d, picture %d, ratio %d', (edge, room, picture, ratio) => {
    const start = startOf(edge, room, picture, ratio);
    expect(start).toBeGreaterThanOrEqual(0);
    const inDevicePixels = (edge + start) * ratio;
    expect(Math.abs(inDevicePixels - Math.round(inDevicePixels))).toBeLessThan(1e-6);
  });

  it('is the middle of its room', () => {
    expect(startOf(10, 100, 60, 1)).toBe(20);
  });
});
