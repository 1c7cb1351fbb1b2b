// Every screen at 100 % and 200 %, light and dark, beside the picture of it that was looked at and found good.
// The screens as they are seen come into test-results/visual; BOXWRIGHT_NEW_PICTURES=1 declares them good.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { expect, test } from './support/app-test.ts';
import { differingFields, showBars, takeAsSeen, takeSmall } from './support/screen-picture.ts';
import { EMPTY_SCREENS, FULL, SCREENS, type ScreenStep, UNSTEADY } from './support/screens.ts';

const GOOD = fileURLToPath(new URL('pictures/', import.meta.url));
const TAKEN = fileURLToPath(new URL('../../test-results/visual/', import.meta.url));
const isNew = process.env['BOXWRIGHT_NEW_PICTURES'] === '1';
/** Of 255, in each field. */
const TOLERANCE = 6;

for (const deviceScaleFactor of [1, 2])
  for (const colorScheme of ['light', 'dark'] as const)
    test.describe(`${deviceScaleFactor * 100} %, ${colorScheme}`, () => {
      // At 200 % a display of the same dots has half the room.
      const viewport = deviceScaleFactor === 1 ? { width: 1280, height: 820 } : { width: 960, height: 620 };
      // What is looked at is no matter of time.
      test.use({ deviceScaleFactor, colorScheme, viewport, actionTimeout: 60_000 });
      test.setTimeout(600_000);
      const folder = `${deviceScaleFactor * 100}-${colorScheme}/`;

      test('empty', ({ window }) => look(window, EMPTY_SCREENS, folder));

      test.describe('with machines', () => {
        test.use({ seed: FULL });
        test('screens', ({ window }) => look(window, SCREENS, folder));
      });
    });

async function look(page: Page, steps: readonly ScreenStep[], folder: string): Promise<void> {
  mkdirSync(GOOD + folder, { recursive: true });
  await showBars(page, UNSTEADY);
  for (const { name, show } of steps) {
    await show(page);
    // How far a click has moved the list depends on what was drawn just before.
    await page.locator('.machine-tree').evaluateAll((lists) => lists.forEach((list) => list.scrollTo(0, 0)));
    const path = `${folder}${name.replaceAll(/[ ,]+/g, '-')}.png`;
    await takeAsSeen(page, TAKEN + path);
    const picture = await takeSmall(page);
    if (isNew) writeFileSync(GOOD + path, picture);
    else expect.soft(differingFields(picture, readFileSync(GOOD + path), TOLERANCE), `fields unlike those of ${path}`).toBe(0);
  }
}
