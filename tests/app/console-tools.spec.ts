// What the console offers around its screen, used once each with a running machine: sending keys, typing, pictures,
// drives, a window of its own, files that are dropped, and the end of the application.

import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { linuxGuest } from '../support/guests.ts';
import { tinyIso } from '../support/tiny-iso.ts';
import { expect, test } from './support/app-test.ts';
import { describeWithGuest } from './support/guest-test.ts';
import { createMachine, openPage, screenKeys, screenText } from './support/steps.ts';

/** Drags a file that lies in `path` over the middle of what `selector` names, and lets it go there. */
async function dropFile(page: Page, path: string, zone: string): Promise<void> {
  const { size, mtimeMs } = await stat(path);
  const file = { name: path.slice(path.lastIndexOf('/') + 1), size, modified: Math.floor(mtimeMs) };
  const fire = (type: string, text: string | null) =>
    page.evaluate(
      ({ type, text, file }) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([new Uint8Array(file.size)], file.name, { lastModified: file.modified }));
        const zones = [...document.querySelectorAll('.drop-zone')];
        const target = text === null ? document.body : zones.find((one) => one.textContent === text);
        target?.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
      },
      { type, text, file },
    );
  await fire('dragenter', null);
  await expect(page.getByText(zone)).toBeVisible();
  await fire('drop', zone);
}

test('an image that is dropped starts a new machine', async ({ app, window }) => {
  const path = join(app.dataFolder, 'netinst.iso');
  await writeFile(path, tinyIso({ volumeId: 'Debian 12.5.0 i386 n', bootable: true }));
  await dropFile(window, path, 'New machine from this image');
  const wizard = window.getByRole('dialog', { name: 'New machine' });
  await expect(wizard.getByText(path, { exact: true })).toBeVisible();
  await expect(wizard.getByRole('textbox', { name: 'Name' })).toHaveValue('Debian');
});

describeWithGuest('the tools of the console', 'i386', () => {
  test('do what they say', async ({ app, window, context }) => {
    const iso = join(app.dataFolder, 'tools.iso');
    await writeFile(iso, tinyIso({ volumeId: 'TOOLS' }));
    await createMachine(window, { name: 'Subject', ...linuxGuest('i386'), memoryMiB: 128, startNow: false });

    await test.step('a CD drive comes with the first CD that is dropped', async () => {
      await dropFile(window, iso, 'Attach to “Subject”: a CD into its drive, a disk as another disk');
      await expect(window.getByRole('region', { name: 'Drives' })).toContainText('tools.iso');
    });
    await window.getByRole('button', { name: 'Start', exact: true }).click();
    await expect(screenText(window)).toBeAttached({ timeout: 60_000 });

    await test.step('the light of the CD drive ejects it', async () => {
      const light = window.getByRole('button', { name: /^CD cd0/ });
      await expect(light).toHaveAccessibleName('CD cd0: tools.iso');
      await light.click();
      await window.getByRole('menuitem', { name: 'Eject' }).click();
      await expect(light).toHaveAccessibleName('CD cd0: empty');
    });

    await test.step('a screenshot is a PNG of the guest’s own size', async () => {
      await window.getByRole('button', { name: 'Screenshot' }).click();
      const saved = window.waitForEvent('download');
      await window.getByRole('menuitem', { name: 'Save to a file' }).click();
      const png = await readFile(await (await saved).path());
      expect([png.toString('ascii', 1, 4), png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual(['PNG', 720, 400]);
    });

    await test.step('combinations are made, kept and sent', async () => {
      const menu = window.getByRole('button', { name: 'Send keys' });
      await menu.click();
      await window.getByRole('menuitem', { name: 'Keys and combinations…' }).click();
      await window.getByRole('textbox', { name: 'Press the keys' }).focus();
      await window.keyboard.press('Alt+Shift+KeyX');
      await expect(window.getByRole('textbox', { name: 'Press the keys' })).toHaveValue('Alt+Shift+X');
      await window.getByRole('button', { name: 'Add' }).click();
      await window.getByRole('button', { name: 'Done' }).click();
      await menu.click();
      await window.getByRole('menuitem', { name: 'Alt+Shift+X' }).click();
      await expect(screenKeys(window)).toBeFocused();
    });

    await test.step('text is looked at before it is typed, and named where it has no keys', async () => {
      await window.getByRole('button', { name: 'Type clipboard' }).click();
      const dialog = window.getByRole('dialog', { name: 'Type text into the machine' });
      await dialog.getByRole('textbox', { name: 'Text' }).fill('a é b');
      await expect(dialog.getByText('A US keyboard has no key for: é')).toBeVisible();
      await dialog.getByRole('button', { name: 'Leave them out' }).click();
      await dialog.getByRole('button', { name: 'Type', exact: true }).click();
      await expect(dialog).toBeHidden();
    });

    await test.step('the console goes into a window of its own and comes back', async () => {
      const opened = context.waitForEvent('page');
      await window.getByRole('button', { name: 'Open in its own window' }).click();
      const own = await opened;
      await expect(screenText(own)).toBeAttached();
      await expect(own.getByRole('navigation')).toBeHidden();
      await expect(window.getByRole('heading', { name: 'The console is in its own window' })).toBeVisible();
      await own.close();
      await expect(screenText(window)).toBeAttached();
    });

    await test.step('quitting asks what becomes of the machine', async () => {
      await openPage(window, 'Overview');
      await window.keyboard.press('Control+k');
      await window.keyboard.type('quit');
      await window.keyboard.press('Enter');
      const question = window.getByRole('dialog', { name: 'A machine is running' });
      await question.getByRole('radio', { name: 'Power off' }).check();
      await question.getByRole('button', { name: 'Quit' }).click();
      await expect.poll(() => app.process.exitCode, { timeout: 30_000 }).toBe(0);
    });
  });
});
