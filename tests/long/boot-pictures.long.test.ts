// What systems never made for this machine show on its screen, as machines of the application: text by its characters,
// graphics by their likeness to what was seen when the test was written. A folder of the images is looked for where such
// guests are kept.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { showsText } from '../support/console-reader.ts';
import { difference, gridOf } from '../support/picture-likeness.ts';
import { ServiceVerbs } from '../support/service-verbs.ts';

const FOLDER = process.env.GUESTS_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'boxwright-guests');
const LIMIT_MS = 900_000;
/** Of mean brightness, of 255: other pictures are 20 and more away. */
const ALIKE = 3;
const LANGUAGE_QUESTION = 'Choose the language to be used for the installation process.';

const home = mkdtempSync(join(tmpdir(), 'boxwright-pictures-'));
const service = new ServiceVerbs(home);
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));

function guest(title: string, file: string, play: (path: string) => Promise<void>): void {
  const path = join(FOLDER, file);
  const isThere = existsSync(path);
  if (!isThere) console.warn(`SKIPPED: ${title}: no ${path}`);
  it.skipIf(!isThere)(isThere ? title : `${title} [skipped: no ${path}]`, () => play(path), LIMIT_MS);
}

guest('Debian’s installer draws its boot menu and asks for a language', 'isos/installer-i386-isolinux.iso', async (path) => {
  service.run('create', 'installer', '-m', '512M', '--cpu', 'pentium3', '--cdrom', path);
  service.run('start', 'installer');
  await service.pictureThat('installer', (picture) => difference(gridOf(picture), INSTALLER_MENU) < ALIKE, 120_000);
  service.run('key', 'installer', 'enter');
  await service.pictureThat('installer', (picture) => showsText(picture, LANGUAGE_QUESTION), 600_000);
  service.run('poweroff', 'installer');
});

guest('memtest86+ goes over the memory once without an error', 'tools/memtest-ia32.iso', async (path) => {
  service.run('create', 'memtest', '-m', '24M', '--cpu', 'pentium3', '--cdrom', path);
  service.run('start', 'memtest');
  service.run('wait-for-text', 'memtest', 'Pass:  1        Errors: 0', '--timeout', '800');
  service.run('poweroff', 'memtest');
});

guest('iPXE comes to its prompt', 'tools/ipxe.iso', async (path) => {
  service.run('create', 'ipxe', '-m', '64M', '--cpu', 'pentium3', '--cdrom', path);
  service.run('start', 'ipxe');
  service.run('wait-for-text', 'ipxe', 'iPXE initialising', '--timeout', '120');
  // It asks for this key for two seconds.
  const isPrompt = () => service.run('screenshot', 'ipxe', '--text').includes('iPXE>');
  for (let tries = 0; tries < 60 && !isPrompt(); tries++) service.run('key', 'ipxe', 'ctrl+b');
  expect(isPrompt()).toBe(true);
  service.run('poweroff', 'ipxe');
});

/** Debian 12's menu, 640 by 480 dots. */
const INSTALLER_MENU = [
  '383b43484b4c404452473f41433b363636363636363636363636363636363636',
  '3c554f7a7f73734962583c3f4042393636363636363636363636363636363636',
  '3a3d3c525051503b504536383c3f413836363636363636363636363636363636',
  '3b39393a3c3c3a363637363637393d3e36363636363636363636363636363636',
  '3b3a3a3838363636363636363637393b36363636363636363636363636363636',
  '3c3a373636363636363636363636363836363636363636363636363636363636',
  '3b3a363636363636363636363636363636363636363636363636363636363636',
  '413837363636364747405446443e4444453e473e4b4d40483b36363636363636',
  '3d393938363636444640484245404445433b4841434542473936363636363636',
  '3d3d3c3a38366692938980808080808080808080808080808061363636363636',
  '4342403c393741524c4d46484c37353436343636343434343837363636363636',
  '584b443e3a3842584f48444e45464c4740484946434c3f363838363636363638',
  '5e4e453f3a3839413d3636363636363636363636363636363636363636373b3e',
  '5345413d3a373636363636363636363636363636363636363636363636393d3d',
  '4d3f3d3b38363636363636363636363636363636363636363636363636373c3c',
  '503c3a3937363636363636363636363636363636363636363636363636373b3c',
  '4b413a3937363636363636363636363636363636363636363636363637383b3c',
  '47443e3b3937363636363636363636363636363636363636363637373a3a3b3d',
  '4747453f3c3a3736363636363636363636363636363636363636363a3b3b3b3d',
  '4a4c4b46403c3937363636363636363636363636363636363636383b3c3d3d3e',
  '5154524c453f3b38363636363636363636363636363636363636363b3c3e3f3f',
  '585d5a5149413c3836363636363636363636363636363636363637363a3d3f40',
  '5c6560534a423c39363636363636363636363636363636363636363e383a3e41',
  '595f5a5149413c38363636363636363636363636363636363636363b413a393f',
];
