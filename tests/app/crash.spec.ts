// A machine whose process dies is a crashed machine, and nobody else's business.

import { guestTitle, hasGuest, linuxGuest } from '../support/guests.ts';
import { expect, test } from './support/app-test.ts';
import { createMachine, machineRow, openPage, processOf } from './support/steps.ts';

test.describe(guestTitle('a machine process that is killed', 'i386'), () => {
  test.skip(!hasGuest('i386'), 'no i386 guest (run `node tests/guests/prepare-guests.mjs`)');

  test('shows as crashed with its last lines and starts again, while another goes on', async ({ window }) => {
    const guest = linuxGuest('i386');
    await createMachine(window, { name: 'Unlucky', ...guest, memoryMiB: 128 });
    await expect(machineRow(window, 'Unlucky')).toContainText('Running', { timeout: 30_000 });
    const victim = await processOf(window);
    await createMachine(window, { name: 'Steady', ...guest, memoryMiB: 128 });
    await expect(machineRow(window, 'Steady')).toContainText('Running', { timeout: 30_000 });
    const other = await processOf(window);
    expect(other).not.toBe(victim);

    process.kill(victim, 'SIGKILL');
    await expect(machineRow(window, 'Unlucky')).toContainText('Crashed');
    await expect(machineRow(window, 'Steady')).toContainText('Running');

    await machineRow(window, 'Unlucky').click();
    await openPage(window, 'Overview');
    const failure = window.getByRole('region', { name: 'The machine crashed' });
    await expect(failure).toContainText('SIGKILL');
    await expect(failure.getByRole('region', { name: 'Last lines of its log' })).toContainText(
      `Started as process ${victim}.`,
    );

    await test.step('the other machine answers', async () => {
      await machineRow(window, 'Steady').click();
      await openPage(window, 'Console');
      await expect(window.getByText(/\d MIPS$/)).toBeVisible();
      await window.getByRole('button', { name: 'Pause', exact: true }).click();
      await expect(machineRow(window, 'Steady')).toContainText('Paused');
    });

    await test.step('the crashed one starts again', async () => {
      await machineRow(window, 'Unlucky').click();
      await openPage(window, 'Overview');
      await failure.getByRole('button', { name: 'Restart' }).click();
      await expect(machineRow(window, 'Unlucky')).toContainText('Running', { timeout: 30_000 });
      expect(await processOf(window)).not.toBe(victim);
    });
  });
});
