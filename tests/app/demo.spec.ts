// The built-in demo: one click, and a machine that shows something.

import { timeLimit } from '../support/time-limit.ts';
import { expect, test } from './support/app-test.ts';
import { machineRow, screenKeys, screenText, typed, typeKeys } from './support/steps.ts';

const LIMIT_MS = 3000;

test('the demo runs three seconds after one click', async ({ window }) => {
  const clicked = performance.now();
  await window.getByRole('button', { name: 'Try the demo' }).click();
  await expect(screenText(window)).toContainText('Boxwright demo machine', { timeout: 30_000 });
  const tookMs = performance.now() - clicked;
  expect(tookMs, 'milliseconds from click to text').toBeLessThan(timeLimit(LIMIT_MS));
  await expect(screenKeys(window)).toBeFocused();
  await typeKeys(window, 'hello');
  await expect(screenText(window)).toContainText(typed('Type here: hello'));
  await window.keyboard.press('F1');
  await expect(screenText(window), 'a picture, not characters').toBeHidden();
  await window.keyboard.press('Escape');
  await expect(screenText(window)).toContainText('Boxwright demo machine');
  await window.keyboard.press('F10');
  await expect(machineRow(window, 'Demo')).toContainText('Powered off');
});
