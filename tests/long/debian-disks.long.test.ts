// Debian on a disk, from the BIOS to its login and back: what the guest wrote is there after a clean power-off and after
// its machine was killed. The disks are made by a script of their own; a folder of them is looked for where such guests
// are kept. They are not written to: each test has an overlay.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildStale, ROOT } from '../../src-main/launch/build.mjs';
import { nodeBinary } from '../../src-main/launch/node-binary.mjs';
import { showsText } from '../support/console-reader.ts';
import { boxwrightRun, type GuestSession } from '../support/guest-session.mjs';
import { ServiceVerbs } from '../support/service-verbs.ts';

const FOLDER = process.env.GUESTS_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'boxwright-guests');
const SEABIOS = join(FOLDER, 'firmware/seabios/bios-256k.bin');
const BOOT_LIMIT_MS = 500_000;
const COMMAND_LIMIT_MS = 120_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: bash switches it on and off around each line
const BRACKETED_PASTE = /\x1b\[\?2004[hl]/g;
const PROMPT = /root@guest-\S+:~# $/;

const folder = mkdtempSync(join(tmpdir(), 'boxwright-debian-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function img(...args: string[]): string {
  return execFileSync(nodeBinary(), [join(ROOT, 'dist', 'main', 'cli.js'), 'img', ...args], { encoding: 'utf8' });
}

const sessions: GuestSession[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) await session.stop();
});

for (const arch of ['i386', 'amd64'] as const) {
  const disk = join(FOLDER, `disks/debian-${arch}-quick.img`);
  const missing = [disk, SEABIOS].filter((file) => !existsSync(file));
  if (missing.length > 0) console.warn(`SKIPPED: Debian ${arch} from its disk: no ${missing.join(', ')}`);
  describe.skipIf(missing.length > 0)(`Debian ${arch} from its disk${missing.map((file) => ` [skipped: no ${file}]`)}`, () => {
    const model = arch === 'i386' ? 'pentium3' : 'x86-64-v1';
    const options = ['-m', '256', '-cpu', model, '-nographic'];

    // An image may name others only in its own folder.
    const base = join(folder, `${arch}.qcow2`);
    beforeAll(async () => {
      await buildStale(['main', 'renderer']);
      img('convert', '-O', 'qcow2', disk, base);
    }, BOOT_LIMIT_MS);

    it('shows its login on the screen and on the serial port, as a machine of the application', async () => {
      const overlay = join(folder, `${arch}-service.qcow2`);
      img('create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', overlay);
      const service = new ServiceVerbs(join(folder, `home-${arch}`));
      service.run('create', 'debian', '-m', '256M', '--cpu', model, '--disk', overlay);
      service.run('start', 'debian');
      service.run('wait-for-serial', 'debian', `guest-${arch} login:`, '--timeout', '400');
      const picture = await service.pictureThat('debian', (seen) => showsText(seen, `guest-${arch} login:`), 60_000);
      expect(showsText(picture, `Debian GNU/Linux 12 guest-${arch} tty1`)).toBe(true);
      service.run('poweroff', 'debian');
    }, BOOT_LIMIT_MS);

    it('comes to its login by SeaBIOS, on both consoles', async () => {
      const session = await logIn([...options, '-bios', SEABIOS, '-drive', `file=${disk},format=raw,snapshot=on`]);
      expect(await consoleText(session)).toContain(`guest-${arch} login:`);
      session.type('busybox poweroff\n');
      expect(await session.ended(BOOT_LIMIT_MS)).toBe(0);
    }, 2 * BOOT_LIMIT_MS);

    it('keeps what is written', async () => {
      const overlay = join(folder, `${arch}-written.qcow2`);
      img('create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', overlay);
      const boot = () => logIn([...options, '-drive', `file=${overlay},format=qcow2`]);

      let session = await boot();
      await command(session, 'dd if=/dev/urandom of=~/first bs=64k count=64 2>/dev/null; md5sum ~/first > ~/first.md5');
      session.type('busybox poweroff\n');
      expect(await session.ended(BOOT_LIMIT_MS)).toBe(0);

      session = await boot();
      expect(await command(session, 'md5sum -c ~/first.md5')).toContain('/first: OK');
      // Killed without a power-off: the journal is replayed.
      await command(session, 'dd if=/dev/urandom of=~/second bs=64k count=64 2>/dev/null; md5sum ~/second > ~/second.md5');
      await command(session, 'sync');
      session.type('while :; do dd if=/dev/urandom of=~/third bs=64k count=16 2>/dev/null; cp ~/third ~/fourth; done\n');
      await new Promise((resolve) => setTimeout(resolve, 3000));
      await session.stop();
      expect(img('check', overlay)).toMatch(/No errors were found|leaked/);

      session = await boot();
      expect(await command(session, 'md5sum -c ~/second.md5')).toContain('/second: OK');
      expect(await command(session, 'dmesg | grep -c "EXT4-fs error"')).toMatch(/^0$/m);
      await command(session, 'rm ~/first ~/second; sync');
      session.type('busybox poweroff\n');
      expect(await session.ended(BOOT_LIMIT_MS)).toBe(0);

      session = await boot();
      expect(await command(session, 'dmesg | grep -c -i "recovering journal\\|recovery complete"')).toMatch(/^0$/m);
      session.type('busybox poweroff\n');
      expect(await session.ended(BOOT_LIMIT_MS)).toBe(0);
      expect(img('check', overlay)).toContain('No errors were found');
    }, 6 * BOOT_LIMIT_MS);
  });
}

async function logIn(options: readonly string[]): Promise<GuestSession> {
  const session = await boxwrightRun(options);
  sessions.push(session);
  await session.waitFor(/guest-\S+ login: $/, BOOT_LIMIT_MS);
  session.type('root\n');
  await session.waitFor(/Password: $/, COMMAND_LIMIT_MS);
  session.type('guest\n');
  await session.waitFor(PROMPT, COMMAND_LIMIT_MS);
  await command(session, 'stty columns 500');
  return session;
}

/** The characters of the first console, which is on the screen. */
async function consoleText(session: GuestSession): Promise<string> {
  return await command(session, 'sleep 10; cat /dev/vcs1 | tr -s " "');
}

/** What a line typed at bash's prompt prints. */
async function command(session: GuestSession, line: string): Promise<string> {
  session.type(`${line}; echo "done"-\n`);
  const [, text = ''] = await session.waitFor(/echo "done"-\r?\n([\s\S]*?)done-\r?\n/, COMMAND_LIMIT_MS);
  await session.waitFor(PROMPT, COMMAND_LIMIT_MS);
  return text.replaceAll('\r', '').replaceAll(BRACKETED_PASTE, '');
}
