// Ctrl+K reaches pages and choices by a few letters.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tinyIso } from '../support/tiny-iso.ts';
import { expect, test } from './support/app-test.ts';
import { chooseFile } from './support/steps.ts';

test('the palette makes a machine, goes to its settings and changes the theme', async ({ app, window }) => {
  await writeFile(join(app.dataFolder, 'a.iso'), tinyIso({ volumeId: 'A' }));
  const palette = window.getByRole('combobox', { name: 'Find a command, a machine or a page' });
  await window.keyboard.press('Control+k');
  await palette.fill('new');
  await window.keyboard.press('Enter');
  await chooseFile(window, 'CD image', join(app.dataFolder, 'a.iso'));
  const wizard = window.getByRole('dialog', { name: 'New machine' });
  await expect(wizard.getByRole('textbox', { name: 'Name' })).toHaveValue('a');
  await wizard.getByText('None', { exact: true }).click();
  await wizard.getByText('Start it right away').click();
  await wizard.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(wizard).toBeHidden();
  await window.keyboard.press('Control+k');
  await palette.fill('sett');
  await window.keyboard.press('Enter');
  await expect(window.getByRole('searchbox', { name: 'Search settings' })).toBeVisible();
  await window.keyboard.press('Control+k');
  await palette.fill('theme dark');
  await window.keyboard.press('Enter');
  await window.getByRole('button', { name: 'Preferences' }).click();
  await expect(window.getByRole('combobox', { name: 'Theme' })).toHaveValue('dark');
});
