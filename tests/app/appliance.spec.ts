// A machine leaves as a file and comes back from it, by the dialogs of the window.

import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { tinyIso } from '../support/tiny-iso.ts';
import { expect, test } from './support/app-test.ts';
import { chooseFile, openWizard } from './support/steps.ts';

test('a machine is exported and imported again', async ({ app, window }) => {
  await writeFile(join(app.dataFolder, 'a.iso'), tinyIso({ volumeId: 'A' }));
  await openWizard(window);
  await chooseFile(window, 'CD image', join(app.dataFolder, 'a.iso'));
  const wizard = window.getByRole('dialog', { name: 'New machine' });
  await wizard.getByRole('textbox', { name: 'Name' }).fill('Traveller');
  await wizard.getByText('Start it right away').click();
  await wizard.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(wizard).toBeHidden();

  await window.getByRole('row', { name: 'Traveller' }).click({ button: 'right' });
  await window.getByRole('menuitem', { name: 'Export…' }).click();
  const exporting = window.getByRole('dialog', { name: 'Export “Traveller”' });
  const file = exporting.getByRole('textbox', { name: 'New file' });
  await expect(file).toHaveValue(join(app.dataFolder, 'traveller.boxwright'));
  await exporting.getByText('OVA', { exact: true }).click();
  await expect(file).toHaveValue(join(app.dataFolder, 'traveller.ova'));
  await exporting.getByText('Boxwright bundle').click();
  await exporting.getByRole('button', { name: 'Export' }).click();
  await expect(window.getByText('traveller.boxwright was made.')).toBeVisible();

  await window.keyboard.press('Control+k');
  await window.getByRole('combobox', { name: 'Find a command, a machine or a page' }).fill('import');
  await window.keyboard.press('Enter');
  const choosing = window.getByRole('dialog', { name: /^Choose a machine to import/ });
  await choosing.getByRole('textbox', { name: 'Folder or file' }).fill(app.dataFolder);
  await choosing.getByRole('button', { name: 'Go' }).click();
  await choosing.getByRole('option', { name: 'traveller.boxwright', exact: true }).click();
  await choosing.getByRole('button', { name: 'Choose', exact: true }).click();
  const importing = window.getByRole('dialog', { name: 'Import a machine' });
  await expect(importing).toContainText('From Boxwright bundle, version 1');
  await expect(importing).toContainText('Nothing is left out.');
  expect((await new AxeBuilder({ page: window }).include('[role=dialog]').analyze()).violations).toEqual([]);
  await importing.getByRole('textbox', { name: 'Name' }).fill('Returned');
  const elsewhere = join(app.dataFolder, 'elsewhere');
  await importing.getByRole('button', { name: 'Choose Folder' }).click();
  const place = window.getByRole('dialog', { name: /^Choose a folder/ });
  await place.getByRole('textbox', { name: 'Folder or file' }).fill(app.dataFolder);
  await place.getByRole('button', { name: 'Go' }).click();
  await expect(place.getByRole('option', { name: 'machines', exact: true })).toBeVisible();
  await place.getByRole('button', { name: 'New folder' }).click();
  const naming = window.getByRole('dialog', { name: 'New folder' });
  await naming.getByRole('textbox', { name: 'Name' }).fill('machines');
  await naming.getByRole('button', { name: 'Create' }).click();
  await expect(naming).toContainText('it is there already');
  await naming.getByRole('textbox', { name: 'Name' }).fill('elsewhere');
  await naming.getByRole('button', { name: 'Create' }).click();
  await expect(place.getByRole('textbox', { name: 'Folder or file' })).toHaveValue(elsewhere);
  await place.getByRole('button', { name: 'Choose this folder' }).click();
  await expect(place).toBeHidden();
  await importing.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(window.getByRole('heading', { name: 'Returned', level: 1 })).toBeVisible();
  expect(await readdir(elsewhere)).toEqual(['returned']);
});
