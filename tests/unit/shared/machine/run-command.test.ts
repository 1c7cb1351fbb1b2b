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

  it('has the drives as QEMU names them', () => {
    const drive = { kind: 'disk', bus: 'ide', slot: 0, format: null, readOnly: false } as const;
    const drives: MachineSettings['drives'] = [
      { ...drive, id: 'disk0', path: '/a,b.qcow2', format: 'qcow2' },
      { ...drive, id: 'cd0', kind: 'cdrom', slot: 2, path: null },
      { ...drive, id: 'disk1', bus: 'virtio', path: '/c.img', readOnly: true },
      { ...drive, id: 'disk2', bus: 'ahci', slot: 3, path: '/d.vdi' },
    ];
    const boot = { kernel: null, initrd: null, commandLine: '' };
    expect(runArguments(settings({ boot, drives, serial: [] })).slice(6)).toEqual([
      '-device', 'ahci,id=ahci0',
      '-drive', 'file=/a,,b.qcow2,if=ide,index=0,format=qcow2',
      '-drive', 'if=ide,index=2,media=cdrom',
      '-drive', 'file=/c.img,if=virtio,index=0,readonly=on',
      '-drive', 'file=/d.vdi,if=none,id=disk2', '-device', 'ide-hd,drive=disk2,bus=ahci0.3',
      '-boot', 'order=dca',
    ]);
  });

  it('quotes words for the shell', () => {
    const boot = { kernel: "/it's here/k", initrd: null, commandLine: 'a b' };
    expect(runCommand(settings({ boot }))).toContain(`-kernel '/it'\\''s here/k' -append 'a b'`);
  });
});
