// axe-core finds nothing serious on any screen, light and dark.

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './support/app-test.ts';
import { EMPTY_SCREENS, FULL, SCREENS } from './support/screens.ts';
import { machineRow, openPage, processOf } from './support/steps.ts';

async function expectNothingSerious(page: Page, screen: string): Promise<void> {
  // The component library's announcements stay for seconds after what they name has gone.
  const { violations } = await new AxeBuilder({ page }).exclude('[data-live-announcer]').analyze();
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  expect.soft(serious, screen).toEqual([]);
}

/** Both themes of what is shown. */
async function expectBoth(page: Page, screen: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectNothingSerious(page, `${screen}, ${colorScheme}`);
  }
}

test('nothing serious before there is a machine', async ({ window }) => {
  for (const { name, show } of EMPTY_SCREENS) {
    await show(window);
    await expectBoth(window, name);
  }
});

test.describe('with machines', () => {
  test.use({ seed: FULL });

  test('nothing serious on any screen', async ({ window }) => {
    for (const { name, show } of SCREENS) {
      await show(window);
      await expectBoth(window, name);
    }
    process.kill(await processOf(window), 'SIGKILL');
    await expect(machineRow(window, 'Demo')).toContainText('Crashed');
    for (const page of ['Overview', 'Console'] as const) {
      await openPage(window, page);
      await expectBoth(window, `${page} of a crashed machine`);
    }
  });
});
