// Many machines at once, by keyboard alone: choosing, starting, their pictures, powering off, groups, deleting, undoing.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { code, tinyKernel } from '../support/tiny-kernel.ts';
import { boxwright } from './support/boxwright.ts';
import { expect, test } from './support/app-test.ts';
import { machineRow } from './support/steps.ts';

test('several machines are acted upon by keyboard', async ({ window, app }) => {
  const kernel = join(app.dataFolder, 'kernel');
  await mkdir(app.dataFolder, { recursive: true });
  await writeFile(kernel, tinyKernel([...code.cli(), ...code.hlt()]));
  for (const name of ['One', 'Two', 'Three'])
    await boxwright(app.dataFolder, 'create', name, '-m', '16', '--kernel', kernel);
  await boxwright(app.dataFolder, 'label', 'three', '--tags', 'spare');

  await window.getByRole('searchbox', { name: 'Search machines' }).fill('spare');
  await expect(machineRow(window, 'One')).toBeHidden();
  await expect(machineRow(window, 'Three')).toBeVisible();
  await window.keyboard.press('Escape');
  await window.getByRole('button', { name: 'New machine' }).focus();
  await window.keyboard.press('Tab');
  await window.keyboard.press('Home');
  await expect(machineRow(window, 'One')).toBeFocused();
  await window.keyboard.press('Control+a');
  await expect(window.getByRole('heading', { name: '3 machines chosen' })).toBeVisible();
  // The menu of what is chosen.
  await window.keyboard.press('Shift+F10');
  const menu = window.getByRole('menu', { name: 'Actions for the chosen machines' });
  await expect(menu.getByRole('menuitem', { name: 'Start (3)' })).toBeFocused();
  await window.keyboard.press('Enter');
  for (const name of ['One', 'Two', 'Three']) await expect(machineRow(window, name)).toContainText('Running');
  await expect(machineRow(window, 'Two').locator('img.thumbnail')).toBeVisible();

  await window.getByRole('button', { name: 'Group and tags…' }).press('Enter');
  const form = window.getByRole('dialog', { name: 'Group and tags of 3 machines' });
  await form.getByLabel('Group').fill('Lab');
  await window.keyboard.press('Enter');
  const group = machineRow(window, 'Lab');
  await expect(group).toHaveAttribute('aria-expanded', 'true');

  await window.getByRole('button', { name: 'Power off (3)' }).press('Enter');
  await window.getByRole('alertdialog').getByRole('button', { name: 'Power off' }).press('Enter');
  for (const name of ['One', 'Two', 'Three']) await expect(machineRow(window, name)).toContainText('Powered off');

  await group.focus();
  await window.keyboard.press('ArrowLeft');
  await expect(machineRow(window, 'Two')).toBeHidden();
  await window.keyboard.press('ArrowRight');
  await expect(machineRow(window, 'Two')).toBeVisible();
  await window.keyboard.press('Control+a');
  await window.keyboard.press('Delete');
  await window.getByRole('alertdialog', { name: 'Delete 3 machines?' }).getByRole('button', { name: 'Delete' }).press('Enter');
  await expect(window.getByRole('heading', { name: 'No machines yet' })).toBeVisible();
  await window.getByRole('button', { name: 'Undo' }).press('Enter');
  for (const name of ['One', 'Two', 'Three']) await expect(machineRow(window, name)).toBeVisible();
  expect(JSON.parse((await boxwright(app.dataFolder, 'list', '--json')).out)).toMatchObject([
    { config: { name: 'One', group: 'Lab' } },
    { config: { name: 'Three', group: 'Lab', tags: ['spare'] } },
    { config: { name: 'Two', group: 'Lab' } },
  ]);
});
