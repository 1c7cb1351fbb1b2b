// Disks, a CD and floppies under a real Linux: what its drivers read and write is what the images hold.

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
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

const folder = mkdtempSync(join(tmpdir(), 'boxwright-storage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function image(name: string, bytes: number): string {
  const path = join(folder, name);
  const words = new Uint32Array(bytes / 4).map((_, at) => Math.imul(at + bytes, 2654435761));
  writeFileSync(path, new Uint8Array(words.buffer));
  return path;
}

const digest = (path: string): string => createHash('md5').update(readFileSync(path)).digest('hex');

describe.skipIf(!hasGuest('i386'))(guestTitle('Linux on IDE, ATAPI, floppy and virtio drives', 'i386'), () => {
  const disk = image('disk.img', 16 * MIB);
  const second = image('second.img', 4 * MIB);
  const cd = image('cd.iso', 6 * MIB);
  const floppy = image('floppy.img', 1440 * 1024);
  const virtio = image('virtio.img', 16 * MIB);
  let session: GuestSession;

  const run = (line: string): Promise<string> => session.command(line, COMMAND_LIMIT_MS);
  const sum = async (device: string): Promise<string> => {
    await run('echo 3 > /proc/sys/vm/drop_caches');
    return (await run(`md5sum < ${device}`)).slice(0, 32);
  };

  beforeAll(async () => {
    const { kernel, initrd } = prepareDisksGuest('i386');
    session = await boxwrightRun([
      ...['-m', '256', '-nographic', '-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 mitigations=off quiet'],
      ...['-hda', disk, '-hdb', second, '-cdrom', cd, '-fda', floppy, '-drive', `file=${virtio},if=virtio,format=raw`],
    ]);
    await reachShell(session, BOOT_LIMIT_MS);
    // Lines as typed come back unbroken.
    await run('stty columns 1000');
    await run(LOAD_DRIVERS);
  }, 2 * BOOT_LIMIT_MS);
  afterAll(() => session?.stop());

  it.each([
    ['/dev/sda', disk], ['/dev/sdb', second], ['/dev/sr0', cd], ['/dev/fd0', floppy], ['/dev/vda', virtio],
  ])('%s reads as its image', async (device, path) => {
    expect(await sum(device)).toBe(digest(path));
  }, 2 * COMMAND_LIMIT_MS);

  it.each([
    ['/dev/sda', disk, 3072], ['/dev/fd0', floppy, 64], ['/dev/vda', virtio, 3072],
  ])('what is written to %s is in its image', async (device, path, kilobytes) => {
    const before = digest(path);
    await run(`dd if=/dev/zero of=${device} bs=1k count=${kilobytes} seek=100 conv=fsync 2>/dev/null; sync`);
    expect(digest(path)).not.toBe(before);
    expect(await sum(device)).toBe(digest(path));
  }, 2 * COMMAND_LIMIT_MS);

  it('an image that is cut meanwhile is an I/O error in the guest and a notice to the user', async () => {
    await run('echo 3 > /proc/sys/vm/drop_caches');
    truncateSync(second, MIB);
    expect(await run('dd if=/dev/sdb of=/dev/null bs=64k skip=32 count=1 2>&1 | grep -c error')).toBe('1');
    expect(session.errors).toMatch(/ide0-hd1.*second\.img.*shorter/);
  }, COMMAND_LIMIT_MS);

  it('powers off with status 0', async () => {
    session.type('poweroff -f\n');
    expect(await session.ended(COMMAND_LIMIT_MS)).toBe(0);
  }, COMMAND_LIMIT_MS);
});
