// Names and files that somebody else has made: refused, or shown without harm.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultSettings } from '../../shared/machine/config.ts';
import { expect, test } from './support/app-test.ts';
import { boxwright } from './support/boxwright.ts';
import { machineRow, openPage, openWizard } from './support/steps.ts';

const HEBREW = 'שלום 12 עולם';
const MARKUP = '<img src=x onerror="document.title=1">';

test('hostile names are refused in the form, and shown as they are in the list', async ({ app, window }) => {
  await openWizard(window);
  const wizard = window.getByRole('dialog', { name: 'New machine' });
  const name = wizard.getByRole('textbox', { name: 'Name' });
  await name.fill('n'.repeat(10_000));
  await name.press('Tab');
  await expect(wizard.getByText('The name must not be longer than 80 characters.')).toBeVisible();
  await name.fill('turned\u202eround');
  await expect(wizard.getByText('The name must not contain line breaks or control characters.')).toBeVisible();
  await window.keyboard.press('Escape');

  for (const given of [HEBREW, MARKUP, '../../outside']) expect((await boxwright(app.dataFolder, 'create', given)).status).toBe(0);
  for (const given of [HEBREW, MARKUP, '../../outside']) await expect(machineRow(window, given)).toBeVisible();
  await machineRow(window, HEBREW).click();
  const heading = window.getByRole('heading', { name: HEBREW, level: 1 });
  await expect(heading.locator('bdi')).toHaveText(HEBREW);
  await machineRow(window, MARKUP).click();
  await expect(window).toHaveTitle(`${MARKUP} – Boxwright`);
  await openPage(window, 'Settings');
  await window.getByRole('textbox', { name: 'Name' }).fill('n'.repeat(10_000));
  await expect(window.getByText('The name must not be longer than 80 characters.')).toBeVisible();
});

const FUTURE = JSON.stringify({ ...defaultSettings('Future'), id: 'future', schema: 99, holograms: true });
const FILES = {
  future: FUTURE,
  cut: '{ "schema": 1, "na',
  long: JSON.stringify({ ...defaultSettings('n'.repeat(10_000)), id: 'long', schema: 1 }),
  other: JSON.stringify({ ...defaultSettings('Other'), id: '../../outside', schema: 1 }),
};
const WHAT = {
  future: 'This machine belongs to a newer Boxwright',
  cut: 'not valid JSON',
  long: 'wrong value at “name”',
  other: 'wrong value at “id”',
};

test.describe('files of a newer version, damaged and hostile ones', () => {
  test.use({
    seed: {
      async write(folder) {
        for (const [id, text] of Object.entries(FILES)) {
          await mkdir(join(folder, 'machines', id), { recursive: true });
          await writeFile(join(folder, 'machines', id, 'machine.json'), text);
        }
      },
    },
  });

  test('are listed with what is wrong, and not changed', async ({ app, window }) => {
    for (const [id, message] of Object.entries(WHAT)) {
      await machineRow(window, id === 'future' ? 'Future' : id).click();
      await expect(window.getByRole('main')).toContainText(message);
    }
    await machineRow(window, 'Future').click();
    await expect(machineRow(window, 'Future')).toContainText('Newer version');
    await expect(window.getByRole('main')).toContainText('It is shown and not changed. Update Boxwright to use it.');
    await expect(window.getByRole('tab')).toHaveCount(0);
    expect(await readFile(join(app.dataFolder, 'machines', 'future', 'machine.json'), 'utf8')).toBe(FUTURE);
  });
});
