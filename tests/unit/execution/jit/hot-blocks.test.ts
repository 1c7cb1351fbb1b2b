// When hot blocks are compiled.

import { expect, it } from 'vitest';
import { HotBlocks } from '../../../../src-main/engine/execution/jit/hot-blocks.ts';

const MS = 1e6;

it('a busy guest has every hot block compiled', () => {
  const hot = new HotBlocks();
  expect([0, 1, 2].map((ms) => hot.isDue(ms * MS))).toEqual([true, true, true]);
});

it('a resting one has one at a time, until it is busy again', () => {
  const hot = new HotBlocks();
  hot.isResting = true;
  expect([10, 11, 400, 510, 511].map((ms) => hot.isDue(ms * MS))).toEqual([true, false, false, true, false]);
  hot.isResting = false;
  expect(hot.isDue(512 * MS)).toBe(true);
});
