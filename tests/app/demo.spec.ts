// The built-in demo: one click, and a machine that shows something.

import { availableParallelism, loadavg } from 'node:os';
import { expect, test } from './support/app-test.ts';
import { machineRow, screenKeys, screenText, typed, typeKeys } from './support/steps.ts';

test('the demo runs three seconds after one click', async ({ window }) => {
  const clicked = performance.now();
  await window.getByRole('button', { name: 'Try the demo' }).click();
  await expect(screenText(window)).toContainText('Boxwright demo machine', { timeout: 30_000 });
  expectSoon(performance.now() - clicked);
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

const LIMIT_MS = 3000;

/** On a host that has more to do than it can, time says nothing about us. */
function expectSoon(milliseconds: number): void {
  const isBusy = (loadavg()[0] ?? 0) > 1.5 * availableParallelism();
  if (isBusy) console.warn(`The demo took ${Math.round(milliseconds)} ms; not judged, because the host is overloaded.`);
  else expect(milliseconds, 'from click to text').toBeLessThan(LIMIT_MS);
}
