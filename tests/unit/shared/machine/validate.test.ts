// What is wrong with settings, by code.

import { describe, expect, it } from 'vitest';
import { type DriveConfig, defaultSettings, type MachineSettings, machineConfig } from '../../../../shared/machine/config.ts';
import { hasErrors, validateSettings } from '../../../../shared/machine/validate.ts';

const GOOD: MachineSettings = {
  ...defaultSettings('Debian'),
  boot: { kernel: '/k', initrd: null, commandLine: '' },
};
const drive = (patch: Partial<DriveConfig> = {}): DriveConfig => ({
  id: 'disk0', kind: 'disk', bus: 'ide', slot: 0, path: '/disk.qcow2', format: null, readOnly: false, ...patch,
});
const codes = (patch: Partial<MachineSettings>, facts = {}) =>
  validateSettings({ ...GOOD, ...patch }, facts).map((issue) => issue.code);

describe('settings', () => {
  it('may have nothing wrong', () => {
    expect(validateSettings(GOOD, { hostMemoryMiB: 8192, takenNames: ['Other'] })).toEqual([]);
  });

  it.each<[string, Partial<MachineSettings>]>([
    ['name.empty', { name: '  ' }],
    ['name.blanks', { name: ' a' }],
    ['name.control', { name: 'a\nb' }],
    ['name.control', { name: 'a\u202egpj.exe' }],
    ['name.tooLong', { name: 'n'.repeat(10_000) }],
    ['memory.tooSmall', { memoryMiB: 4 }],
    ['memory.tooLarge', { memoryMiB: 1_000_000 }],
    ['memory.smallForLinux', { memoryMiB: 32 }],
    ['boot.nothing', { boot: { kernel: null, initrd: null, commandLine: '' } }],
    ['boot.nothing', { boot: { kernel: null, initrd: null, commandLine: '' }, drives: [drive({ kind: 'cdrom', path: null })] }],
    ['drives.sameId', { drives: [drive(), drive({ slot: 1, path: '/other' })] }],
    ['drives.slotTaken', { drives: [drive(), drive({ id: 'disk1', path: '/other' })] }],
    ['drives.wrongBus', { drives: [drive({ slot: 4 })] }],
    ['drives.wrongBus', { drives: [drive({ bus: 'virtio', kind: 'cdrom' })] }],
    ['drives.wrongBus', { drives: [drive({ bus: 'floppy' })] }],
    ['drives.diskWithoutImage', { drives: [drive({ path: null })] }],
    ['drives.sameImage', { drives: [drive(), drive({ id: 'disk1', slot: 1, readOnly: true })] }],
    ['commandLine.control', { boot: { kernel: '/k', initrd: null, commandLine: 'a\u0000b' } }],
    ['serial.twoConsoles', { serial: [{ kind: 'console' }, { kind: 'console' }] }],
    [
      'serial.sameFile',
      {
        serial: [
          { kind: 'file', path: '/f' },
          { kind: 'file', path: '/f' },
        ],
      },
    ],
  ])('%s', (code, patch) => {
    expect(codes(patch)).toContain(code);
  });

  it('are compared with the host and the other machines', () => {
    expect(codes({ memoryMiB: 1024 }, { hostMemoryMiB: 512 })).toEqual(['memory.aboveHost']);
    expect(codes({ memoryMiB: 1024 }, { hostMemoryMiB: 1100 })).toEqual(['memory.mostOfHost']);
    expect(codes({ name: 'DEBIAN' }, { takenNames: ['debian'] })).toEqual(['name.taken']);
  });

  it('may share an image among readers', () => {
    const drives = [drive({ readOnly: true }), drive({ id: 'cd', kind: 'cdrom', slot: 1 })];
    expect(codes({ drives })).toEqual([]);
  });

  it('without a kernel may be saved, an initial RAM disk alone may not', () => {
    const boot = { kernel: null, initrd: null, commandLine: '' };
    expect(hasErrors(validateSettings({ ...GOOD, boot }))).toBe(false);
    expect(hasErrors(validateSettings({ ...GOOD, boot: { ...boot, initrd: '/i' } }))).toBe(true);
  });
});

describe('a configuration', () => {
  it('keeps keys of later versions, at every depth', () => {
    const later = {
      ...GOOD,
      schema: 1,
      id: 'm',
      networks: [{ kind: 'nat' }],
      cpu: { ...GOOD.cpu, sockets: 2 },
      boot: { ...GOOD.boot, order: ['disk'] },
    };
    expect(machineConfig.parse(later)).toEqual(later);
  });

  it('of an earlier version has neither drives nor firmware', () => {
    const { drives: _drives, firmware: _firmware, ...earlier } = GOOD;
    expect(machineConfig.parse({ ...earlier, schema: 1, id: 'm' })).toEqual({ ...GOOD, schema: 1, id: 'm' });
  });

  it.each(['', '.', '..', 'A', 'a/b', 'a.b', '-a', 'x'.repeat(65)])('has no id such as %j', (id) => {
    expect(machineConfig.safeParse({ ...GOOD, schema: 1, id }).success).toBe(false);
  });
});
