// axe-core finds nothing serious on any screen, light and dark.

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { guestTitle, hasGuest, linuxGuest } from '../support/guests.ts';
import { expect, test } from './support/app-test.ts';
import { chooseSource, createMachine, machineRow, openPage, openWizard, processOf, screenText } from './support/steps.ts';

async function expectNothingSerious(page: Page, screen: string): Promise<void> {
  // The component library's announcements stay for seconds after what they name has gone.
  const { violations } = await new AxeBuilder({ page }).exclude('[data-live-announcer]').analyze();
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  expect(serious, screen).toEqual([]);
}

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test('nothing serious before there is a machine', async ({ window }) => {
      await expectNothingSerious(window, 'empty');
      await openWizard(window);
      await window.getByRole('button', { name: 'Advanced' }).click();
      await window.getByRole('button', { name: 'Create', exact: true }).click();
      await expectNothingSerious(window, 'wizard');
      await chooseSource(window, 'Kernel');
      await window.getByRole('button', { name: 'Choose Kernel' }).click();
      const dialog = window.getByRole('dialog', { name: 'Choose a kernel' });
      await dialog.getByRole('button', { name: 'Computer' }).click();
      await expect(dialog.getByRole('option').first()).toBeVisible();
      await expectNothingSerious(window, 'file dialog');
    });

    test.describe(guestTitle('with machines', 'i386'), () => {
      test.skip(!hasGuest('i386'), 'no i386 guest (run `node tests/guests/prepare-guests.mjs`)');

      test('nothing serious on the pages of a machine', async ({ window }) => {
        await createMachine(window, { name: 'Subject', ...linuxGuest('i386'), memoryMiB: 128 });
        await expect(screenText(window)).toBeAttached({ timeout: 30_000 });
        await window.getByRole('button', { name: 'Serial port' }).click();
        await expectNothingSerious(window, 'console');
        await openPage(window, 'Overview');
        await expectNothingSerious(window, 'overview');
        await openPage(window, 'Settings');
        await expect(window.getByText('Its settings can be changed when it is off.')).toBeVisible();
        await expectNothingSerious(window, 'settings, locked');
        await openPage(window, 'Activity');
        await expect(window.getByRole('heading', { name: 'Speed' })).toBeVisible();
        await expectNothingSerious(window, 'activity');
        const victim = await processOf(window);
        await expectNothingSerious(window, 'logs');
        await window.getByRole('button', { name: 'Reset' }).click();
        await expectNothingSerious(window, 'question');
        await window.keyboard.press('Escape');
        process.kill(victim, 'SIGKILL');
        await expect(machineRow(window, 'Subject')).toContainText('Crashed');
        await openPage(window, 'Overview');
        await expectNothingSerious(window, 'crashed');
        await openPage(window, 'Settings');
        await window.getByRole('button', { name: 'Add a floppy drive' }).click();
        await expectNothingSerious(window, 'settings');
        await openPage(window, 'Console');
        await expectNothingSerious(window, 'console, crashed');
      });
    });
  });
}
