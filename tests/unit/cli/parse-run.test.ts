// The command line of `run`: what is understood, and that everything else is refused by name.

import { describe, expect, it } from 'vitest';
import { parseRun, runHelp } from '../../../src-main/cli/parse-run.ts';
import { RUN_OPTIONS } from '../../../src-main/cli/run-options.table.ts';
import { UsageError } from '../../../src-main/cli/usage-error.ts';

const MiB = 0x10_0000;
const parse = (...args: string[]) => parseRun(['-kernel', 'k', ...args]);

describe('known command lines', () => {
  it('of the direct boot', () => {
    const settings = parseRun(['-m', '256', '-kernel', 'vmlinuz-686', '-initrd', 'initramfs', '-append', 'console=ttyS0', '-nographic']);
    expect(settings).toMatchObject({
      memoryBytes: 256 * MiB, kernel: 'vmlinuz-686', initrd: 'initramfs', append: 'console=ttyS0', nographic: true,
      serial: [{ kind: 'stdio' }], cpuModel: 'x86-64-v1', accelerator: 'jit', onReset: 'restart',
    });
  });

  it('with everything', () => {
    expect(parse('-smp', '1', '-cpu', 'pentium3', '-accel', 'interp', '-serial', 'file:a,b', '-serial', 'null', '-display', 'none', '-no-reboot',
      '-debugcon', 'stdio', '-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04', '-icount', 'off', '--screenshot', 's.png', '--at', '2.5', '--stats'))
      .toMatchObject({
        cpuModel: 'pentium3', accelerator: 'interp', serial: [{ kind: 'file', path: 'a,b' }, { kind: 'null' }], onReset: 'stop',
        debugConsole: { kind: 'stdio' }, debugExit: { base: 0xf4, length: 4 }, screenshot: 's.png', atSeconds: 2.5, stats: true,
      });
  });

  it.each([['256', 256], ['256M', 256], ['1G', 1024], ['size=64m', 64], ['8192K', 8], ['1.5g', 1536]])('-m %s is %d MiB', (text, expected) => {
    expect(parse('-m', text).memoryBytes).toBe(expected * MiB);
  });

  it('of runners of test kernels', () => {
    expect(parse('--no-reboot', '-nodefaults', '-device', 'pc-testdev', '-device', 'isa-debug-exit,iobase=0xf4,iosize=0x4', '-vnc', 'none',
      '-serial', 'stdio', '-M', 'pc,accel=kvm:tcg', '-smp', '1', '-cpu', 'max'))
      .toMatchObject({ testDevice: true, debugExit: { base: 0xf4, length: 4 }, vga: 'none', cpuModel: 'x86-64-v2', accelerator: 'jit', onReset: 'stop' });
    expect(parse('-vga', 'std', '-nodefaults').vga).toBe('std');
    expect(parse('-machine', 'accel=interp').accelerator).toBe('interp');
    expect(parse('-accel', 'tcg,tb-size=64')).toMatchObject({ accelerator: 'jit', codeCacheBytes: 64 * 1024 * 1024 });
    expect(parse('-accel', 'jit,tb-size=0').codeCacheBytes).toBeUndefined();
    expect(() => parse('-accel', 'tb-size=64')).toThrow(/-accel tb-size=64: names none of jit, interp/);
    expect(() => parse('-accel', 'jit,tb-size=much')).toThrow(/tb-size/);
    expect(() => parse('-accel', 'jit,size=1')).toThrow(/"size" is not known here/);
    expect(() => parse('-accel', 'kvm')).toThrow(/-accel kvm: not supported; there is jit, interp/);
    expect(() => parse('-cpu', 'max,+smap')).toThrow(/-cpu max,\+smap: not supported/);
  });

  it('one dash or two', () => {
    expect(parse('--m', '64', '-stats').memoryBytes).toBe(64 * MiB);
  });

  it('help alone needs no kernel', () => {
    for (const spelling of ['--help', '-help', '-h']) expect(parseRun([spelling]).help).toBe(true);
  });
});

describe('refusals name the culprit', () => {
  it.each([
    [['-kernel', 'k', '-hda', 'a', '-drive', 'file=b,index=0'], '-drive file=b,index=0'],
    [['-kernel', 'k', '-nographi'], '-nographi'],
    [['disk.img'], 'disk.img'],
    [['-initrd', 'x'], '-initrd'],
    [['-append', 'x'], '-append'],
    [['-kernel'], '-kernel'],
    [['-kernel', 'a', '-kernel', 'b'], '-kernel'],
    [['-kernel', 'k', '-m', 'lots'], 'lots'],
    [['-kernel', 'k', '-m', '1'], '-m 1'],
    [['-kernel', 'k', '-m', '64G'], '64G'],
    [['-kernel', 'k', '-smp', '2'], '-smp 2'],
    [['-kernel', 'k', '-cpu', 'host'], 'host'],
    [['-kernel', 'k', '-accel', 'kvm'], 'kvm'],
    [['-kernel', 'k', '-serial', 'pty'], 'pty'],
    [['-kernel', 'k', '-serial', 'stdio', '-serial', 'stdio'], '-serial stdio'],
    [['-kernel', 'k', '-display', 'gtk'], 'gtk'],
    [['-kernel', 'k', '-debugcon', 'null'], '-debugcon null'],
    [['-kernel', 'k', '-device', 'e1000'], 'e1000'],
    [['-kernel', 'k', '-device', 'isa-debug-exit,iobase=0x123456'], 'iobase=0x123456'],
    [['-kernel', 'k', '-icount', 'shift=3'], 'shift=3'],
    [['-kernel', 'k', '--at', '3'], '--at'],
    [['-kernel', 'k', '--screenshot', 'x', '--at', 'soon'], 'soon'],
  ])('%j', (args, culprit) => {
    let message = '';
    try {
      parseRun(args);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      message = error.message;
    }
    expect(message).toContain(culprit);
  });
});

it('help lists every option once', () => {
  const help = runHelp();
  for (const row of RUN_OPTIONS) expect(help.match(new RegExp(`^  --?${row.name}\\b`, 'gm'))?.length, row.name).toBe(1);
});
