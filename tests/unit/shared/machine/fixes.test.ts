// What is offered against an issue puts it right, and brings no other.

import { expect, it } from 'vitest';
import { type DriveConfig, defaultSettings, type MachineSettings } from '../../../../shared/machine/config.ts';
import { fixOf } from '../../../../shared/machine/fixes.ts';
import { freeName } from '../../../../shared/machine/free-name.ts';
import { type ValidationFacts, validateSettings } from '../../../../shared/machine/validate.ts';

const GOOD: MachineSettings = { ...defaultSettings('Debian'), boot: { kernel: '/k', initrd: null, commandLine: '' } };
const drive = (patch: Partial<DriveConfig>): DriveConfig => ({
  id: 'disk0', kind: 'disk', bus: 'ide', slot: 0, path: '/disk.qcow2', format: null, readOnly: false, ...patch,
});

it.each<[string, Partial<MachineSettings>, ValidationFacts]>([
  ['name.blanks', { name: ' a ' }, {}],
  ['name.control', { name: 'a\n\u202eb' }, {}],
  ['name.tooLong', { name: 'n'.repeat(500) }, {}],
  ['name.taken', { name: 'DEBIAN' }, { takenNames: ['debian', 'Debian 2'] }],
  ['memory.tooSmall', { memoryMiB: 4 }, {}],
  ['memory.tooLarge', { memoryMiB: 1_000_000 }, { hostMemoryMiB: 24_000 }],
  ['memory.aboveHost', { memoryMiB: 1024 }, { hostMemoryMiB: 700 }],
  ['memory.mostOfHost', { memoryMiB: 1024 }, { hostMemoryMiB: 1100 }],
  ['memory.smallForLinux', { memoryMiB: 32 }, { hostMemoryMiB: 8000 }],
  ['initrd.withoutKernel', { boot: { kernel: null, initrd: '/i', commandLine: '' }, drives: [drive({})] }, {}],
  ['commandLine.control', { boot: { kernel: '/k', initrd: null, commandLine: 'a\u0000b' } }, {}],
  ['serial.twoConsoles', { serial: [{ kind: 'none' }, { kind: 'console' }, { kind: 'console' }] }, {}],
  ['drives.sameId', { drives: [drive({}), drive({ slot: 1, path: '/other' })] }, {}],
  ['drives.slotTaken', { drives: [drive({}), drive({ id: 'disk1', path: '/other' })] }, {}],
  ['drives.wrongBus', { drives: [drive({ bus: 'virtio', kind: 'cdrom' })] }, {}],
  ['drives.diskWithoutImage', { drives: [drive({ path: null }), drive({ id: 'disk1', slot: 1 })] }, {}],
])('%s', (code, patch, facts) => {
  let settings = { ...GOOD, ...patch };
  const before = validateSettings(settings, facts).find((issue) => issue.code === code);
  const fix = before && fixOf(before, settings, facts);
  settings = { ...settings, ...fix?.change };
  const warned = code === 'memory.tooSmall' ? ['memory.smallForLinux'] : [];
  expect(validateSettings(settings, facts).map((issue) => issue.code)).toEqual(warned);
});

it('a free name fits where names are long', () => {
  const long = 'n'.repeat(80);
  expect(freeName(long, [])).toBe(long);
  expect(freeName(long, [long])).toBe(`${'n'.repeat(75)} 2`);
  expect(freeName(' Demo ', ['demo', 'DEMO 2'])).toBe('Demo 3');
});
