// Takes the pictures of the README anew: npx playwright test --config tests/app/readme-pictures.config.ts

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tinyIso } from '../support/tiny-iso.ts';
import { expect, test } from './support/app-test.ts';
import { GOOD_MACHINES } from './support/screens.ts';
import { chooseFile, machineRow, openWizard, screenText } from './support/steps.ts';

const FOLDER = fileURLToPath(new URL('../../assets/screenshots/', import.meta.url));

test.use({ seed: GOOD_MACHINES, viewport: { width: 1280, height: 820 } });

test('the console and the wizard', async ({ app, window }) => {
  await machineRow(window, 'Demo').click();
  await window.getByRole('toolbar', { name: 'Actions' }).first().getByRole('button', { name: 'Start', exact: true }).click();
  await expect(screenText(window)).toContainText('Type here:', { timeout: 60_000 });
  await expect(machineRow(window, 'Demo').locator('img.thumbnail')).toBeVisible();
  await window.screenshot({ path: join(FOLDER, 'console.png'), caret: 'hide' });

  await window.keyboard.press('ControlRight');
  await mkdir(join(app.dataFolder, 'images'));
  await writeFile(join(app.dataFolder, 'images', 'debian-12-netinst.iso'), tinyIso({ volumeId: 'Debian 12.5.0 amd64 n', bootable: true }));
  await openWizard(window);
  await chooseFile(window, 'CD image', join(app.dataFolder, 'images', 'debian-12-netinst.iso'));
  await expect(window.getByText(/Recognised by/)).toBeVisible();
  await window.screenshot({ path: join(FOLDER, 'new-machine.png'), caret: 'hide' });
});
