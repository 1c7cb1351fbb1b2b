// The console around the guest: who has the keyboard and the pointer, sizes, pause, reload. What the guest does with
// it is in boot.spec.ts.

import { linuxGuest } from '../support/guests.ts';
import { expect, test } from './support/app-test.ts';
import { describeWithGuest } from './support/guest-test.ts';
import { createMachine, machineRow, openPage, screenKeys, screenText } from './support/steps.ts';

describeWithGuest('the console', 'i386', () => {
  test.beforeEach(async ({ window }) => {
    await createMachine(window, { name: 'Subject', ...linuxGuest('i386'), memoryMiB: 128 });
    await expect(screenText(window)).toBeAttached({ timeout: 30_000 });
  });

  test('has the keyboard after a start and gives it back for the host key', async ({ window }) => {
    await expect(screenKeys(window)).toBeFocused();
    await expect(window.getByText('Keys go to the machine. Right Ctrl frees them.')).toBeVisible();
    // The guest's key, not the window's: the focus stays.
    await window.keyboard.press('Tab');
    await expect(screenKeys(window)).toBeFocused();
    await window.keyboard.press('ControlRight');
    await expect(window.getByRole('button', { name: 'Send keys' })).toBeFocused();
    await expect(window.getByText('Click the screen to type into the machine')).toBeVisible();
  });

  test('captures the pointer, says so, and frees it', async ({ window }) => {
    await window.getByRole('button', { name: 'Capture pointer' }).click();
    const banner = window.getByText('The pointer is in the machine. Right Ctrl frees it.');
    await expect(banner).toBeVisible();
    await window.mouse.move(600, 400);
    await window.mouse.down();
    await window.mouse.up();
    await window.keyboard.press('ControlRight');
    await expect(banner).toBeHidden();
  });

  test('shows a text screen at the sizes that are asked for', async ({ window }) => {
    const size = async () => {
      const box = await screenKeys(window).boundingBox();
      return [box?.width, box?.height];
    };
    const scaling = window.getByRole('combobox', { name: 'Scaling' });
    await scaling.selectOption('Actual size');
    await expect.poll(size).toEqual([720, 400]);
    await scaling.selectOption('Fit window');
    await expect.poll(async () => (await size())[0]).toBeGreaterThan(900);
    await window.setViewportSize({ width: 1000, height: 820 });
    await expect.poll(async () => (await size())[0]).toBeLessThan(740);
  });

  test('pauses, resumes and connects again after a reload', async ({ window }) => {
    await window.getByRole('button', { name: 'Pause', exact: true }).click();
    await expect(window.getByRole('button', { name: 'Resume' })).toBeFocused();
    await expect(machineRow(window, 'Subject')).toContainText('Paused');
    await window.getByRole('button', { name: 'Resume' }).click();
    await expect(machineRow(window, 'Subject')).toContainText('Running');
    await window.reload();
    await expect(screenText(window)).toBeAttached();
    await openPage(window, 'Overview');
    await openPage(window, 'Console');
    await expect(screenText(window)).toBeAttached();
  });
});
