// The copied command line against the parser that would read it.

import { describe, expect, it } from 'vitest';
import { defaultSettings, type MachineSettings } from '../../../../shared/machine/config.ts';
import { runArguments, runCommand } from '../../../../shared/machine/run-command.ts';
import { parseRun } from '../../../../src-main/cli/parse-run.ts';

function settings(patch: Partial<MachineSettings> = {}): MachineSettings {
  const boot = {
    kernel: '/boot/vmlinuz',
    initrd: '/boot/initrd.img',
    commandLine: 'console=tty0 console=ttyS0',
  };
  return { ...defaultSettings('a machine'), boot, ...patch };
}

describe('the command line of a machine', () => {
  it('is understood by `run`, and means the same machine', () => {
    const parsed = parseRun(
      runArguments(settings({ memoryMiB: 300, cpu: { model: 'pentium3', engine: 'interpreter' } })),
    );
    expect(parsed).toMatchObject({
      memoryBytes: 300 * 1024 * 1024,
      cpuModel: 'pentium3',
      accelerator: 'interp',
      kernel: '/boot/vmlinuz',
      initrd: '/boot/initrd.img',
      append: 'console=tty0 console=ttyS0',
      nographic: true,
    });
  });

  it('names the target of each serial port', () => {
    const serial: MachineSettings['serial'] = [
      { kind: 'file', path: '/tmp/first port' },
      { kind: 'console' },
      { kind: 'none' },
    ];
    expect(parseRun(runArguments(settings({ serial }))).serial).toEqual([
      { kind: 'file', path: '/tmp/first port' },
      { kind: 'stdio' },
      { kind: 'null' },
    ]);
  });

  it('leaves out what is not chosen', () => {
    const boot = { kernel: '/k', initrd: null, commandLine: '' };
    expect(runCommand(settings({ boot }))).toBe(
      'npx boxwright run -m 512 -cpu x86-64-v1 -accel jit -kernel /k -nographic',
    );
  });

  it('quotes words for the shell', () => {
    const boot = { kernel: "/it's here/k", initrd: null, commandLine: 'a b' };
    expect(runCommand(settings({ boot }))).toContain(`-kernel '/it'\\''s here/k' -append 'a b'`);
  });
});
