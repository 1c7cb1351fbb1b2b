// A guest that counts its starts on its disk: run disposably and kept or not, with snapshots that go while it runs, by a
// schedule, and as a template.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultSettings } from '../../shared/machine/config.ts';
import { countingDisk, startsIn, startsText } from '../support/counting-disk.ts';
import { expect, test } from './support/app-test.ts';
import { machineRow, openPage, screenText } from './support/steps.ts';

const PATIENCE = { timeout: 30_000 };

test.use({
  seed: {
    write: async (folder: string) => {
      const home = join(folder, 'machines/counter');
      await mkdir(home, { recursive: true });
      await writeFile(join(home, 'disk.raw'), countingDisk());
      const drives = [{ id: 'disk0', kind: 'disk', bus: 'ide', slot: 0, path: 'disk.raw', format: 'raw', readOnly: false }];
      await writeFile(join(home, 'machine.json'), JSON.stringify({ schema: 1, id: 'counter', ...defaultSettings('Counter'), memoryMiB: 16, drives }));
    },
  },
});

test('a machine is run disposably, loses snapshots while it runs, has a schedule, and becomes a template', async ({ app, window }) => {
  const home = join(app.dataFolder, 'machines/counter');
  const actions = window.getByRole('toolbar', { name: 'Actions', exact: true });
  const button = (name: string) => actions.getByRole('button', { name, exact: true });
  const count = async () => startsIn(await readFile(join(home, 'disk.raw')));
  const runs = (starts: number) => expect(screenText(window)).toContainText(startsText(starts), PATIENCE);
  const note = window.getByRole('status').filter({ hasText: 'isposable' });
  const startDisposable = async (starts: number) => {
    await button('Other ways to start').click();
    await window.getByRole('menuitem', { name: 'Start disposable' }).click();
    await expect(note).toContainText('what the guest writes is thrown away', PATIENCE);
    await openPage(window, 'Console');
    await runs(starts);
  };
  const powerOff = async () => {
    await button('Power off').click();
    await window.getByRole('alertdialog').getByRole('button', { name: 'Power off' }).click();
    await expect(machineRow(window, 'Counter')).toContainText('Powered off', PATIENCE);
  };

  await test.step('a disposable run, discarded and kept', async () => {
    await machineRow(window, 'Counter').click();
    await startDisposable(1);
    await powerOff();
    await note.getByRole('button', { name: 'Discard' }).click();
    await expect(note).toBeHidden();
    expect(await count()).toBe(0);
    await startDisposable(1);
    await powerOff();
    await note.getByRole('button', { name: 'Keep the changes' }).click();
    await expect(note).toBeHidden(PATIENCE);
  });

  await test.step('snapshots that go while the guest runs', async () => {
    await openPage(window, 'Snapshots');
    const rows = window.getByRole('treegrid', { name: 'Snapshots' });
    const take = async (name: string) => {
      await window.getByRole('button', { name: 'Take snapshot' }).click();
      const dialog = window.getByRole('dialog', { name: 'Take a snapshot' });
      await dialog.getByRole('textbox', { name: 'Name' }).fill(name);
      await dialog.getByRole('button', { name: 'Take snapshot' }).click();
      await expect(rows.getByRole('row', { name, exact: true })).toBeVisible(PATIENCE);
    };
    const drop = async (name: string) => {
      await rows.getByRole('row', { name, exact: true }).click();
      await window.getByRole('button', { name: 'Delete', exact: true }).last().click();
      await window.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
      await expect(rows.getByRole('row', { name, exact: true })).toBeHidden(PATIENCE);
    };
    await take('Off');
    await button('Start').click();
    await openPage(window, 'Console');
    await runs(2);
    await openPage(window, 'Snapshots');
    await take('Running');
    expect((await readdir(join(home, 'snapshots'))).filter((name) => name.endsWith('.qcow2'))).toHaveLength(2);
    await drop('Off');
    await drop('Running');
    expect((await readdir(join(home, 'snapshots'))).filter((name) => name.endsWith('.qcow2')).length).toBeLessThan(2);
    await button('Reset').click();
    await window.getByRole('alertdialog').getByRole('button', { name: 'Reset' }).click();
    await openPage(window, 'Console');
    await runs(3);
  });

  await test.step('a schedule', async () => {
    await openPage(window, 'Snapshots');
    await window.getByRole('button', { name: 'Schedule' }).click();
    const dialog = window.getByRole('dialog', { name: 'Snapshots by the clock' });
    await dialog.getByRole('combobox', { name: 'Every' }).selectOption('2 hours');
    await dialog.getByRole('spinbutton', { name: 'Keep' }).fill('3');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(window.getByText('One every 2 hours while the machine runs; 3 are kept.')).toBeVisible();
  });

  await test.step('a template', async () => {
    await powerOff();
    await machineRow(window, 'Counter').click({ button: 'right' });
    await window.getByRole('menuitem', { name: 'Make it a template' }).click();
    await expect(button('Start')).toBeHidden();
    await button('Clone').click();
    await expect(window.getByRole('heading', { name: 'Counter clone', level: 1 })).toBeVisible(PATIENCE);
    await expect(button('Start')).toBeVisible();
  });
});
