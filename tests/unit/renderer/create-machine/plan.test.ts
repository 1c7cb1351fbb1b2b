// What the answers of the form come to.

import { describe, expect, it } from 'vitest';
import { GUEST_PROFILES, guestProfile } from '../../../../shared/machine/guest-profiles.ts';
import { hasErrors, validateSettings } from '../../../../shared/machine/validate.ts';
import { emptyPlan, newDisksOf, type Plan, planFor, settingsOfPlan } from '../../../../src-renderer/features/create-machine/plan.ts';

const plan = (patch: Partial<Plan> = {}): Plan => ({
  ...emptyPlan(),
  files: { kernel: '/k', initrd: '/i', cdrom: '/cd.iso', disk: '/d.vdi', floppy: null },
  ...patch,
});
const none = () => false;

describe('a plan', () => {
  it('from a CD has the CD and a new disk in the machine’s folder', () => {
    const made = plan({ source: 'cdrom', newDiskGiB: 3 });
    expect(settingsOfPlan(made)).toMatchObject({
      boot: { kernel: null, initrd: null },
      drives: [
        { id: 'disk0', path: 'disk.qcow2', format: 'qcow2', readOnly: false },
        { id: 'cd0', kind: 'cdrom', path: '/cd.iso', readOnly: true },
      ],
    });
    expect(newDisksOf(made)).toEqual([{ drive: 'disk0', format: 'qcow2', bytes: 3 * 1024 ** 3 }]);
  });

  it('from a disk has that disk and an empty CD drive', () => {
    const made = plan({ source: 'disk' });
    expect(settingsOfPlan(made).drives.map(({ path }) => path)).toEqual(['/d.vdi', null]);
    expect(newDisksOf(made)).toEqual([]);
  });

  it('leaves a disk image as it is, where that is wanted', () => {
    const made = plan({ source: 'disk', keepImage: true });
    expect(settingsOfPlan(made).drives[0]).toMatchObject({ path: 'disk.qcow2', format: 'qcow2' });
    expect(newDisksOf(made)).toEqual([{ drive: 'disk0', backing: '/d.vdi' }]);
    expect(newDisksOf({ ...made, diskChoice: 'existing', source: 'cdrom' })).toHaveLength(1);
    expect(newDisksOf({ ...made, files: { ...made.files, disk: null } })).toEqual([]);
  });

  it('from a kernel makes no disk, and keeps what was entered elsewhere', () => {
    const made = plan({ source: 'kernel' });
    expect(settingsOfPlan(made)).toMatchObject({ boot: { kernel: '/k', initrd: '/i' }, drives: [{ id: 'cd0', path: null }] });
    expect(newDisksOf(made)).toEqual([]);
    expect(settingsOfPlan({ ...made, source: 'cdrom' }).drives).toHaveLength(2);
  });

  it('takes what the system is best given, except where the user has been', () => {
    const windows = guestProfile('windows-98');
    if (!windows) throw new Error('no such profile');
    expect(settingsOfPlan(planFor(plan(), windows, none))).toMatchObject({
      guest: 'windows-98', memoryMiB: 256, cpu: { model: 'pentium3' }, firmware: { clock: 'local' },
    });
    const touched = planFor(plan(), windows, (field) => field === 'memoryMiB' || field === 'disk');
    expect(settingsOfPlan(touched)).toMatchObject({ memoryMiB: 512, cpu: { model: 'pentium3' } });
    expect(touched.newDiskGiB).toBe(8);
  });

  it.each(GUEST_PROFILES.map((profile) => [profile.id, profile] as const))('for %s is a good machine', (_id, profile) => {
    const settings = { ...settingsOfPlan(planFor(plan(), profile, none)), name: 'x' };
    expect(hasErrors(validateSettings(settings))).toBe(false);
  });
});

describe('the guest profiles', () => {
  it('have ids of their own', () => {
    expect(new Set(GUEST_PROFILES.map(({ id }) => id)).size).toBe(GUEST_PROFILES.length);
  });
});
