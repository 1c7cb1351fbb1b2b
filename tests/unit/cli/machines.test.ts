// The verbs for machines, as typed, over a real application on a control socket; its processes are played by the test.

import { existsSync, mkdirSync, writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { MachineConfig } from '../../../shared/machine/config.ts';
import { appContract } from '../../../shared/rpc/app-contract.ts';
import { NVRAM_BYTES } from '../../../shared/machine/nvram.ts';
import { connect } from '../../../shared/rpc/connect.ts';
import { controlContract } from '../../../shared/rpc/control-contract.ts';
import { FailureError } from '../../../shared/rpc/failure.ts';
import { MACHINE_VERBS } from '../../../src-main/cli/machines/verbs.ts';
import { runVerb, type WithClient } from '../../../src-main/cli/machines/run-verb.ts';
import { UsageError } from '../../../src-main/cli/usage-error.ts';
import { MediaTools } from '../../../src-main/host/media-tools.ts';
import { App } from '../../../src-main/services/app.ts';
import { claimFolder, connectControl } from '../../../src-main/services/control-socket.ts';
import { serveControl } from '../../../src-main/services/serve-control.ts';
import { mediaProcess } from '../../support/media-process.ts';
import { fakeLauncher } from '../../support/fake-process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { tinyIso } from '../../support/tiny-iso.ts';

async function service() {
  const folder = temporaryFolder();
  const keyboard: number[][] = [];
  const written: string[] = [];
  let said = '';
  const started: MachineConfig[] = [];
  const inserted: unknown[] = [];
  const { launch, processes } = fakeLauncher(() => ({
    start: (config) => void started.push(config),
    insert: (medium) => {
      if (medium.path === '/missing.iso') throw new FailureError('machine.startFailed', '“/missing.iso” does not exist.');
      inserted.push(medium);
    },
    keyboard: (codes) => void keyboard.push(codes),
    screen: ({ png }) => ({ width: 720, height: 400, text: ['Welcome', 'login: '], pngBase64: png ? 'iVBORw==' : null }),
    serialRead: ({ after }) => ({ base64: Buffer.from(said.slice(after)).toString('base64'), next: said.length }),
    serialWrite: ({ base64 }) => void written.push(Buffer.from(base64, 'base64').toString()),
  }));
  const app = await App.open({
    version: '1',
    dataFolder: folder,
    features: { nativeDialogs: false, nativeMenu: false },
    launch: (kind, name) => (kind === 'media' ? mediaProcess() : launch(kind, name)),
  });
  const claim = await claimFolder(folder, (channel) =>
    serveControl(app, channel, { openWindow: () => undefined, onUnexpected: (_name, error) => { throw error; } }),
  );
  onTestFinished(async () => {
    await app.shutdown();
    claim?.release();
  });
  const withClient: WithClient = async (_service, work) => {
    const channel = await connectControl(folder);
    if (!channel) throw new Error('no service');
    const result = work(connect(controlContract, channel));
    return result.finally(() => channel.close());
  };
  const errors: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => errors.push(String(text)) > 0);
  onTestFinished(() => void vi.restoreAllMocks());
  const boxwright = async (...args: string[]) => {
    const verb = MACHINE_VERBS.find(({ name }) => name === args[0]);
    if (!verb) throw new Error(`no verb ${args[0]}`);
    let out = '';
    errors.length = 0;
    const status = await runVerb(verb, args.slice(1), withClient, (text) => {
      out += text;
    });
    return { status, out, errors: errors.join('') };
  };
  return { folder, app, processes, started, inserted, keyboard, written, boxwright, say: (text: string) => void (said += text) };
}

let at: Awaited<ReturnType<typeof service>>;
beforeEach(async () => {
  at = await service();
});

