// Every screen of the window, each brought up the way a user comes to it, over a data folder with something of
// everything. For the tests that look at all of them.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { defaultSettings, type MachineSettings } from '../../../shared/machine/config.ts';
import { DEMO_CD, demoSettings } from '../../../shared/machine/demo.ts';
import { guestProfile, suitedTo } from '../../../shared/machine/guest-profiles.ts';
import { demoCd } from '../../../src-main/engine/firmware/demo/cd.ts';
import { expect, type Seed } from './app-test.ts';
import { chooseSource, machineRow, openPage, openWizard, screenText } from './steps.ts';

export interface ScreenStep {
  readonly name: string;
  show(page: Page): Promise<void>;
}

/** Before there is a machine. */
export const EMPTY_SCREENS: readonly ScreenStep[] = [
  { name: 'empty', show: (page) => expect(page.getByRole('heading', { name: 'No machines yet' })).toBeVisible() },
  { name: 'wizard', show: openWizard },
  {
    name: 'wizard with problems',
    async show(page) {
      await page.getByRole('button', { name: 'Advanced' }).click();
      await page.getByRole('button', { name: 'Create', exact: true }).click();
    },
  },
  {
    name: 'file dialog',
    async show(page) {
      await chooseSource(page, 'Kernel');
      await page.getByRole('button', { name: 'Choose Kernel' }).click();
      const dialog = page.getByRole('dialog', { name: 'Choose a kernel' });
      await dialog.getByRole('button', { name: 'Boxwright' }).click();
      await expect(dialog.getByRole('option', { name: 'machines' })).toBeVisible();
    },
  },
];

const close = (page: Page) => page.keyboard.press('Escape');
const area = (page: Page, name: string) => page.getByRole('navigation', { name: 'Pages' }).getByRole('button', { name }).click();

/** Over the folder that `FULL` writes; the demo runs. In this order: some begin where the one before ends. */
export const SCREENS: readonly ScreenStep[] = [
  { name: 'nothing chosen', show: (page) => expect(page.getByRole('heading', { name: 'Choose a machine' })).toBeVisible() },
  {
    name: 'overview',
    async show(page) {
      await machineRow(page, 'Debian 12').click();
      await expect(page.getByRole('heading', { name: 'Drives' })).toBeVisible();
    },
  },
  {
    name: 'settings',
    async show(page) {
      await openPage(page, 'Settings');
      await expect(page.getByRole('heading', { name: 'General' })).toBeVisible();
    },
  },
  { name: 'settings, changed', show: (page) => page.getByRole('spinbutton', { name: /^Memory/ }).fill('4') },
  {
    name: 'snapshots, none',
    async show(page) {
      await openPage(page, 'Snapshots');
      await expect(page.getByRole('heading', { name: 'No snapshots yet' })).toBeVisible();
    },
  },
  {
    name: 'question',
    async show(page) {
      await page.getByRole('button', { name: 'Delete' }).first().click();
      await expect(page.getByRole('alertdialog')).toBeVisible();
    },
  },
  {
    name: 'several chosen',
    async show(page) {
      await close(page);
      await machineRow(page, 'Windows 98').click({ modifiers: ['Control'] });
      await expect(page.getByRole('heading', { name: /machines chosen/ })).toBeVisible();
    },
  },
  {
    name: 'damaged',
    async show(page) {
      await machineRow(page, 'damaged').click();
      await expect(page.getByRole('heading', { name: 'The settings of this machine cannot be read' })).toBeVisible();
    },
  },
  {
    name: 'newer',
    async show(page) {
      await machineRow(page, 'From the future').click();
      await expect(page.getByRole('heading', { name: 'This machine belongs to a newer Boxwright' })).toBeVisible();
    },
  },
  {
    name: 'media library',
    async show(page) {
      await area(page, 'Media library');
      await expect(page.getByRole('row', { name: /demo\.iso/ })).toBeVisible();
    },
  },
  {
    name: 'preferences',
    async show(page) {
      await area(page, 'Preferences');
      await expect(page.getByRole('heading', { name: 'Preferences' })).toBeVisible();
    },
  },
  {
    name: 'palette',
    async show(page) {
      await page.keyboard.press('Control+k');
      await expect(page.getByRole('dialog').getByRole('option').first()).toBeVisible();
    },
  },
  {
    name: 'console',
    async show(page) {
      await close(page);
      await machineRow(page, 'Demo').click();
      await page.getByRole('toolbar', { name: 'Actions' }).getByRole('button', { name: 'Start', exact: true }).click();
      await expect(screenText(page)).toContainText('Type here:', { timeout: 30_000 });
      await expect(page.locator('.thumbnail')).toBeVisible();
      await expect(page.getByText('MIPS')).toBeVisible();
    },
  },
  {
    name: 'serial port',
    async show(page) {
      await page.getByRole('button', { name: 'Serial port' }).click();
      await expect(page.getByRole('textbox', { name: 'Serial terminal' })).toBeFocused();
    },
  },
  {
    name: 'settings, running',
    async show(page) {
      await page.getByRole('button', { name: 'Serial port' }).click();
      await openPage(page, 'Settings');
      await expect(page.getByText('After restart').first()).toBeVisible();
    },
  },
  {
    name: 'snapshots',
    async show(page) {
      await openPage(page, 'Snapshots');
      await page.getByRole('button', { name: 'Take snapshot' }).click();
      const dialog = page.getByRole('dialog', { name: 'Take a snapshot' });
      await dialog.getByRole('textbox', { name: 'Name' }).fill('Fresh');
      await dialog.getByRole('button', { name: 'Take snapshot' }).click();
      await expect(page.getByRole('row', { name: 'Fresh' })).toBeVisible({ timeout: 30_000 });
      await expect(dialog).toBeHidden();
    },
  },
  {
    name: 'activity',
    async show(page) {
      await openPage(page, 'Activity');
      await expect(page.getByRole('heading', { name: 'Speed' })).toBeVisible();
    },
  },
  {
    name: 'logs',
    async show(page) {
      await openPage(page, 'Logs');
      await expect(page.getByText(/Started as process/)).toBeVisible();
    },
  },
];

