// What is told about a chosen image, and how it is known.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { probeFile } from '../../../src-main/host/file-probe.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { tinyIso } from '../../support/tiny-iso.ts';

function fileWith(bytes: Uint8Array): string {
  const path = join(temporaryFolder(), 'image');
  writeFileSync(path, bytes);
  return path;
}

const cd = (bytes: Uint8Array) => probeFile({ path: fileWith(bytes), purpose: 'cdrom' });

describe('a CD image', () => {
  it('tells its name and whether it starts a system', async () => {
    expect((await cd(tinyIso({ volumeId: 'MY FILES' }))).kind).toBe('CD image “MY FILES”, no system can be started from it');
    expect(await cd(tinyIso({ volumeId: 'X', bootable: true }))).toMatchObject({
      kind: 'CD image “X”, a system can be started from it',
      image: { format: 'raw', virtualBytes: 24 * 2048 },
      problem: null,
    });
  });

  it.each([
    [{ volumeId: 'Debian 12.5.0 amd64 n' }, 'debian-amd64', 'volume'],
    [{ volumeId: 'Debian 12.5.0 i386 n' }, 'debian-i386', 'volume'],
    [{ volumeId: 'CDROM', info: 'Ubuntu 24.04 LTS "Noble Numbat" - Release amd64\nmore' }, 'ubuntu', 'info'],
    [{ volumeId: 'ISOIMAGE', applicationId: 'IPXE  - OPEN SOURCE NETWORK BOOT FIRMWARE' }, 'ipxe', 'application'],
    [{ volumeId: 'MT86PLUS_64' }, 'memtest', 'volume'],
    [{ volumeId: 'WXPCCP_EN' }, 'windows-xp', 'volume'],
    [{ volumeId: 'Fedora-WS-Live-40' }, 'fedora', 'volume'],
    [{ volumeId: 'FAMILY PICTURES' }, 'other', 'volume'],
  ])('%j is recognised', async (iso, profile, from) => {
    expect((await cd(tinyIso(iso))).guest).toMatchObject({ profile, from });
  });

  it('is not anything else', async () => {
    expect((await cd(new Uint8Array(100_000))).problem).toMatch(/no CD image/);
    expect((await cd(new Uint8Array(0))).problem).toMatch(/empty/);
  });

  it('may lie about its directories without harm', async () => {
    const iso = tinyIso({ volumeId: 'X', info: 'Debian' });
    const view = new DataView(iso.buffer);
    // The root directory is said to be as large as it can be said, and behind the end.
    view.setUint32(16 * 2048 + 156 + 10, 0xffff_ffff, true);
    expect((await cd(iso)).guest?.profile).toBe('debian-amd64');
    view.setUint32(16 * 2048 + 156 + 2, 0x7fff_ffff, true);
    expect((await cd(iso)).guest?.profile).toBe('other');
  });
});

describe('a disk image', () => {
  it('tells its format, size and whether it has a boot sector', async () => {
    const disk = new Uint8Array(1024 * 1024);
    expect((await probeFile({ path: fileWith(disk), purpose: 'disk' })).kind).toBe('Raw image, 1 MiB');
    disk.set([0x55, 0xaa], 510);
    expect((await probeFile({ path: fileWith(disk), purpose: 'disk' })).kind).toBe('Raw image, 1 MiB, with a boot sector');
  });

  it('is no floppy when it is larger than one', async () => {
    const path = fileWith(new Uint8Array(4 * 1024 * 1024));
    expect((await probeFile({ path, purpose: 'floppy' })).problem).toMatch(/4 MiB/);
  });
});
