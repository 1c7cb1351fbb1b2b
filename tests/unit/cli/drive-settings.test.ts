// Drives on the command line of `run`: their places as QEMU gives them, and refusals that name the culprit.

import { describe, expect, it } from 'vitest';
import { resolveDrives } from '../../../src-main/cli/drive-settings.ts';
import { parseRun } from '../../../src-main/cli/parse-run.ts';
import { UsageError } from '../../../src-main/cli/usage-error.ts';

function drives(...args: string[]) {
  const settings = parseRun(['-kernel', 'k', ...args]);
  return resolveDrives(settings.drives, settings.driveDevices, settings.snapshot);
}

describe('places', () => {
  it('of the short forms', () => {
    expect(drives('-hda', 'a', '-hdd', 'd', '-cdrom', 'c.iso', '-fda', 'f').map(({ id, kind, attachment, path }) => [id, kind, attachment, path])).toEqual([
      ['ide0-hd0', 'disk', { bus: 'ide', channel: 0, unit: 0 }, 'a'],
      ['ide1-hd1', 'disk', { bus: 'ide', channel: 1, unit: 1 }, 'd'],
      ['ide1-cd0', 'cdrom', { bus: 'ide', channel: 1, unit: 0 }, 'c.iso'],
      ['floppy0', 'floppy', { bus: 'floppy', unit: 0 }, 'f'],
    ]);
  });

  it('are the next free ones without index=', () => {
    expect(drives('-drive', 'file=x', '-hda', 'a', '-drive', 'file=y').map(({ attachment, path }) => [path, attachment])).toEqual([
      ['x', { bus: 'ide', channel: 0, unit: 1 }],
      ['a', { bus: 'ide', channel: 0, unit: 0 }],
      ['y', { bus: 'ide', channel: 1, unit: 0 }],
    ]);
  });

  it('come from bus= and unit= too', () => {
    expect(drives('-drive', 'file=x,bus=1,unit=1')[0]?.attachment).toEqual({ bus: 'ide', channel: 1, unit: 1 });
  });

  it('of devices that take a drive by its id', () => {
    const found = drives('-drive', 'file=x,if=none,id=d0', '-device', 'ide-hd,drive=d0,bus=ide.1,unit=0,serial=S1,bootindex=3', '-device', 'ide-cd,bus=ide.0,unit=1');
    expect(found).toMatchObject([
      { id: 'd0', kind: 'disk', path: 'x', attachment: { bus: 'ide', channel: 1, unit: 0 }, serial: 'S1', bootIndex: 3 },
      { kind: 'cdrom', path: undefined, attachment: { bus: 'ide', channel: 0, unit: 1 } },
    ]);
  });
});

describe('properties', () => {
  it('of -drive', () => {
    expect(drives('-drive', 'file=a,,b.img,format=raw,media=disk,readonly=on,snapshot=on,id=disk,cache=writethrough,serial=X')[0]).toMatchObject({
      path: 'a,b.img', format: 'raw', readOnly: true, snapshot: true, id: 'disk', cache: 'writethrough', serial: 'X',
    });
    expect(drives('-drive', 'file=a,media=cdrom')[0]).toMatchObject({ kind: 'cdrom', readOnly: true });
    expect(drives('-drive', 'a,cache=none')[0]).toMatchObject({ path: 'a', cache: 'writeback' });
  });

  it('-snapshot holds for all disks', () => {
    expect(drives('-hda', 'a', '-hdb', 'b', '-snapshot').map(({ snapshot }) => snapshot)).toEqual([true, true]);
  });
});

describe('refusals name the culprit', () => {
  it.each([
    [['-drive', 'file=a,colour=red'], '"colour"'],
    [['-drive', 'file=a,if=scsi'], 'if=scsi'],
    [['-drive', 'file=a,format=zip'], 'format=zip'],
    [['-drive', 'file=a,index=4'], 'index=4'],
    [['-drive', 'file=a,index=0,bus=0'], 'index='],
    [['-drive', 'file=a,readonly=maybe'], 'readonly=maybe'],
    [['-drive', 'file=a,if=virtio,media=cdrom'], 'if=virtio'],
    [['-drive', 'file=a,file=b'], '"file"'],
    [['-drive', 'if=ide'], 'needs file='],
    [['-hdc', 'a', '-cdrom', 'b'], '-cdrom b'],
    [['-drive', 'file=a,id=x', '-drive', 'file=b,id=x'], 'id "x"'],
    [['-device', 'ide-hd,drive=nothing'], 'id=nothing'],
    [['-device', 'ide-hd,colour=red'], '"colour"'],
    [['-boot', 'x'], '"x"'],
    [['-boot', 'order=cc'], '"c"'],
    [['-boot', 'menu=perhaps'], 'menu=perhaps'],
    [['-boot', 'splash=x'], '"splash"'],
    [['-rtc', 'base=tomorrow'], 'base=tomorrow'],
    [['-rtc', 'driftfix=slew'], '"driftfix"'],
    [['-vga', 'cirrus'], '-vga cirrus'],
  ])('%j', (args, culprit) => {
    expect(() => drives(...args)).toThrow(UsageError);
    expect(() => drives(...args)).toThrow(culprit);
  });
});

describe('starting', () => {
  it('-boot takes letters alone or by name', () => {
    expect(parseRun(['-kernel', 'k', '-boot', 'd']).boot).toEqual({ order: 'd', once: undefined, menu: false, strict: false });
    expect(parseRun(['-kernel', 'k', '-boot', 'order=dc,once=a,menu=on,strict=on']).boot).toEqual({ order: 'dc', once: 'a', menu: true, strict: true });
  });

  it('-rtc sets the clock to a date', () => {
    const ahead = parseRun(['-kernel', 'k', '-rtc', 'base=2001-02-03T04:05:06']).wallClockOffsetMs;
    const now = new Date(Date.now() + ahead);
    expect(now.toISOString()).toMatch(/^2001-02-03T04:05:0/);
    expect(parseRun(['-kernel', 'k', '-rtc', 'base=utc']).wallClockOffsetMs).toBe(0);
  });
});
