// Names of screenshots, whatever the machine is called.

import { expect, it, vi } from 'vitest';

// Texts are chosen by the browser's language when they load, and there is no browser here.
vi.stubGlobal('sessionStorage', { getItem: () => null });
vi.stubGlobal('document', { documentElement: {} });
vi.stubGlobal('location', { hash: '' });
const { fileName } = await import('../../../../src-renderer/features/console/screenshot.ts');

it.each([
  ['Debian 12', /^Debian 12 \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\.png$/],
  ['../a:b*c?"<>|', /^\.\._a_b_c_____ /],
  ['\u202egnp.exe', /^_gnp\.exe /],
  ['', /^Boxwright /],
])('of %j', (name, expected) => {
  expect(fileName(name, new Date())).toMatch(expected);
});
