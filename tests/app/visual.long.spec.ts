// Every screen at 100 % and 200 %, light and dark, by its likeness to what was looked at and found good: the mean
// brightness of each field of a coarse grid, so that fonts and times make little difference and a missing part makes
// much. BOXWRIGHT_NEW_PICTURES=1 writes the grids anew, to be looked at in test-results/visual.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { differingFields } from '../support/picture-likeness.ts';
import { expect, test } from './support/app-test.ts';
import { EMPTY_SCREENS, FULL, SCREENS, type ScreenStep } from './support/screens.ts';

const GRIDS = fileURLToPath(new URL('support/screen-grids.json', import.meta.url));
const PICTURES = fileURLToPath(new URL('../../test-results/visual/', import.meta.url));
const isNew = process.env['BOXWRIGHT_NEW_PICTURES'] === '1';
/** Of the 768 fields so many may differ by so much; other screens of the same theme differ in 35 and more. */
const MAX_FIELDS = 20;
const TOLERANCE = 8;

const grids: Record<string, readonly string[]> = existsSync(GRIDS) ? JSON.parse(readFileSync(GRIDS, 'utf8')) : {};

for (const deviceScaleFactor of [1, 2])
  for (const colorScheme of ['light', 'dark'] as const)
    test.describe(`${deviceScaleFactor * 100} %, ${colorScheme}`, () => {
      // At 200 % a display of the same dots has half the room.
      const viewport = deviceScaleFactor === 1 ? { width: 1280, height: 820 } : { width: 960, height: 620 };
      test.use({ deviceScaleFactor, colorScheme, viewport });
      test.setTimeout(600_000);
      const look = (page: Page, steps: readonly ScreenStep[]) => lookAt(page, steps, `${deviceScaleFactor}x ${colorScheme}`);

      test('empty', ({ window }) => look(window, EMPTY_SCREENS));

      test.describe('with machines', () => {
        test.use({ seed: FULL });
        test('screens', ({ window }) => look(window, SCREENS));
      });
    });

async function lookAt(page: Page, steps: readonly ScreenStep[], variant: string): Promise<void> {
  for (const { name, show } of steps) {
    await show(page);
    const key = `${name} ${variant}`;
    const png = await page.screenshot({ path: `${PICTURES}${key.replaceAll(/[ ,]+/g, '-')}.png`, animations: 'disabled', caret: 'hide' });
    const grid = await gridIn(page, png);
    if (isNew) grids[key] = grid;
    else if (grids[key] === undefined) console.warn(`SKIPPED: there is no picture of “${key}” to compare with; BOXWRIGHT_NEW_PICTURES=1 makes it`);
    else expect.soft(differingFields(grid, grids[key], TOLERANCE), key).toBeLessThan(MAX_FIELDS);
  }
  if (isNew) writeFileSync(GRIDS, `${JSON.stringify(grids, null, 1)}\n`);
}

/** `gridOf` of a picture that only a browser reads: in a page of its own, which has no rules against that. */
async function gridIn(page: Page, png: Buffer): Promise<string[]> {
  const reader = await page.context().newPage();
  try {
    return await reader.evaluate(async (base64) => {
      const [columns, rows] = [32, 24];
      const response = await fetch(`data:image/png;base64,${base64}`);
      const bitmap = await createImageBitmap(await response.blob());
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = canvas.getContext('2d');
      if (!context) throw new Error('There is no 2D canvas.');
      context.drawImage(bitmap, 0, 0);
      const { data, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      const sums = Array.from({ length: rows }, () => new Float64Array(columns));
      const counts = Array.from({ length: rows }, () => new Float64Array(columns));
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const [row, column, at] = [Math.floor((y * rows) / height), Math.floor((x * columns) / width), (y * width + x) * 4];
          const brightness = 0.299 * (data[at] ?? 0) + 0.587 * (data[at + 1] ?? 0) + 0.114 * (data[at + 2] ?? 0);
          (sums[row] as Float64Array)[column]! += brightness;
          (counts[row] as Float64Array)[column]! += 1;
        }
      return sums.map((line, row) => [...line].map((sum, column) => Math.round(sum / (counts[row]?.[column] ?? 1)).toString(16).padStart(2, '0')).join(''));
    }, png.toString('base64'));
  } finally {
    await reader.close();
  }
}
