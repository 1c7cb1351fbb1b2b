// A disk and a CD on an AHCI controller, a virtio disk, and the HPET, under a real Linux.

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOAD_DRIVERS, prepareDisksGuest } from '../guests/prepare-guests.mjs';
import { boxwrightRun, type GuestSession } from '../support/guest-session.mjs';
import { guestTitle, hasGuest } from '../support/guests.ts';
import { reachShell } from '../support/linux-session.ts';

const BOOT_LIMIT_MS = 400_000;
const COMMAND_LIMIT_MS = 180_000;
const MIB = 0x10_0000;

const folder = mkdtempSync(join(tmpdir(), 'boxwright-ahci-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function image(name: string, bytes: number): string {
  const path = join(folder, name);
  const words = new Uint32Array(bytes / 4).map((_, at) => Math.imul(at ^ bytes, 2654435761));
  writeFileSync(path, new Uint8Array(words.buffer));
  return path;
}

const digest = (path: string): string => createHash('md5').update(readFileSync(path)).digest('hex');

describe.skipIf(!hasGuest('i386'))(guestTitle('Linux on AHCI and virtio drives', 'i386'), () => {
  const disk = image('disk.img', 8 * MIB);
  const cd = image('cd.iso', 2 * MIB);
  const virtio = image('virtio.img', 8 * MIB);
  let session: GuestSession;
  const run = (line: string): Promise<string> => session.command(line, COMMAND_LIMIT_MS);

  beforeAll(async () => {
    const { kernel, initrd } = prepareDisksGuest('i386');
    session = await boxwrightRun([
      ...['-m', '256', '-nographic', '-machine', 'hpet=on', '-kernel', kernel, '-initrd', initrd],
      ...['-append', 'console=ttyS0 mitigations=off quiet', '-device', 'ahci,id=sata'],
      ...['-drive', `file=${disk},if=none,id=d,format=raw`, '-device', 'ide-hd,drive=d,bus=sata.0'],
      ...['-drive', `file=${cd},if=none,id=c,media=cdrom`, '-device', 'ide-cd,drive=c,bus=sata.4'],
      ...['-drive', `file=${virtio},if=none,id=v,format=raw`, '-device', 'virtio-blk-pci,drive=v,serial=VIRTUAL'],
    ]);
    await reachShell(session, BOOT_LIMIT_MS);
    await run('stty columns 1000');
    await run(LOAD_DRIVERS);
  }, 2 * BOOT_LIMIT_MS);
  afterAll(() => session?.stop());

  it('finds them, with message-signalled interrupts and native queuing', async () => {
    expect(await run('cat /sys/block/sda/device/queue_depth')).toBe('32');
    expect(await run('echo $(cat /sys/block/vda/serial)')).toBe('VIRTUAL');
    expect(await run('grep -c MSI.*ahci /proc/interrupts')).toBe('1');
    expect(await run('cat /sys/devices/system/clocksource/clocksource0/available_clocksource')).toContain('hpet');
  }, COMMAND_LIMIT_MS);

  it.each([['/dev/sda', disk], ['/dev/sr0', cd], ['/dev/vda', virtio]])('%s reads as its image', async (device, path) => {
    expect((await run(`md5sum < ${device}`)).slice(0, 32)).toBe(digest(path));
  }, COMMAND_LIMIT_MS);

  it.each([['/dev/sda', disk], ['/dev/vda', virtio]])('what is written to %s is in its image', async (device, path) => {
    const before = digest(path);
    await run(`dd if=${device} of=${device} bs=64k count=32 seek=64 conv=fsync 2>/dev/null; echo 3 > /proc/sys/vm/drop_caches`);
    expect(digest(path)).not.toBe(before);
    expect((await run(`md5sum < ${device}`)).slice(0, 32)).toBe(digest(path));
  }, 2 * COMMAND_LIMIT_MS);

  it('powers off with status 0', async () => {
    session.type('poweroff -f\n');
    expect(await session.ended(COMMAND_LIMIT_MS)).toBe(0);
  }, COMMAND_LIMIT_MS);
});
