// The settings of a machine: found, changed together, refused where wrong, and kept.

import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tinyIso } from '../support/tiny-iso.ts';
import { expect, test } from './support/app-test.ts';
import { boxwright } from './support/boxwright.ts';
import { chooseFile, machineRow, openPage, openWizard } from './support/steps.ts';

test('settings are changed, and a disk is made, by one Save', async ({ app, window }) => {
  await writeFile(join(app.dataFolder, 'a.iso'), tinyIso({ volumeId: 'A' }));
  await openWizard(window);
  await chooseFile(window, 'CD image', join(app.dataFolder, 'a.iso'));
  const wizard = window.getByRole('dialog', { name: 'New machine' });
  await expect(wizard.getByRole('textbox', { name: 'Name' }), 'the suggestion').toHaveValue('a');
  await wizard.getByRole('textbox', { name: 'Name' }).fill('Subject');
  await wizard.getByText('None', { exact: true }).click();
  await wizard.getByText('Start it right away').click();
  await wizard.getByRole('button', { name: 'Create', exact: true }).click();
  await openPage(window, 'Settings');
  const folder = join(app.dataFolder, 'machines', 'subject');
  const saved = async () => JSON.parse(await readFile(join(folder, 'machine.json'), 'utf8'));

  await test.step('search narrows them', async () => {
    await window.getByRole('searchbox', { name: 'Search settings' }).fill('memory');
    await expect(window.getByRole('heading', { name: 'System' })).toBeVisible();
    await expect(window.getByRole('heading', { name: 'Storage' })).toBeHidden();
    await expect(window.getByRole('combobox', { name: 'Processor' })).toBeHidden();
    await window.getByRole('searchbox', { name: 'Search settings' }).fill('');
  });

  await test.step('a wrong value is refused in its place', async () => {
    await window.getByRole('spinbutton', { name: 'Memory', exact: true }).fill('4');
    await expect(window.getByText('A machine needs at least 8 MiB of memory.')).toBeVisible();
    await window.getByRole('button', { name: 'Save' }).click();
    await expect(window.getByRole('alert').getByText('A machine needs at least 8 MiB of memory.')).toBeVisible();
    expect((await saved()).memoryMiB).toBe(512);
    await window.getByRole('button', { name: 'Use 8 MiB' }).click();
    await expect(window.getByRole('spinbutton', { name: /^Memory/ })).toHaveValue('8');
  });

  await test.step('Discard brings back what was saved', async () => {
    await window.getByRole('button', { name: 'Discard changes' }).click();
    await expect(window.getByRole('spinbutton', { name: 'Memory', exact: true })).toHaveValue('512');
  });

  await test.step('good values and a new disk are kept', async () => {
    await window.getByRole('spinbutton', { name: 'Memory', exact: true }).fill('64');
    await window.getByRole('combobox', { name: 'Clock' }).selectOption('local');
    // A controller, a disk on it, its size and place; a drive too many goes again.
    await window.getByRole('button', { name: 'Add a controller' }).press('Enter');
    await window.getByRole('menuitem', { name: 'SATA (AHCI)' }).press('Enter');
    await window.getByRole('button', { name: 'Add a drive to SATA (AHCI)' }).press('Enter');
    await window.getByRole('menuitem', { name: 'New disk' }).press('Enter');
    const row = (name: string) => window.getByRole('treegrid', { name: 'Storage' }).getByRole('row', { name, exact: true });
    await expect(row('Disk disk0')).toContainText('made when you save');
    await window.getByRole('spinbutton', { name: 'Size of the new disk' }).fill('2');
    await window.getByRole('combobox', { name: 'Format of the new disk' }).selectOption('vdi');
    await window.getByRole('combobox', { name: 'Place' }).selectOption('Port 3');
    await window.getByRole('button', { name: 'Add a drive to IDE' }).click();
    await window.getByRole('menuitem', { name: 'CD drive' }).press('Enter');
    await row('CD cd1').press('Delete');
    await expect(row('CD cd1')).toBeHidden();
    await window.getByRole('button', { name: 'Save' }).click();
    await expect(window.getByRole('button', { name: 'Save' })).toBeHidden();
    const config = await saved();
    expect(config).toMatchObject({ memoryMiB: 64, firmware: { clock: 'local' } });
    const disk = config.drives.find(({ id }: { id: string }) => id === 'disk0');
    expect(disk).toMatchObject({ bus: 'ahci', slot: 3, format: 'vdi', path: expect.stringMatching(/\.vdi$/) });
    expect(config.drives).toHaveLength(2);
    expect((await stat(join(folder, disk.path))).size).toBeGreaterThan(1000);
  });

  await test.step('Reset goes back to the default', async () => {
    await window.getByRole('button', { name: 'Reset Memory to its default' }).click();
    await expect(window.getByRole('spinbutton', { name: 'Memory', exact: true })).toHaveValue('512');
  });
});

test('a running machine takes another name and another CD, and says when it takes the rest', async ({ app, window }) => {
  await boxwright(app.dataFolder, 'demo', 'Subject');
  await boxwright(app.dataFolder, 'start', 'subject');
  await machineRow(window, 'Subject').click();
  await openPage(window, 'Settings');
  const memory = window.getByRole('spinbutton', { name: /^Memory/ });
  await expect(memory).toHaveAccessibleDescription(/After restart/);
  await memory.fill('96');
  await window.getByRole('textbox', { name: 'Name' }).fill('Renamed');
  await window.getByRole('textbox', { name: 'Description' }).fill('For tests.\nKeep it.');
  await window.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(machineRow(window, 'Renamed')).toContainText('Running');
  await expect(memory).toHaveAccessibleDescription(/waits for a restart/);
  await window.getByRole('button', { name: 'Eject cd0' }).click();
  await expect(window.getByRole('row', { name: 'CD cd0' })).toContainText('Empty');
  const config = JSON.parse(await readFile(join(app.dataFolder, 'machines', 'subject', 'machine.json'), 'utf8'));
  expect(config).toMatchObject({ name: 'Renamed', description: 'For tests.\nKeep it.', memoryMiB: 64, drives: [{ path: null }] });

  await openPage(window, 'Overview');
  await expect(window.getByRole('region', { name: 'Description' })).toContainText('Keep it.');

  // The palette leads to each setting.
  await window.keyboard.press('Control+k');
  await window.keyboard.type('host key');
  await window.keyboard.press('Enter');
  await expect(window.getByRole('combobox', { name: 'Host key' })).toBeFocused();
});
