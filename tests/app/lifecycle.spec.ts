// A machine's whole life with a real guest, by mouse and then by keyboard alone; and two at once, of which one dies.

import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { demoCd } from '../../src-main/engine/firmware/demo/cd.ts';
import { tinyIso } from '../support/tiny-iso.ts';
import { expect, test } from './support/app-test.ts';
import { boxwright } from './support/boxwright.ts';
import { chooseFile, focusByTab, machineRow, openPage, openWizard, processOf, screenKeys, screenText, typed, typeKeys } from './support/steps.ts';

const GREETING = 'Boxwright demo machine';
const OTHER = 'ANOTHER_DISC';
/** Booting, on a busy host. */
const BOOT = { timeout: 30_000 };

async function writeDiscs(folder: string): Promise<{ readonly system: string; readonly other: string }> {
  const [system, other] = [join(folder, 'system.iso'), join(folder, 'other.iso')];
  await writeFile(system, demoCd());
  await writeFile(other, tinyIso({ volumeId: OTHER }));
  return { system, other };
}

const inTrash = async (folder: string) => (await readdir(join(folder, 'trash')).catch(() => [])).length;

test('a machine from a CD image: made, booted, used, another CD, reset, shut down, deleted', async ({ app, window }) => {
  const discs = await writeDiscs(app.dataFolder);
  await test.step('the wizard makes it and starts it', async () => {
    await openWizard(window);
    await chooseFile(window, 'CD image', discs.system);
    const wizard = window.getByRole('dialog', { name: 'New machine' });
    await expect(wizard.getByRole('combobox', { name: 'System' })).toHaveValue('demo');
    await wizard.getByRole('textbox', { name: 'Name' }).fill('Subject');
    await wizard.getByRole('button', { name: 'Create', exact: true }).click();
    await expect(screenText(window)).toContainText(GREETING, BOOT);
  });
  await test.step('its screen shows what is typed', async () => {
    await expect(screenKeys(window)).toBeFocused();
    await typeKeys(window, 'hello, world');
    await expect(screenText(window)).toContainText(typed('Type here: hello, world'));
  });
  await test.step('it sees another CD', async () => {
    await openPage(window, 'Overview');
    await chooseFile(window, 'CD image', discs.other, 'Change the medium of cd0');
    await openPage(window, 'Console');
    await expect(screenText(window)).toContainText(OTHER);
    await window.getByRole('button', { name: /^CD/ }).click();
    await window.getByRole('menuitem', { name: 'Eject' }).click();
    await expect(screenText(window)).toContainText('(no CD in the drive)');
  });
  await test.step('a reset starts it anew, from what is in the drive', async () => {
    await window.getByRole('button', { name: 'Reset' }).click();
    await confirmByKeys(window);
    await expect(screenText(window)).toContainText('Nothing to boot from', BOOT);
    await openPage(window, 'Overview');
    await chooseFile(window, 'CD image', discs.system, 'Change the medium of cd0');
    await openPage(window, 'Console');
    await screenKeys(window).click();
    await window.keyboard.press('Enter');
    await expect(screenText(window)).toContainText(GREETING, BOOT);
  });
  await test.step('it shuts down when it is asked to', async () => {
    await window.getByRole('button', { name: 'Shut down' }).click();
    await expect(machineRow(window, 'Subject')).toContainText('Powered off');
  });
  await test.step('deleting puts it into the trash', async () => {
    await window.getByRole('button', { name: 'Delete' }).click();
    await window.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
    await expect(window.getByRole('heading', { name: 'No machines yet' })).toBeVisible();
    expect(await inTrash(app.dataFolder)).toBe(1);
  });
});

/** The question begins at Cancel; the button that does it is next to it. */
async function confirmByKeys(page: Page): Promise<void> {
  await expect(page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' })).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alertdialog')).toBeHidden();
}

