// The media library and its jobs: a missing file is found again, an image is converted with progress, and a job is
// cancelled, over a reload of the page.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { tinyIso } from '../support/tiny-iso.ts';
import { boxwright } from './support/boxwright.ts';
import { expect, test } from './support/app-test.ts';

const MIB = 1024 * 1024;

test('a missing medium is located, and jobs are followed and cancelled', async ({ window, app }) => {
  const at = (name: string) => join(app.dataFolder, 'files', name);
  await mkdir(at(''), { recursive: true });
  await writeFile(at('disc.iso'), tinyIso({ volumeId: 'TINY' }));
  // What does not compress takes its time.
  const noise = new Uint8Array(96 * MIB);
  for (let i = 0; i < noise.length; i += 65536) crypto.getRandomValues(noise.subarray(i, i + 65536));
  await writeFile(at('noise.raw'), noise);
  await boxwright(app.dataFolder, 'create', 'Reader', '--cdrom', at('lost.iso'), '--disk', at('noise.raw'));

  await window.getByRole('button', { name: 'Media library' }).click();
  const table = window.getByRole('table', { name: 'Media library' });
  const lost = table.getByRole('row', { name: /lost\.iso/ });
  await expect(lost).toContainText('Missing');
  for (const colorScheme of ['light', 'dark'] as const) {
    await window.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page: window }).exclude('[data-live-announcer]').analyze();
    expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id }) => id)).toEqual([]);
  }
  await lost.getByRole('button', { name: 'Locate… lost.iso' }).click();
  const dialog = window.getByRole('dialog', { name: 'Choose a CD image' });
  await dialog.getByRole('textbox', { name: 'Folder or file' }).fill(at(''));
  await dialog.getByRole('button', { name: 'Go' }).click();
  await dialog.getByRole('option', { name: 'disc.iso', exact: true }).click();
  await dialog.getByRole('button', { name: 'Choose', exact: true }).click();
  await expect(table.getByRole('row', { name: /disc\.iso/ })).toContainText('Reader');
  await expect(lost).toBeHidden();

  await table.getByRole('button', { name: 'Tools for noise.raw' }).click();
  await window.getByRole('menuitem', { name: 'Convert…' }).click();
  await window.getByLabel('Compress').check();
  await window.getByRole('button', { name: 'Convert', exact: true }).click();
  await window.getByRole('button', { name: 'Jobs, 1 running' }).click();
  await expect(window.getByRole('progressbar', { name: 'Progress of Convert noise.raw' })).toBeVisible();
  // The job is not the page's.
  await window.reload();
  await window.getByRole('button', { name: 'Jobs, 1 running' }).click();
  const jobs = window.getByRole('dialog', { name: 'Jobs' });
  await jobs.getByRole('button', { name: 'Cancel: Convert noise.raw' }).click();
  await expect(jobs.getByText('Cancelled', { exact: true })).toBeVisible();
  await jobs.getByRole('button', { name: 'Clear finished' }).click();
  await expect(jobs.getByText(/^No jobs/)).toBeVisible();
  // The button that was pressed is gone: Escape must still reach the dialog.
  await expect(jobs).toBeFocused();
  await window.keyboard.press('Escape');

  await table.getByRole('button', { name: 'Tools for noise.raw' }).click();
  await window.getByRole('menuitem', { name: 'Check…' }).click();
  await window.getByRole('button', { name: 'Check', exact: true }).click();
  // raw has no structure to check: said, with its name.
  await expect(window.getByRole('alert').getByText(/Check noise\.raw: .*cannot be checked/)).toBeVisible();
  const listed = await boxwright(app.dataFolder, 'media', 'list', '--json');
  expect(JSON.parse(listed.out)).toMatchObject([{ path: at('disc.iso'), state: 'ok' }, { path: at('noise.raw'), format: 'raw' }]);
});
