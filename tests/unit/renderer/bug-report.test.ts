// What a bug report says, and what it must not: names of people in paths.

import { expect, it } from 'vitest';
import { defaultSettings } from '../../../shared/machine/config.ts';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
import { bugReport, withoutFolders } from '../../../src-renderer/features/logs/bug-report.ts';

it.each([
  ['/home/ann lee/isos/a.iso', '…'],
  ['cannot read “/home/ann/a.iso”: denied', 'cannot read “…/a.iso”: denied'],
  ['C:\\Users\\ann\\disk.vdi is gone', '…\\disk.vdi is gone'],
  ['console=tty0 1/2 and 3', 'console=tty0 1/2 and 3'],
])('hides folders: %s', (text, expected) => {
  expect(withoutFolders(text)).toContain(expected);
  expect(withoutFolders(text)).not.toMatch(/home|Users/);
});

it('holds the settings and the last lines', () => {
  const config = {
    ...defaultSettings('Ann’s machine'),
    schema: 1 as const,
    id: 'a',
    boot: { kernel: '/home/ann/vmlinuz', initrd: null, commandLine: 'quiet' },
  };
  const machine = { kind: 'machine', id: 'a', folder: '/home/ann/a', config, state: 'off', startedAtMs: null, lastExit: null } as ReadyMachine;
  const info = { name: 'Boxwright', version: '1', host: { platform: 'linux', processors: 2, memoryMiB: 1024 } } as never;
  const lines = Array.from({ length: 300 }, (_, sequence) => ({ sequence, timeMs: 0, level: 'info' as const, text: `line ${sequence}` }));
  const report = bugReport(info, machine, lines, 'Browser');
  expect(report).toContain('Boxwright 1 on linux');
  expect(report).toContain('…/vmlinuz');
  expect(report).toContain('line 299');
  expect(report).not.toContain('line 99\n');
  expect(report).not.toMatch(/ann/i);
});