test('the same by keyboard alone', async ({ app, window }) => {
  const discs = await writeDiscs(app.dataFolder);
  const { keyboard } = window;
  const go = async (name: string | RegExp) => {
    await focusByTab(window, window.getByRole('button', { name, exact: true }));
    await keyboard.press('Enter');
  };
  const chooseTyped = async (path: string) => {
    const field = window.getByRole('textbox', { name: 'Folder or file' });
    await expect(field, 'the first folder').not.toHaveValue('');
    await focusByTab(window, field);
    await keyboard.press('Control+a');
    await keyboard.type(path);
    await keyboard.press('Enter');
    await expect(field).toBeHidden();
  };
  const palette = async (words: string) => {
    await keyboard.press('Control+k');
    await keyboard.type(words);
    await keyboard.press('Enter');
  };

  await palette('new machine');
  await expect(window.getByRole('textbox', { name: 'Name' })).toBeFocused();
  await keyboard.type('Subject');
  await go('Choose CD image');
  await chooseTyped(discs.system);
  await expect(window.getByRole('combobox', { name: 'System' })).toHaveValue('demo');
  await go('Create');
  await expect(screenText(window)).toContainText(GREETING, BOOT);
  await expect(screenKeys(window)).toBeFocused();
  await typeKeys(window, 'keys');
  await expect(screenText(window)).toContainText(typed('Type here: keys'));
  // The keys of the window go to the guest until the host key frees them.
  await keyboard.press('ControlRight');
  await palette('overview');
  await go('Change the medium of cd0');
  await chooseTyped(discs.other);
  await palette('console');
  await expect(screenText(window)).toContainText(OTHER);
  await go(/^CD/);
  await keyboard.press('Enter');
  await chooseTyped(discs.system);
  await expect(screenText(window)).toContainText('BOXWRIGHT_DEMO');
  await expect(screenText(window)).toContainText(typed('Type here: keys'));
  await go('Reset');
  await confirmByKeys(window);
  // The screen without the greeting may be gone before it is looked at; what was typed does not come back.
  await expect(screenText(window)).not.toContainText(typed('Type here: keys'));
  await expect(screenText(window)).toContainText(GREETING, BOOT);
  await palette('shut down');
  await expect(machineRow(window, 'Subject')).toContainText('Powered off');
  await go('Delete');
  await confirmByKeys(window);
  await expect(window.getByRole('heading', { name: 'No machines yet' })).toBeVisible();
  expect(await inTrash(app.dataFolder)).toBe(1);
});

test('of two machines one is killed, and the other goes on', async ({ app, window }) => {
  for (const name of ['Unlucky', 'Steady']) await boxwright(app.dataFolder, 'demo', name);
  for (const name of ['Unlucky', 'Steady']) {
    await machineRow(window, name).click();
    await window.getByRole('toolbar', { name: 'Actions' }).getByRole('button', { name: 'Start', exact: true }).click();
    await expect(screenText(window)).toContainText(GREETING, BOOT);
    await typeKeys(window, name.toLowerCase());
    await expect(screenText(window)).toContainText(typed(`Type here: ${name.toLowerCase()}`));
  }
  const other = await processOf(window);
  await machineRow(window, 'Unlucky').click();
  const victim = await processOf(window);
  expect(victim).not.toBe(other);

  process.kill(victim, 'SIGKILL');
  await expect(machineRow(window, 'Unlucky')).toContainText('Crashed');
  await openPage(window, 'Overview');
  const failure = window.getByRole('region', { name: 'The machine crashed' });
  await expect(failure).toContainText('SIGKILL');
  await expect(failure.getByRole('region', { name: 'Last lines of its log' })).toContainText(`Started as process ${victim}.`);

  await test.step('the other machine answers', async () => {
    await expect(machineRow(window, 'Steady')).toContainText('Running');
    await machineRow(window, 'Steady').click();
    await openPage(window, 'Console');
    await expect(screenText(window)).toContainText(typed('Type here: steady'));
    await screenKeys(window).click();
    await typeKeys(window, ' still');
    await expect(screenText(window)).toContainText(typed('Type here: steady still'));
  });

  await test.step('the crashed one starts again', async () => {
    await machineRow(window, 'Unlucky').click();
    await openPage(window, 'Overview');
    await failure.getByRole('button', { name: 'Restart' }).click();
    await expect(machineRow(window, 'Unlucky')).toContainText('Running', BOOT);
    await expect(screenText(window)).toContainText(GREETING, BOOT);
    expect(await processOf(window)).not.toBe(victim);
  });
});