/** Machines that nothing is wrong with. */
export const GOOD_MACHINES: Seed = {
  async write(folder) {
    await put(folder, 'debian-12', { ...systemOf('Debian 12', 'debian-i386'), tags: ['work', 'test'] });
    await putUsual(folder);
  },
};

/** A machine of each kind that the list shows. */
export const FULL: Seed = {
  async write(folder) {
    await mkdir(folder, { recursive: true });
    const disc = join(folder, 'debian-12.5.0-i386-netinst.iso');
    await writeFile(disc, demoCd());
    await put(folder, 'debian-12', {
      ...systemOf('Debian 12', 'debian-i386'),
      tags: ['work', 'test'],
      drives: [
        { id: 'disk0', kind: 'disk', bus: 'virtio', slot: 0, path: join(folder, 'lost.qcow2'), format: 'qcow2', readOnly: false },
        { id: 'cd0', kind: 'cdrom', bus: 'ide', slot: 2, path: disc, format: null, readOnly: true },
      ],
    });
    await putUsual(folder);
    await put(folder, 'newer', { ...systemOf('From the future', 'linux'), schema: 99 });
    await mkdir(join(folder, 'machines', 'damaged'));
    await writeFile(join(folder, 'machines', 'damaged', 'machine.json'), '{ "schema": 1, "na');
  },
};

async function putUsual(folder: string): Promise<void> {
  for (const [name, guest] of [['Windows 98', 'windows-98'], ['FreeDOS', 'freedos'], ['Haiku', 'haiku']] as const)
    await put(folder, guest, { ...systemOf(name, guest), group: 'Retro' });
  await put(folder, 'demo', demoSettings('Demo'));
  await writeFile(join(folder, 'machines', 'demo', DEMO_CD), demoCd());
}

function systemOf(name: string, guest: string): MachineSettings {
  const profile = guestProfile(guest);
  return profile === undefined ? defaultSettings(name) : suitedTo(defaultSettings(name), profile);
}

async function put(folder: string, id: string, settings: MachineSettings): Promise<void> {
  await mkdir(join(folder, 'machines', id), { recursive: true });
  await writeFile(join(folder, 'machines', id, 'machine.json'), JSON.stringify({ schema: 1, id, ...settings }));
}

/** Selector of what looks otherwise on another computer or at another time. */
export const UNSTEADY = [
  // The guest's screen and pictures of it, lights of its drives, its speed.
  ...['canvas', '.thumbnail', '.drive-light', '.number-text'],
  ...['.chart svg', '.chart-value', '.chart .hint'],
  ...['.snapshot-facts', '.log-text', '.file-entry > :last-child'],
  // How much memory the computer has.
  ...['.slider-track', '.memory .messages', '.global-page p:has(code)'],
].join();