describe('machines on the command line', () => {
  it('are made, listed, changed and deleted', async () => {
    const { boxwright } = at;
    const made = await boxwright('create', 'Debian 12', '-m', '1G', '--cpu', 'pentium3', '--append', 'quiet', '--json');
    expect(made.status).toBe(0);
    expect(JSON.parse(made.out)).toMatchObject({
      id: 'debian-12', state: 'off', config: { memoryMiB: 1024, cpu: { model: 'pentium3' }, boot: { commandLine: 'quiet' } },
    });
    expect((await boxwright('list')).out).toMatch(/^Debian 12 {2}off +debian-12\n$/);
    expect((await boxwright('set', 'deb', 'memoryMiB=256', 'name=Small one', 'description=For tests.\nKeep it.')).status).toBe(0);
    const shown = JSON.parse((await boxwright('show', 'Small', '--json')).out);
    expect(shown.config).toMatchObject({ name: 'Small one', memoryMiB: 256, description: 'For tests.\nKeep it.' });
    expect((await boxwright('show', 'Small')).out).toContain('notes      For tests.\n           Keep it.\n');
    expect(shown.config.uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    await expect(boxwright('delete', 'debian-12')).rejects.toThrow(/--yes/);
    expect((await boxwright('delete', shown.config.uuid, '--yes')).status).toBe(0);
    expect((await boxwright('list', '--json')).out).toBe('[]\n');
    await boxwright('create', 'second');
    const { trashed } = JSON.parse((await boxwright('delete', 'second', '--yes', '--json')).out);
    expect((await boxwright('undelete', trashed)).out).toBe('second is back\n');
    expect((await boxwright('list')).out).toMatch(/second/);
  });

  it('take files relative to where the command is given', async () => {
    const made = await at.boxwright('create', 'a', '--kernel', 'vmlinuz', '--json');
    expect(JSON.parse(made.out).config.boot.kernel).toBe(join(process.cwd(), 'vmlinuz'));
  });

  it('suit the system that is named, or that the CD seems to hold', async () => {
    const iso = join(at.folder, 'a.iso');
    writeFileSync(iso, tinyIso({ volumeId: 'Debian 12.5.0 i386 n', bootable: true }));
    const made = await at.boxwright('create', 'a', '--cdrom', iso, '--json');
    expect(made.errors).toMatch(/“Debian 12\.5\.0 i386 n” seems to hold Debian \(32-bit\)/);
    expect((await at.boxwright('show', 'a')).out).toContain(`cd0        ${iso} (ide)`);
    expect(JSON.parse(made.out).config).toMatchObject({ guest: 'debian-i386', memoryMiB: 768, cpu: { model: 'pentium3' } });
    const other = await at.boxwright('create', 'b', '--cdrom', iso, '--os', 'windows-98', '-m', '128', '--json');
    expect(other.errors).toBe('');
    expect(JSON.parse(other.out).config).toMatchObject({ guest: 'windows-98', memoryMiB: 128, firmware: { clock: 'local' } });
  });

  it('have a disk that lies on an image, which stays as it is', async () => {
    const { boxwright, folder } = at;
    const image = join(folder, 'base.img');
    writeFileSync(image, new Uint8Array(2 << 20).fill(7));
    const made = JSON.parse((await boxwright('create', 'on top', '--overlay', image, '--json')).out);
    expect(made.config.drives[0]).toMatchObject({ format: 'qcow2', path: expect.stringMatching(/^snapshots\//) });
    const machine = join(folder, 'machines', 'on-top');
    const tools = new MediaTools(() => undefined);
    expect(await tools.imageInfo({ path: join(machine, made.config.drives[0].path) })).toMatchObject({ virtualBytes: 2 << 20, backing: { name: image, format: 'raw' } });
    expect((await boxwright('snapshot', 'take', 'on top', 'one')).status).toBe(0);
    expect((await boxwright('snapshot', 'restore', 'on top', 'one')).status).toBe(0);
    expect((await boxwright('snapshot', 'delete', 'on top', 'one', '--yes')).status).toBe(0);
    expect(readFileSync(image).every((byte) => byte === 7)).toBe(true);
    expect(await boxwright('create', 'nothing', '--overlay', join(folder, 'none.img'))).toMatchObject({ status: 1 });
    await expect(boxwright('create', 'both', '--overlay', image, '--new-disk', '1G')).rejects.toThrow(/not both/);
    expect(JSON.parse((await boxwright('list', '--json')).out)).toHaveLength(1);
  });

  it('get a new disk of the format that is asked for', async () => {
    const { boxwright, folder } = at;
    const made = JSON.parse((await boxwright('create', 'dynamic', '--new-disk', '16M', '--new-disk-format', 'vdi', '--json')).out);
    const [drive] = made.config.drives;
    expect(drive).toMatchObject({ path: 'disk.vdi', format: 'vdi' });
    const image = join(folder, 'machines', 'dynamic', drive.path);
    expect(await new MediaTools(() => undefined).imageInfo({ path: image })).toMatchObject({ format: 'vdi', virtualBytes: 16 << 20 });
    await expect(boxwright('create', 'other', '--new-disk', '16M', '--new-disk-format', 'dmg')).rejects.toThrow(/dmg: expected qcow2/);
    await expect(boxwright('create', 'other', '--new-disk-format', 'raw')).rejects.toThrow(/goes with --new-disk/);
  });

  it('run, are used and end', async () => {
    const { boxwright } = at;
    await boxwright('create', 'guest', '--kernel', '/boot/vmlinuz');
    expect(await boxwright('start', 'guest')).toMatchObject({ status: 0, out: 'guest is running\n' });
    expect((await boxwright('start', 'guest')).status).toBe(4);
    await boxwright('type', 'guest', 'aB\\n');
    expect(at.keyboard.at(-1)).toEqual([0x1e, 0x9e, 0x2a, 0x30, 0xb0, 0xaa, 0x1c, 0x9c]);
    await boxwright('key', 'guest', 'ctrl+alt+del');
    expect(at.keyboard.at(-1)).toEqual([0x1d, 0x38, 0xe0, 0x53, 0xe0, 0xd3, 0xb8, 0x9d]);
    expect((await boxwright('screenshot', 'guest', '--text')).out).toBe('Welcome\nlogin: \n');
    const file = join(at.folder, 'screen.png');
    expect((await boxwright('screenshot', 'guest', file)).status).toBe(0);
    expect(readFileSync(file).toString('base64')).toBe('iVBORw==');
    expect((await boxwright('wait-for-text', 'guest', 'login:')).status).toBe(0);
    expect((await boxwright('wait-for-text', 'guest', 'Password', '--timeout', '0.2')).status).toBe(5);
    expect((await boxwright('pause', 'guest')).status).toBe(0);
    expect((await boxwright('resume', 'guest')).status).toBe(0);
    expect((await boxwright('stats', 'guest')).out).toMatch(/3 MIPS/);
    expect((await boxwright('log', 'guest')).out).toMatch(/Started as process/);
    expect((await boxwright('poweroff', 'guest')).status).toBe(0);
    expect(JSON.parse((await boxwright('show', 'guest', '--json')).out)).toMatchObject({
      state: 'off', lastExit: { reason: 'userPowerOff' },
    });
  });

  it('are waited for by what their serial port says, colours or not', async () => {
    const { boxwright, say } = at;
    await boxwright('create', 'guest', '--kernel', '/boot/vmlinuz');
    await boxwright('start', 'guest');
    say('boot \u001b[1;32mok\u001b[0m done');
    expect((await boxwright('wait-for-serial', 'guest', 'boot ok done', '--timeout', '5')).status).toBe(0);
    expect((await boxwright('wait-for-serial', 'guest', 'boot', '--new', '--timeout', '0.2')).status).toBe(5);
    const later = boxwright('wait-for-serial', 'guest', 'again', '--new', '--timeout', '10');
    setTimeout(() => say('boot again'), 200);
    expect((await later).status).toBe(0);
  });

  it('tell what is wrong by their status and one sentence', async () => {
    const { boxwright } = at;
    const missing = await boxwright('show', 'nobody');
    expect(missing).toMatchObject({ status: 3, out: '' });
    expect(missing.errors).toMatch(/no machine “nobody”/);
    await boxwright('create', 'one');
    await boxwright('create', 'only');
    expect((await boxwright('show', 'on')).errors).toMatch(/“on” could be one or only/);
    expect((await boxwright('poweroff', 'one')).status).toBe(4);
    await expect(boxwright('set', 'one', 'memory=5')).rejects.toThrow(/memory: there is no such setting/);
    await expect(boxwright('set', 'one', 'cpu.model=386')).rejects.toThrow(UsageError);
    await expect(boxwright('set', 'one', '__proto__.x=1')).rejects.toThrow(UsageError);
    await expect(boxwright('create')).rejects.toThrow(/missing required argument/);
    await expect(boxwright('list', '--frobnicate')).rejects.toThrow(/unknown option/);
    expect((await boxwright('create', 'ONE')).errors).toMatch(/already a machine/);
    writeFileSync(join(at.folder, 'machines', 'one', 'machine.json'), '{');
    await at.app.registry.load();
    expect((await boxwright('list')).out).toMatch(/one +damaged +one/);
    expect((await boxwright('start', 'one')).errors).toMatch(/not valid JSON/);
  });

  it('change CDs, running or not', async () => {
    const { boxwright } = at;
    await boxwright('create', 'guest', '--cdrom', '/a.iso', '--disk', '/d.img');
    await boxwright('start', 'guest');
    expect(at.started.at(-1)?.drives.map(({ path }) => path)).toEqual(['/d.img', '/a.iso']);
    expect((await boxwright('insert', 'guest', '/b.iso')).out).toBe('/b.iso is in cd0\n');
    expect(at.inserted).toEqual([{ drive: 'cd0', path: '/b.iso', format: null }]);
    await boxwright('poweroff', 'guest');
    const shown = async () => JSON.parse((await boxwright('show', 'guest', '--json')).out).config.drives[1];
    expect(await shown()).toMatchObject({ id: 'cd0', path: '/b.iso' });
    expect((await boxwright('eject', 'guest')).status).toBe(0);
    expect(await shown()).toMatchObject({ id: 'cd0', path: null });
    expect((await boxwright('eject', 'guest', '--drive', 'disk0')).errors).toMatch(/no drive “disk0”/);
  });

  it('keep a running machine’s settings when a medium cannot be opened', async () => {
    const { boxwright } = at;
    await boxwright('create', 'guest', '--cdrom', '/a.iso');
    await boxwright('start', 'guest');
    expect((await boxwright('insert', 'guest', '/missing.iso')).errors).toMatch(/does not exist/);
    expect(JSON.parse((await boxwright('show', 'guest', '--json')).out).config.drives[0].path).toBe('/a.iso');
  });

  it('refuse what no keyboard can type', async () => {
    await at.boxwright('create', 'guest', '--kernel', '/boot/vmlinuz');
    await at.boxwright('start', 'guest');
    expect((await at.boxwright('type', 'guest', 'schön')).errors).toMatch(/no key for “ö”/);
    expect((await at.boxwright('key', 'guest', 'ctrl+hyper')).errors).toMatch(/no key “hyper”/);
    expect(at.keyboard).toEqual([]);
  });

  it('have a schema to check files against', async () => {
    const schema = JSON.parse((await at.boxwright('get-schema')).out);
    expect(schema.properties).toMatchObject({ name: {}, memoryMiB: {}, boot: {} });
  });
});

describe('snapshots on the command line', () => {
  it('are shown without what a terminal would obey', async () => {
    const { boxwright } = at;
    await boxwright('create', 'guest');
    await expect(boxwright('set', 'guest', 'description=two\u001b[2Jlines')).rejects.toThrow('description: no control characters');
    const description = 'two\nlines\u001b[2J\u009b2J';
    expect((await boxwright('snapshot', 'take', 'guest', 'One', '--description', description)).status).toBe(0);
    expect((await boxwright('snapshot', 'show', 'guest', 'One')).out).toContain('lines\\u001b[2J\\u009b2J');
    expect(JSON.parse((await boxwright('snapshot', 'show', 'guest', 'One', '--json')).out)).toMatchObject({ description });
  });

  it('are taken, listed, compared, restored and deleted', async () => {
    const { boxwright } = at;
    expect((await boxwright('create', 'Guest', '--new-disk', '16M')).status).toBe(0);
    expect((await boxwright('snapshot', 'take', 'guest', 'Fresh', '--tags', 'a, b')).out).toBe('“Fresh” was taken\n');
    await boxwright('set', 'guest', 'memoryMiB=256');
    const second = JSON.parse((await boxwright('snapshot', 'take', 'guest', '--description', 'more', '--json')).out);
    expect(second).toMatchObject({ name: 'Snapshot 2', description: 'more', kind: 'manual', problem: null });
    expect((await boxwright('snapshot', 'diff', 'guest', 'fresh')).out).toMatch(/^memoryMiB: 512 → 256\ndisk: up to 0 bytes differ\n$/);
    await boxwright('set', 'guest', 'memoryMiB=128');
    expect((await boxwright('snapshot', 'restore', 'guest', 'Fresh')).out).toMatch(/kept as “Before restoring “Fresh””/);
    const tree = (await boxwright('snapshot', 'list', 'guest', '--tree')).out;
    expect(tree.replace(/ \(.*\)/g, '')).toBe(
      '└─ Fresh \n   ├─ Snapshot 2 \n   │  └─ Before restoring “Fresh” \n   └─ ● you are here\n',
    );
    expect((await boxwright('snapshot', 'edit', 'guest', 'Snap', '--name', 'Later')).status).toBe(0);
    expect((await boxwright('snapshot', 'show', 'guest', 'Later')).out).toMatch(/^name +Later\n(.|\n)*memory +256 MiB\n/);
    await expect(boxwright('snapshot', 'delete', 'guest', 'Later')).rejects.toThrow(/frees up to .*--yes/);
    expect((await boxwright('snapshot', 'delete', 'guest', 'Later', '--yes')).status).toBe(0);
    expect((await boxwright('snapshot', 'show', 'guest', 'Later')).status).toBe(3);
    expect((await boxwright('snapshot', 'take', 'guest', 'a', 'b').catch((error: unknown) => error))).toBeInstanceOf(UsageError);
    expect((await boxwright('snapshot', 'keep', 'guest', '3')).status).toBe(0);
    expect((await boxwright('snapshot', 'schedule', 'guest', '--every', '2h', '--keep', '5')).out).toBe('one every 2h while guest runs; 5 are kept\n');
    expect((await boxwright('snapshot', 'schedule', 'guest', '--off')).out).toBe('no snapshots are taken by the clock\n');
    await expect(boxwright('snapshot', 'schedule', 'guest', '--every', '2w')).rejects.toThrow(UsageError);
    const cloned = JSON.parse((await boxwright('clone', 'guest', 'Twin', '--linked', '--snapshot', 'Fresh', '--json')).out);
    expect(cloned).toMatchObject({ id: 'twin', state: 'off', config: { name: 'Twin', memoryMiB: 512 } });
    const refused = await boxwright('delete', 'guest', '--yes');
    expect([refused.status, refused.errors]).toEqual([4, expect.stringMatching(/needed by twin.*independent/)]);
    expect((await boxwright('start', 'twin')).status).toBe(0);
    expect((await boxwright('snapshot', 'restore', 'twin', 'x')).status).toBe(3);
    expect(at.started[0]).toMatchObject({ imageFolders: expect.arrayContaining([join(at.folder, 'machines/guest')]) });
  });
});

describe('a snapshot that is restored and started', () => {
  it('needs one command and one process', async () => {
    const { boxwright, started, processes } = at;
    await boxwright('create', 'Guest', '--new-disk', '16M');
    await boxwright('snapshot', 'take', 'guest', 'Fresh');
    await boxwright('set', 'guest', 'memoryMiB=128');
    expect((await boxwright('snapshot', 'restore', 'guest', 'Fresh', '--start')).status).toBe(0);
    expect(started.map(({ memoryMiB }) => memoryMiB)).toEqual([512]);
    expect(processes).toHaveLength(1);
    expect(JSON.parse((await boxwright('show', 'guest', '--json')).out).state).toBe('running');
  });
});

describe('a disposable run', () => {
  it('writes beside the disks and the CMOS memory, and its changes are kept or thrown away', async () => {
    const { boxwright, started, folder, processes } = at;
    const cmos = join(folder, 'machines/guest/nvram.json');
    await boxwright('create', 'Guest', '--new-disk', '16M');
    const disposable = async () => JSON.parse((await boxwright('show', 'guest', '--json')).out).disposable;
    for (const what of ['keep', 'discard']) {
      expect((await boxwright('start', 'guest', '--disposable')).out).toBe('guest is running\n');
      expect(started.at(-1)?.drives[0]).toMatchObject({ path: expect.stringMatching(/guest.snapshots.[0-9a-f-]+\.qcow2$/), format: 'qcow2' });
      expect([await disposable(), (await boxwright('snapshot', 'take', 'guest')).status]).toEqual(['running', 4]);
      expect((await boxwright('disposable', 'guest', what)).status).toBe(4);
      processes.at(-1)?.server.emit('nvram', { hex: (what === 'keep' ? '01' : '02').repeat(NVRAM_BYTES) });
      await boxwright('poweroff', 'guest');
      expect(existsSync(cmos)).toBe(what === 'discard');
      expect([await disposable(), (await boxwright('disposable', 'guest', what)).status, await disposable()]).toEqual(['ended', 0, null]);
    }
    expect(JSON.parse(readFileSync(cmos, 'utf8')).cmos).toBe('01'.repeat(NVRAM_BYTES));
    expect((await boxwright('disposable', 'guest', 'keep')).errors).toMatch(/no disposable run/);
    expect((await boxwright('snapshot', 'take', 'guest')).status).toBe(0);
  });
});

describe('a template', () => {
  it('is cloned and not started, and a linked clone of it becomes independent', async () => {
    const { boxwright } = at;
    await boxwright('create', 'Mould', '--new-disk', '16M');
    expect((await boxwright('template', 'mould')).out).toMatch(/mould is a template/);
    expect(await boxwright('start', 'mould')).toMatchObject({ status: 4, errors: expect.stringMatching(/“Mould” is a template\. Clone it/) });
    expect((await boxwright('clone', 'mould', 'Cast', '--linked')).status).toBe(0);
    expect((await boxwright('independent', 'cast')).out).toBe('cast has disks of its own\n');
    expect((await boxwright('delete', 'mould', '--yes')).status).toBe(0);
    expect((await boxwright('start', 'cast')).status).toBe(0);
    expect(JSON.parse((await boxwright('jobs', 'list', '--json')).out).map(({ request, state }: { request: { kind: string }; state: string }) => `${request.kind} ${state}`)).toEqual(['clone done', 'independent done']);
  });
});

describe('machines as files', () => {
  it('leave and come back, and say what they bring before they do', async () => {
    const { boxwright, folder } = at;
    await boxwright('create', 'Guest', '--new-disk', '16M');
    await boxwright('snapshot', 'take', 'guest', 'Fresh');
    const [bundle, ova] = [join(folder, 'guest.boxwright'), join(folder, 'guest.ova')];
    expect((await boxwright('export', 'guest', bundle)).out).toMatch(/guest\.boxwright was made \(/);
    expect(JSON.parse((await boxwright('export', 'guest', ova, '--snapshot', 'Fresh', '--json')).out)).toMatchObject({ path: ova, notes: expect.arrayContaining([expect.objectContaining({ level: 'info' })]) });
    expect((await boxwright('export', 'guest', bundle)).status).toBe(1);
    await expect(boxwright('export', 'guest', join(folder, 'guest.zip'))).rejects.toThrow(/\.boxwright, \.ova or \.ovf/);
    expect((await boxwright('import', bundle, '--dry-run')).out).toMatch(/“Guest” .*512 MiB(.|\n)*snapshots: 1(.|\n)*checksums: sha256/);
    expect((await boxwright('import', bundle)).out).toBe('guest-2 was made\n');
    expect(JSON.parse((await boxwright('import', ova, '--name', 'Other', '--group', 'Work', '--json')).out)).toMatchObject({ machine: { id: 'other', config: { name: 'Other', group: 'Work' } } });
    mkdirSync(join(folder, 'elsewhere'));
    expect(JSON.parse((await boxwright('import', ova, '--name', 'Far', '--folder', join(folder, 'elsewhere'), '--json')).out).machine.folder).toBe(join(folder, 'elsewhere/far'));
    expect((await boxwright('import', ova, '--folder', join(folder, 'nowhere'))).status).toBe(1);
    expect(JSON.parse((await boxwright('snapshot', 'list', 'guest-2', '--json')).out).snapshots).toMatchObject([{ name: 'Fresh', problem: null }]);
    expect(JSON.parse((await boxwright('jobs', 'list', '--json')).out).map(({ state }: { state: string }) => state)).toEqual(['done', 'done', 'done', 'failed', 'done', 'done', 'done', 'failed']);
    expect((await boxwright('import', join(folder, 'nothing.ova'))).status).toBe(1);
  });
});

describe('hostile names', () => {
  it('are refused by their length and their characters, and make no folders elsewhere', async () => {
    await expect(at.boxwright('create', 'n'.repeat(10_000))).rejects.toThrow(/^name: /);
    expect((await at.boxwright('create', 'a\u202eb')).errors).toMatch(/control characters/);
    expect((await at.boxwright('create', '../../etc')).out).toBe('etc was made\n');
    expect((await at.boxwright('create', 'שלום')).out).toBe('machine was made\n');
    expect((await at.boxwright('show', '../etc')).status).toBe(3);
    expect((await at.boxwright('undelete', '../../machines/etc')).status).toBe(3);
    await expect(at.boxwright('label', 'etc', '--name', 'n'.repeat(10_000)).then(({ status }) => status)).resolves.not.toBe(0);
    expect((await at.boxwright('label', 'etc', '--name', 'Better', '--os', 'debian-amd64')).status).toBe(0);
    expect(JSON.parse((await at.boxwright('list', '--json')).out)).toMatchObject([{ config: { name: 'Better', guest: 'debian-amd64' } }, { config: { name: 'שלום' } }]);
  });
});

describe('demo', () => {
  it('makes machines with a CD of their own, each under a name that is free', async () => {
    expect((await at.boxwright('demo')).out).toBe('demo was made\n');
    expect(JSON.parse((await at.boxwright('demo', '--json')).out)).toMatchObject({ id: 'demo-2', config: { name: 'Demo 2', guest: 'demo' } });
    expect((await at.boxwright('demo', 'Demo')).status).toBe(1);
    const cd = readFileSync(join(at.folder, 'machines', 'demo-2', 'demo.iso'));
    expect(cd.subarray(0x8001, 0x8006).toString()).toBe('CD001');
    expect((await at.boxwright('start', 'demo-2')).status).toBe(0);
    expect(at.started[0]?.drives).toMatchObject([{ kind: 'cdrom', path: join(at.folder, 'machines', 'demo-2', 'demo.iso') }]);
  });
});

describe('the command line', () => {
  it('shows and changes preferences; the folder for machines must be one', async () => {
    const { boxwright, folder, app } = at;
    const home = join(folder, 'big disk');
    expect(await boxwright('preferences', `machineFolder=${home}`)).toMatchObject({ status: 1, errors: expect.stringContaining('Machines cannot be kept in') });
    mkdirSync(home);
    expect(await boxwright('preferences', `machineFolder=${home}`, 'closeAction=save')).toMatchObject({ status: 0, out: expect.stringContaining(home) });
    expect(JSON.parse((await boxwright('preferences', '--json')).out)).toMatchObject({ machineFolder: home, closeAction: 'save', theme: 'system' });
    await boxwright('create', 'Far');
    await boxwright('create', 'Near', '--folder', join(folder, 'machines'));
    expect([app.registry.folderOf('far'), app.registry.folderOf('near')]).toEqual([join(home, 'far'), join(folder, 'machines', 'near')]);
    await boxwright('preferences', 'machineFolder=null');
    expect(app.preferences, 'a change of one leaves the others').toMatchObject({ machineFolder: null, closeAction: 'save' });
    await expect(boxwright('preferences', 'colour=red')).rejects.toThrow(/colour: there is no such preference/);
    await expect(boxwright('preferences', 'closeAction=explode')).rejects.toThrow(/closeAction/);
  });

  it('keep changes that a running machine cannot take until it is off', async () => {
    const { boxwright, folder, app } = at;
    await boxwright('create', 'Busy', '--kernel', '/boot/vmlinuz');
    await boxwright('start', 'busy');
    const { memoryMiB } = app.registry.config('busy');
    expect(await boxwright('set', 'busy', 'memoryMiB=96', 'name=Busier', 'firmware.menu=true')).toMatchObject({ status: 0, out: expect.stringContaining('when it is off: memoryMiB, firmware') });
    expect(app.registry.config('busy')).toMatchObject({ name: 'Busier', memoryMiB });
    expect((await boxwright('show', 'busy')).out).toContain('waiting    memoryMiB, firmware');
    expect(await boxwright('set', 'busy', 'drives=[]')).toMatchObject({ status: 4, errors: expect.stringContaining('only while the machine is off: drives') });
    expect(await boxwright('set', 'busy', 'memoryMiB=2')).toMatchObject({ status: 1, errors: expect.stringContaining('at least') });
    // What was changed back waits no more; what waits outlives the application.
    await boxwright('set', 'busy', 'firmware.menu=false');
    expect(JSON.parse(readFileSync(join(folder, 'machines', 'busy', 'machine.pending.json'), 'utf8'))).toEqual({ memoryMiB: 96 });
    await boxwright('poweroff', 'busy');
    await vi.waitFor(() => expect(app.registry.config('busy')).toMatchObject({ name: 'Busier', memoryMiB: 96 }));
    await vi.waitFor(async () => expect(JSON.parse((await boxwright('show', 'busy', '--json')).out)).toMatchObject({ state: 'off', pending: null }));
    expect(existsSync(join(folder, 'machines', 'busy', 'machine.pending.json'))).toBe(false);
  });

  it('does everything that a window can do with machines', () => {
    const done = new Set<string>(MACHINE_VERBS.flatMap(({ calls }) => calls));
    // Pictures for lists; `screenshot` has the whole one.
    const windowOnly = ['machines.openConsole', 'machines.thumbnails', 'snapshots.thumbnail'];
    const missing = Object.keys(appContract.calls).filter(
      (call) => /^(machines|snapshots|media|jobs)\./.test(call) && !done.has(call) && !windowOnly.includes(call),
    );
    expect(missing).toEqual([]);
  });

  it('names each verb once', () => {
    expect(new Set(MACHINE_VERBS.map(({ name }) => name)).size).toBe(MACHINE_VERBS.length);
  });
});
