// axe-core finds nothing serious on any screen, light and dark.

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './support/app-test.ts';
import { EMPTY_SCREENS, FULL, SCREENS } from './support/screens.ts';
import { machineRow, openPage, processOf } from './support/steps.ts';

async function expectNothingSerious(page: Page, screen: string, rules?: string[]): Promise<void> {
  // The component library's announcements stay for seconds after what they name has gone.
  const axe = new AxeBuilder({ page }).exclude('[data-live-announcer]');
  const { violations } = await (rules ? axe.withRules(rules) : axe).analyze();
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  expect.soft(serious, screen).toEqual([]);
}

/** Both themes of what is shown, which differ in nothing but colours. */
async function expectBoth(page: Page, screen: string): Promise<void> {
  await switchTo(page, 'light');
  await expectNothingSerious(page, `${screen}, light`);
  await switchTo(page, 'dark');
  await expectNothingSerious(page, `${screen}, dark`, ['color-contrast', 'link-in-text-block']);
}

/** Colours pass from one theme to the other; it waits for them. */
async function switchTo(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.evaluate(() =>
    Promise.allSettled(document.getAnimations().flatMap((one) => (one instanceof CSSTransition ? [one.finished] : []))),
  );
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
    test.setTimeout(400_000);
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
