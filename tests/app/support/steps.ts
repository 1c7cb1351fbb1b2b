// What a user does, step by step, by the names that a screen reader would say.

import { expect, type Locator, type Page } from '@playwright/test';
import type { linuxGuest } from '../../support/guests.ts';

export interface NewMachine extends ReturnType<typeof linuxGuest> {
  readonly name: string;
  readonly memoryMiB?: number;
  /** Processor model, as the form names it. */
  readonly model?: string;
  readonly startNow?: boolean;
}

export async function openWizard(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'New machine' }).click();
  await expect(page.getByRole('dialog', { name: 'New machine' })).toBeVisible();
}

/** Where the machine starts from. */
export function chooseSource(page: Page, source: 'CD image' | 'Disk image' | 'Kernel'): Promise<void> {
  return page.getByRole('dialog', { name: 'New machine' }).getByText(source, { exact: true }).first().click();
}

/** Through the window's own file dialog: the folder is typed, the file chosen from its list. */
export async function chooseFile(page: Page, field: string, path: string, opener = `Choose ${field}`): Promise<void> {
  const at = path.lastIndexOf('/');
  await page.getByRole('button', { name: opener }).click();
  const dialog = page.getByRole('dialog', { name: /^Choose/ });
  const location = dialog.getByRole('textbox', { name: 'Folder or file' });
  await expect(location, 'the first folder').not.toHaveValue('');
  await location.fill(path.slice(0, at));
  await dialog.getByRole('button', { name: 'Go' }).click();
  await dialog.getByRole('option', { name: path.slice(at + 1), exact: true }).click();
  await dialog.getByRole('button', { name: 'Choose', exact: true }).click();
  await expect(dialog).toBeHidden();
}

export async function createMachine(page: Page, machine: NewMachine): Promise<void> {
  const { name, kernel, initrd, memoryMiB, model, startNow = true } = machine;
  await openWizard(page);
  const wizard = page.getByRole('dialog', { name: 'New machine' });
  await wizard.getByRole('textbox', { name: 'Name' }).fill(name);
  await chooseSource(page, 'Kernel');
  await chooseFile(page, 'Kernel', kernel);
  await chooseFile(page, 'Initial RAM disk', initrd);
  await expect(wizard.getByText(/Linux kernel/)).toBeVisible();
  if (memoryMiB !== undefined) {
    await wizard.getByRole('textbox', { name: 'Memory in MiB' }).fill(String(memoryMiB));
    await wizard.getByRole('textbox', { name: 'Memory in MiB' }).press('Tab');
  }
  if (model !== undefined) {
    await wizard.getByRole('button', { name: 'Advanced' }).click();
    await wizard.getByText(model).click();
  }
  if (!startNow) await wizard.getByText('Start it right away').click();
  await wizard.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(wizard).toBeHidden();
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
}

/**
 * Presses Tab until the focus is there, as people without a mouse do; arrows lead through a toolbar, and the host key
 * out of a screen.
 */
export async function focusByTab(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < 80; presses++) {
    const key = await target.evaluate((element) => {
      const { activeElement: now } = document;
      if (now === element) return null;
      if (now?.getAttribute('role') === 'application') return 'ControlRight';
      const toolbar = element.closest('[role=toolbar]');
      if (!toolbar?.contains(now)) return 'Tab';
      return now && element.compareDocumentPosition(now) & Node.DOCUMENT_POSITION_PRECEDING ? 'ArrowRight' : 'ArrowLeft';
    });
    if (key === null) return;
    await page.keyboard.press(key);
  }
  throw new Error(`Tab does not lead to ${target}`);
}

export function machineRow(page: Page, name: string) {
  return page.getByRole('treegrid', { name: 'Machines' }).getByRole('row', { name, exact: true });
}

export function openPage(page: Page, name: 'Overview' | 'Console' | 'Settings' | 'Snapshots' | 'Activity' | 'Logs'): Promise<void> {
  return page.getByRole('tab', { name }).click();
}

/** The characters of the guest's screen. */
export function screenText(page: Page) {
  return page.getByRole('region', { name: 'Screen text' });
}

export function screenKeys(page: Page) {
  return page.getByRole('application', { name: /^Screen of/ });
}

/** The number of the process behind the machine whose page is open. */
export async function processOf(page: Page): Promise<number> {
  await openPage(page, 'Logs');
  const line = page.getByRole('log').getByText(/^Started as process \d+\.$/);
  await expect(line.last()).toBeVisible();
  return Number(/\d+/.exec((await line.last().textContent()) ?? '')?.[0]);
}

/** Characters of a US keyboard that need Shift, in the order of the keys of `PLAIN`. */
const SHIFTED = '~!@#$%^&*()_+{}|:"<>?';
const PLAIN = "`1234567890-=[]\\;',./";

/** Presses the keys of a US keyboard, Shift included: the guest sees keys, not characters. */
export async function typeKeys(page: Page, text: string): Promise<void> {
  for (const character of text) {
    const at = SHIFTED.indexOf(character);
    const key = character === '\n' ? 'Enter' : (PLAIN[at] ?? character);
    await page.keyboard.press(at >= 0 || /[A-Z]/.test(character) ? `Shift+${key}` : key);
  }
}

/** What a guest shows of typed keys: on a slow host a key that is let go late repeats. */
export function typed(text: string): RegExp {
  return new RegExp([...text].map((character) => `${character.replace(/[.*+?^${}()|[\]\\]/, '\\$&')}+`).join(''));
}
