// Boot loaders and programs that were never made for this machine, started by the BIOS from floppy, CD and disk, and by
// SeaBIOS over the same board. They come from Debian's packages; a folder of them is looked for where such guests are kept.

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { boxwrightRun } from '../support/guest-session.mjs';

const FOLDER = process.env.GUESTS_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'boxwright-guests');
const LIMIT_MS = 240_000;
const SEABIOS = 'firmware/seabios/bios-256k.bin';

interface Guest {
  readonly name: string;
  /** Options; names in braces are files of the folder. */
  readonly options: readonly string[];
  readonly text: string;
}

const GUESTS: readonly Guest[] = [
  { name: 'the GRUB rescue floppy', options: ['-fda', '{tools/grub-rescue-floppy.img}'], text: 'GNU GRUB  version' },
  { name: 'the GRUB rescue CD', options: ['-cdrom', '{tools/grub-rescue.iso}'], text: 'GNU GRUB  version' },
  { name: 'memtest86+ from CD', options: ['-cdrom', '{tools/memtest-ia32.iso}'], text: 'Errors: 0' },
  { name: 'iPXE from CD', options: ['-cdrom', '{tools/ipxe.iso}'], text: 'iPXE 1.0' },
  { name: 'ISOLINUX and its menu', options: ['-cdrom', '{isos/guest-i386-isolinux.iso}'], text: 'Linux and a shell' },
  { name: 'GRUB from CD', options: ['-cdrom', '{isos/guest-i386-grub.iso}'], text: 'Linux and a shell' },
  { name: 'a hybrid ISO as a disk', options: ['-drive', 'file={isos/guest-i386-isolinux.iso},readonly=on,format=raw,snapshot=on'], text: 'Linux and a shell' },
  { name: 'GRUB from a disk', options: ['-drive', 'file={disks/debian-i386-quick.img},format=raw,snapshot=on'], text: 'GNU GRUB  version' },
  { name: 'GRUB from a virtio disk', options: ['-drive', 'file={disks/debian-i386-quick.img},format=raw,snapshot=on,if=virtio'], text: 'GNU GRUB  version' },
  { name: 'SeaBIOS, GRUB from a disk', options: ['-bios', `{${SEABIOS}}`, '-drive', 'file={disks/debian-i386-quick.img},format=raw,snapshot=on'], text: 'GNU GRUB  version' },
  { name: 'SeaBIOS, ISOLINUX from CD', options: ['-bios', `{${SEABIOS}}`, '-cdrom', '{isos/guest-i386-isolinux.iso}'], text: 'Linux and a shell' },
  { name: 'SeaBIOS, the GRUB floppy', options: ['-bios', `{${SEABIOS}}`, '-fda', '{tools/grub-rescue-floppy.img}'], text: 'GNU GRUB  version' },
];

const filesOf = ({ options }: Guest): string[] => options.flatMap((option) => [...option.matchAll(/\{(.*?)\}/g)].map(([, file]) => join(FOLDER, file!)));

for (const guest of GUESTS) {
  const missing = filesOf(guest).filter((file) => !existsSync(file));
  if (missing.length > 0) console.warn(`SKIPPED: ${guest.name}: no ${missing.join(', ')}`);
  const title = missing.length > 0 ? `${guest.name} [skipped: no ${missing.join(', ')}]` : guest.name;
  it.skipIf(missing.length > 0)(`${title} shows "${guest.text}"`, async () => {
    const options = guest.options.map((option) => option.replace(/\{(.*?)\}/g, (_, file: string) => join(FOLDER, file)));
    const session = await boxwrightRun([
      '-m', '128', '-cpu', 'pentium3', '-display', 'none', '-serial', 'null', ...options, '--wait-for-text', guest.text, '--within', '200',
    ]);
    expect(await session.ended(LIMIT_MS), session.errors).toBe(0);
  }, LIMIT_MS);
}
