// The state of a running machine kept for its next start, by buttons: saved, gone on from, saved again and discarded.

import { expect, test } from './support/app-test.ts';
import { machineRow, openPage, screenText, typeKeys } from './support/steps.ts';

const PATIENCE = { timeout: 30_000 };

test('a machine is saved, goes on from there, and its saved state can be discarded', async ({ window }) => {
  const row = machineRow(window, 'Demo');
  const button = (name: string) => window.getByRole('toolbar', { name: 'Actions' }).getByRole('button', { name, exact: true });
  await window.getByRole('button', { name: 'Try the demo' }).click();
  await expect(screenText(window)).toContainText('Boxwright demo machine', PATIENCE);
  await typeKeys(window, 'hello');
  await expect(screenText(window)).toContainText('Type here: hello', PATIENCE);

  await button('Save state').click();
  await expect(row).toContainText('Saved', PATIENCE);
  await openPage(window, 'Settings');
  await expect(window.getByText('has a saved state')).toBeVisible();

  await openPage(window, 'Overview');
  await expect(window.getByRole('button', { name: 'Change the medium of cd0' }), 'fits these media only').toBeDisabled();

  await button('Continue').click();
  await expect(row).toContainText('Running', PATIENCE);
  await expect(screenText(window), 'what was typed before').toContainText('Type here: hello', PATIENCE);
  await button('Save state').click();
  await expect(row).toContainText('Saved', PATIENCE);
  await button('Discard saved state').click();
  await window.getByRole('alertdialog').getByRole('button', { name: 'Discard saved state' }).click();
  await expect(row).toContainText('Powered off');
  await expect(button('Start')).toBeVisible();
});
