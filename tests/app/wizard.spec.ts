// The wizard and the list, without starting anything: what is checked, what is kept, what leaves nothing behind.

import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { linuxGuest } from '../support/guests.ts';
import { tinyIso } from '../support/tiny-iso.ts';
import { expect, test } from './support/app-test.ts';
import { describeWithGuest } from './support/guest-test.ts';
import { chooseFile, chooseSource, createMachine, machineRow, openWizard } from './support/steps.ts';

test('an empty application offers the next step', async ({ window }) => {
  await expect(window.getByRole('heading', { name: 'No machines yet' })).toBeVisible();
  for (const name of ['Open a CD image', 'Open a disk image']) await expect(window.getByRole('button', { name })).toBeVisible();
  await window.getByRole('button', { name: 'Create a machine' }).click();
  await expect(window.getByRole('textbox', { name: 'Name' })).toBeFocused();
});

test('the wizard complains where something is wrong and leaves nothing behind', async ({ window, app }) => {
  await openWizard(window);
  const wizard = window.getByRole('dialog', { name: 'New machine' });
  await wizard.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(wizard.getByText('Give the machine a name.')).toBeVisible();
  await wizard.getByRole('textbox', { name: 'Name' }).fill('   ');
  await expect(wizard.getByText('Give the machine a name.')).toBeVisible();
  const memory = wizard.getByRole('textbox', { name: 'Memory in MiB' });
  await memory.fill('2');
  await memory.press('Tab');
  await expect(wizard.getByText('A machine needs at least 8 MiB of memory.')).toBeVisible();
  await window.keyboard.press('Escape');
  await expect(wizard).toBeHidden();
  const folders = await readdir(join(app.dataFolder, 'machines')).catch(() => []);
  expect(folders).toEqual([]);
});

test('a file that is no kernel is told from one', async ({ window, app }) => {
  const folder = join(app.dataFolder, 'files');
  await mkdir(folder);
  await writeFile(join(folder, 'letter.txt'), 'Dear kernel, '.repeat(100));
  await openWizard(window);
  await chooseSource(window, 'Kernel');
  await chooseFile(window, 'Kernel', join(folder, 'letter.txt'));
  const field = window.getByRole('group', { name: 'Kernel', exact: true });
  await expect(field.getByText(/letter\.txt.*(not|no) /i).last()).toBeVisible();
});

test('a CD image is recognised and makes a machine with it', async ({ app, window }) => {
  const folder = app.dataFolder;
  await writeFile(join(folder, 'netinst.iso'), tinyIso({ volumeId: 'Debian 12.5.0 i386 n', bootable: true }));
  await mkdir(join(folder, 'elsewhere'));
  await openWizard(window);
  await chooseFile(window, 'CD image', join(folder, 'netinst.iso'));
  const wizard = window.getByRole('dialog', { name: 'New machine' });
  await expect(wizard.getByText('Recognised by the name of the CD, “Debian 12.5.0 i386 n”.')).toBeVisible();
  await expect(wizard.getByRole('textbox', { name: 'Name' })).toHaveValue('Debian');
  await expect(wizard.getByRole('combobox', { name: 'System' })).toHaveValue('debian-i386');
  await expect(wizard.getByRole('textbox', { name: 'Memory in MiB' })).toHaveValue('768');
  await wizard.getByText('None', { exact: true }).click();
  await wizard.getByText('Start it right away').click();
  await wizard.getByRole('button', { name: 'Choose Folder' }).click();
  const folders = window.getByRole('dialog', { name: 'Choose a folder for machines' });
  await expect(folders.getByRole('textbox', { name: 'Folder or file' })).toHaveValue(join(folder, 'machines'));
  await folders.getByRole('button', { name: 'Parent folder' }).click();
  await folders.getByRole('option', { name: 'elsewhere' }).click();
  await folders.getByRole('button', { name: 'Choose this folder' }).click();
  await wizard.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(window.getByRole('heading', { name: 'Debian', level: 1 })).toBeVisible();
  await expect(window.getByText(join(folder, 'elsewhere', 'debian'), { exact: true })).toBeVisible();
  const drives = window.getByRole('region', { name: 'Drives' });
  await expect(drives).toContainText('netinst.iso');
  await drives.getByRole('button', { name: 'Eject cd0' }).click();
  await expect(drives).not.toContainText('netinst.iso');
});

