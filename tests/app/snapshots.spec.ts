// Snapshots in the window: taken, gone back to, renamed, cloned and deleted, by buttons and by keys.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { tinyIso } from '../support/tiny-iso.ts';
import { expect, test } from './support/app-test.ts';
import { chooseFile, openPage, openWizard } from './support/steps.ts';

test('a machine goes back to what it was, and forth again', async ({ app, window }) => {
  await writeFile(join(app.dataFolder, 'a.iso'), tinyIso({ volumeId: 'A' }));
  await openWizard(window);
  await chooseFile(window, 'CD image', join(app.dataFolder, 'a.iso'));
  const wizard = window.getByRole('dialog', { name: 'New machine' });
  await wizard.getByRole('textbox', { name: 'Name' }).fill('Subject');
  await wizard.getByText('Start it right away').click();
  await wizard.getByRole('button', { name: 'Create', exact: true }).click();
  await openPage(window, 'Snapshots');
  await expect(window.getByText('No snapshots yet')).toBeVisible();
  const tree = window.getByRole('treegrid', { name: 'Snapshots' });
  const row = (name: string) => tree.getByRole('row', { name, exact: true });
  const config = async () => JSON.parse(await readFile(join(app.dataFolder, 'machines/subject/machine.json'), 'utf8'));
  const take = async (name: string, description = '') => {
    await window.getByRole('button', { name: 'Take snapshot' }).click();
    const dialog = window.getByRole('dialog', { name: 'Take a snapshot' });
    await dialog.getByRole('textbox', { name: 'Name' }).fill(name);
    await dialog.getByRole('textbox', { name: 'Description' }).fill(description);
    await dialog.getByRole('button', { name: 'Take snapshot' }).click();
    await expect(row(name)).toBeVisible();
  };
  const setMemory = async (mebibytes: string) => {
    await openPage(window, 'Settings');
    await window.getByRole('spinbutton', { name: /^Memory/ }).fill(mebibytes);
    await window.getByRole('button', { name: 'Save' }).click();
    await expect(window.getByRole('button', { name: 'Save' })).toBeHidden();
    await openPage(window, 'Snapshots');
  };

  await test.step('taking', async () => {
    await take('Fresh', 'Nothing is installed yet.');
    await setMemory('256');
    await expect(row('You are here')).toContainText('changed since');
    await take('Less memory');
    await setMemory('128');
  });

  await test.step('restoring keeps what was', async () => {
    await row('Fresh').click();
    const details = window.getByRole('region', { name: 'Fresh' });
    await expect(details).toContainText('memoryMiB 512 → 128');
    await expect(details).toContainText('disk0 holds the same');
    await details.getByRole('combobox', { name: 'Compare with' }).selectOption('Less memory');
    await expect(details).toContainText('memoryMiB 512 → 256');
    await window.getByRole('button', { name: 'Restore', exact: true }).click();
    const dialog = window.getByRole('dialog', { name: 'Restore “Fresh”?' });
    await expect(dialog).toContainText('kept for 14 days');
    await dialog.getByRole('button', { name: 'Restore' }).click();
    await expect(row('Before restoring “Fresh”')).toBeVisible();
    expect((await config()).memoryMiB).not.toBe(128);
    await expect(row('Fresh')).toHaveAttribute('aria-level', '1');
    await expect(row('Before restoring “Fresh”')).toHaveAttribute('aria-level', '3');
  });

  await test.step('keys: arrows, F2, Enter, Delete', async () => {
    await row('Fresh').click();
    await window.keyboard.press('ArrowDown');
    await expect(row('Less memory')).toHaveAttribute('aria-selected', 'true');
    await window.keyboard.press('F2');
    const rename = window.getByRole('dialog', { name: 'Change the snapshot' });
    await rename.getByRole('textbox', { name: 'Name' }).fill('Smaller');
    await window.keyboard.press('Enter');
    await expect(row('Smaller')).toBeVisible();
    await row('Smaller').focus();
    await window.keyboard.press('Enter');
    await expect(window.getByRole('dialog', { name: 'Restore “Smaller”?' })).toBeVisible();
    await window.keyboard.press('Escape');
    await row('Smaller').focus();
    await window.keyboard.press('Delete');
    const question = window.getByRole('alertdialog', { name: 'Delete “Smaller”?' });
    await expect(question).toContainText(/Frees up to .* are free/);
    await question.getByRole('button', { name: 'Delete' }).click();
    await expect(row('Smaller')).toBeHidden();
    await expect(row('Before restoring “Fresh”')).toHaveAttribute('aria-level', '2');
  });

  await test.step('a linked clone', async () => {
    await row('Fresh').click();
    for (const colorScheme of ['light', 'dark'] as const) {
      await window.emulateMedia({ colorScheme });
      const { violations } = await new AxeBuilder({ page: window }).exclude('[data-live-announcer]').analyze();
      expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
      if (process.env['BOXWRIGHT_PICTURES']) await window.screenshot({ path: join(process.env['BOXWRIGHT_PICTURES'], `snapshots-${colorScheme}.png`) });
    }
    await window.getByRole('button', { name: 'Clone' }).click();
    const dialog = window.getByRole('dialog', { name: 'Clone the machine' });
    await dialog.getByRole('textbox', { name: 'Name' }).fill('Twin');
    await dialog.getByText('Linked clone').click();
    await dialog.getByRole('button', { name: 'Clone' }).click();
    await expect(window.getByRole('heading', { name: 'Twin' })).toBeVisible();
    const twin = JSON.parse(await readFile(join(app.dataFolder, 'machines/twin/machine.json'), 'utf8'));
    expect(twin.uuid).not.toBe((await config()).uuid);
  });
});
