// The first thing anybody does: make a machine, watch it boot, type a command and read its output.

import { linuxGuest } from '../support/guests.ts';
import { expect, test } from './support/app-test.ts';
import { describeWithGuest } from './support/guest-test.ts';
import { createMachine, machineRow, openPage, screenKeys, screenText, typeKeys } from './support/steps.ts';

/** A few seconds by itself; generous, because a test machine may be busy with much else. */
const BOOT_MS = 200_000;
/** The shell waits for a command. */
const PROMPT = /\/ #\s*$/;

describeWithGuest('a Linux guest in the window', 'i386', () => {
  test.describe.configure({ timeout: 300_000 });

  test('boots from the wizard, takes keys and shows what they do', async ({ window }, info) => {
    await createMachine(window, { name: 'Debian 686', ...linuxGuest('i386'), memoryMiB: 256 });
    await expect(machineRow(window, 'Debian 686')).toContainText('Running');
    await expect(screenText(window)).toContainText('GUEST-BOOT-OK i686', { timeout: BOOT_MS });
    await expect(screenText(window)).toContainText(PROMPT, { timeout: 30_000 });

    // The machine that was just started has the keyboard.
    await expect(screenKeys(window)).toBeFocused();
    // What is typed is not what is expected: only the guest can turn one into the other.
    await typeKeys(window, 'echo hello-$((6*7))\n');
    await expect(screenText(window)).toContainText('hello-42', { timeout: 30_000 });
    await info.attach('console', { body: await window.screenshot(), contentType: 'image/png' });

    await test.step('the serial port has a shell of its own', async () => {
      await window.getByRole('button', { name: 'Serial port' }).click();
      const terminal = window.getByRole('textbox', { name: 'Serial terminal' });
      await expect(terminal).toBeFocused();
      await terminal.pressSequentially('echo serial-$((4*4))\n');
      await expect(window.getByRole('region', { name: 'Serial terminal' })).toContainText('serial-16', { timeout: 30_000 });
      // The host key leaves it, as it leaves the screen, for the tool that was used last.
      await window.keyboard.press('ControlRight');
      await expect(window.getByRole('button', { name: 'Serial port' })).toBeFocused();
    });

    await test.step('power off asks first and ends in order', async () => {
      await window.getByRole('button', { name: 'Power off' }).click();
      await window.getByRole('alertdialog').getByRole('button', { name: 'Power off' }).click();
      await expect(machineRow(window, 'Debian 686')).toContainText('Powered off', { timeout: 20_000 });
      await openPage(window, 'Overview');
      await expect(window.getByText('The machine was powered off.')).toBeVisible();
    });
  });

  test('switches itself off when its guest does', async ({ window }) => {
    await createMachine(window, { name: 'Short', ...linuxGuest('i386'), memoryMiB: 256 });
    await expect(screenText(window)).toContainText(PROMPT, { timeout: BOOT_MS });
    await screenKeys(window).focus();
    await typeKeys(window, 'poweroff -f\n');
    await expect(machineRow(window, 'Short')).toContainText('Powered off', { timeout: 30_000 });
    await expect(window.getByText('The guest switched the machine off.')).toBeVisible();
  });
});