test('the file dialog says what it cannot open and goes on', async ({ window }) => {
  await openWizard(window);
  await chooseSource(window, 'Kernel');
  await window.getByRole('button', { name: 'Choose Kernel' }).click();
  const dialog = window.getByRole('dialog', { name: 'Choose a kernel' });
  await dialog.getByRole('textbox', { name: 'Folder or file' }).fill('/there/is/no/such/folder');
  await dialog.getByRole('button', { name: 'Go' }).click();
  await expect(dialog.getByText(/cannot be opened/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Computer' }).click();
  await expect(dialog.getByRole('option').first()).toBeVisible();
  await expect(dialog.getByText(/cannot be opened/)).toBeHidden();
});

describeWithGuest('machines that are not started', 'i386', () => {
  const guest = linuxGuest('i386');

  test('are named after their kernel, listed, found, kept over a reload and deleted', async ({ window }) => {
    await openWizard(window);
    const wizard = window.getByRole('dialog', { name: 'New machine' });
    await chooseSource(window, 'Kernel');
    await chooseFile(window, 'Kernel', guest.kernel);
    await expect(wizard.getByRole('textbox', { name: 'Name' })).toHaveValue(/^Linux \d+\.\d+.*-686$/);
    await expect(wizard.getByText(`-kernel ${guest.kernel}`)).toBeVisible();
    await wizard.getByRole('button', { name: 'Close' }).click();

    await createMachine(window, { name: 'Alpha', ...guest, startNow: false, model: 'Pentium III (32-bit)' });
    await createMachine(window, { name: 'Beta', ...guest, startNow: false });
    await expect(machineRow(window, 'Beta')).toContainText('Powered off');
    await expect(window.getByText(guest.kernel, { exact: true })).toBeVisible();

    const search = window.getByRole('searchbox', { name: 'Search machines' });
    await search.fill('ALP');
    await expect(machineRow(window, 'Beta')).toBeHidden();
    await machineRow(window, 'Alpha').click();
    await expect(window.getByText('Pentium III (32-bit)')).toBeVisible();
    await search.fill('');

    await window.reload();
    await expect(window.getByRole('heading', { name: 'Alpha', level: 1 })).toBeVisible();

    await window.getByRole('button', { name: 'Delete' }).click();
    const question = window.getByRole('alertdialog', { name: 'Delete “Alpha”?' });
    await question.getByRole('button', { name: 'Cancel' }).click();
    await expect(machineRow(window, 'Alpha')).toBeVisible();
    await window.getByRole('button', { name: 'Delete' }).click();
    await question.getByRole('button', { name: 'Delete' }).click();
    await expect(machineRow(window, 'Alpha')).toBeHidden();
    await expect(machineRow(window, 'Beta')).toBeVisible();
    await window.getByRole('button', { name: 'Undo' }).click();
    await expect(window.getByRole('heading', { name: 'Alpha', level: 1 })).toBeVisible();
  });

  test('a name that is taken is refused before anything is made', async ({ window }) => {
    await createMachine(window, { name: 'Twin', ...guest, startNow: false });
    await openWizard(window);
    await window.getByRole('textbox', { name: 'Name' }).fill('twin');
    await expect(window.getByText('There is already a machine named “twin”.')).toBeVisible();
  });

  test('the keyboard alone reaches everything', async ({ window }) => {
    await createMachine(window, { name: 'First', ...guest, startNow: false });
    await createMachine(window, { name: 'Second', ...guest, startNow: false });
    await window.getByRole('searchbox', { name: 'Search machines' }).focus();
    await window.keyboard.press('Tab');
    await expect(window.getByRole('button', { name: 'New machine' })).toBeFocused();
    await window.keyboard.press('Tab');
    await window.keyboard.press('ArrowUp');
    await expect(window.getByRole('heading', { name: 'First', level: 1 })).toBeVisible();
    await window.getByRole('tab', { name: 'Overview' }).focus();
    await window.keyboard.press('ArrowRight');
    await expect(window.getByRole('tabpanel', { name: 'Console' })).toBeVisible();
  });
});

test('a page without the key is told so', async ({ app, page }) => {
  await page.goto(app.address);
  await expect(page.getByRole('navigation', { name: 'Machines' })).toBeVisible();
  const other = await page.context().newPage();
  await other.goto(new URL('/', page.url()).href);
  await expect(other.getByText('Boxwright does not answer this window')).toBeVisible();
});

test('an application that ends is noticed', async ({ app, page }) => {
  await page.goto(app.address);
  // Until the list is there a lost connection is told in another way.
  await expect(page.getByRole('heading', { name: 'No machines yet' })).toBeVisible();
  app.process.kill('SIGTERM');
  await expect(page.getByRole('alert')).toContainText('Boxwright has ended');
});
