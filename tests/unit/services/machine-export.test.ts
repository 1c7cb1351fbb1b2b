// Machines as files and back: what a bundle keeps, what an OVF package does, what cancelling and hostile files leave.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applianceKindOf, importRequest } from '../../../shared/appliance/appliance-view.ts';
import type { SaveStateInput } from '../../../shared/machine/saved-state.ts';
import { STATE_PAGE, StateWriter } from '../../../src-main/engine/snapshot/index.ts';
import { NewStateFile, openState, stateCodec } from '../../../src-main/host/state-files.ts';
import { Jobs } from '../../../src-main/services/jobs.ts';
import { cloneMachine } from '../../../src-main/services/machine-cloner.ts';
import { exportMachine } from '../../../src-main/services/machine-exporter.ts';
import { importMachine } from '../../../src-main/services/machine-importer.ts';
import { MediaWork } from '../../../src-main/services/media-work.ts';
import { mediaProcess } from '../../support/media-process.ts';
import { manifestOf, tarOf } from '../../support/ovf-files.ts';
import { makeMachine, type Opened, openData, withDisk } from '../../support/snapshot-machine.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const ID = 'subject';
const media = new MediaWork(mediaProcess);

const write = (opened: Opened, id: string, text: string, drive = 'disk0') =>
  withDisk(opened, id, drive, (disk) => disk.write(0, Buffer.from(text.padEnd(8))));
const read = (opened: Opened, id: string, drive = 'disk0') =>
  withDisk(opened, id, drive, async (disk) => Buffer.from(await disk.read(0, 8)).toString().trim());

/** Two disks, one outside its folder, two snapshots on a branch each, changed since. */
async function machine() {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  await makeMachine(data, [{ format: 'qcow2', bytes: 4 << 20 }, { format: 'raw', bytes: 1 << 20, outside: join(folder, 'own disk.raw') }]);
  const opened = await openData(data);
  await write(opened, ID, 'base');
  await write(opened, ID, 'raw', 'disk1');
  const first = await opened.store.take(ID, { name: 'First', description: 'Where it began', tags: ['one'] });
  await write(opened, ID, 'second');
  await opened.store.take(ID, { name: 'Second' });
  await write(opened, ID, 'now');
  return { folder, opened, first };
}

const out = ({ store }: Opened, path: string, id = ID, snapshot: string | null = null) =>
  exportMachine({ store, media: media.forAppliances(), isRunning: () => false }, { id, path, kind: applianceKindOf(path) ?? 'bundle', snapshot, withMedia: false });
const into = ({ registry }: Opened, path: string, more: Partial<Parameters<typeof importMachine>[1]> = {}, freeBytes = 1e12) =>
  importMachine(
    { registry, media: media.forAppliances(), inspect: (wanted) => media.inspectAppliance(wanted), freeBytes: async () => freeBytes },
    importRequest.parse({ path, ...more }),
  );

const STATE = { cpuModel: 'pentium3', memoryBytes: 2 * STATE_PAGE, tailBytes: 0 };

/** Two pages: one that stays, and one full of `byte`. */
function writeState(path: string, parent: string | null, byte: number) {
  const sink = new NewStateFile(path);
  const below = parent === null ? undefined : openState(parent);
  const writer = new StateWriter({
    sink, codec: stateCodec, id: byte.toString(16).padStart(32, '0'), machine: STATE, savedMs: 1,
    parent: below && { file: basename(below.file), id: below.index.id, digest: (page) => below.digest(page) },
  });
  for (const fill of [100, byte]) writer.page(new Uint8Array(STATE_PAGE).fill(fill));
  const written = writer.finish();
  sink.commit();
  below?.close();
  return written;
}

/** The first bytes of both. */
async function memoryOf(path: string): Promise<(number | undefined)[]> {
  const memory = new Uint8Array(STATE.memoryBytes);
  const reader = openState(path);
  for (const group of reader.groups()) await group.load(memory);
  reader.close();
  return [memory[0], memory[STATE_PAGE]];
}

describe('a bundle', () => {
  it('keeps everything: disks, snapshots, settings, and is no further use to the original', async () => {
    const { folder, opened, first } = await machine();
    const path = join(folder, 'all.boxwright');
    const made = await out(opened, path);
    expect(made.bytes).toBe(statSync(path).size);
    expect(await media.inspectAppliance({ path })).toMatchObject({ kind: 'bundle', name: 'Subject', snapshots: 2, disks: [{ drive: 'disk0' }, { drive: 'disk1' }], notes: [] });
    const elsewhere = await openData(join(folder, 'elsewhere'));
    const { config, notes } = await into(elsewhere, path, { name: 'Moved', keepIdentity: true });
    expect([config.id, config.uuid, notes]).toEqual(['moved', opened.registry.config(ID).uuid, []]);
    rmSync(join(folder, 'data'), { recursive: true });
    rmSync(join(folder, 'own disk.raw'));
    expect([await read(elsewhere, 'moved'), await read(elsewhere, 'moved', 'disk1')]).toEqual(['now', 'raw']);
    expect((await elsewhere.store.view('moved')).snapshots).toMatchObject([{ name: 'First', description: 'Where it began', tags: ['one'], problem: null }, { name: 'Second', problem: null }]);
    await elsewhere.store.restore('moved', { snapshot: first.id, disksOnly: false, keepPresent: true });
    expect([await read(elsewhere, 'moved'), await read(elsewhere, 'moved', 'disk1')]).toEqual(['base', 'raw']);
    for (const { id } of (await elsewhere.store.view('moved')).snapshots) await elsewhere.store.delete('moved', id);
    expect(await read(elsewhere, 'moved')).toBe('base');
  });

  it('keeps states that lean on each other, each with its own memory, and the CMOS memory', async () => {
    const folder = temporaryFolder();
    const data = join(folder, 'data');
    await makeMachine(data, [{ format: 'qcow2', bytes: 4 << 20 }]);
    let byte = 0;
    const live = {
      picture: async () => null,
      saveState: async (_id: string, { path, parent }: SaveStateInput) => ({ ...writeState(path, parent, ++byte), pausedMs: 1, pausedCpuMs: 1, totalMs: 2 }),
    };
    const running = await openData(data, undefined, undefined, live);
    for (const name of ['A', 'B', 'C']) await running.store.take(ID, { name });
    const opened = await openData(data);
    opened.nvram.put(ID, '5a'.repeat(114));
    const path = join(folder, 'chain.boxwright');
    await out(opened, path);
    const elsewhere = await openData(join(folder, 'elsewhere'));
    const { config } = await into(elsewhere, path, { name: 'Moved' });
    rmSync(data, { recursive: true });
    const tree = await elsewhere.store.tree(config.id);
    expect(tree.states).toHaveLength(2);
    expect((await elsewhere.store.view(config.id)).snapshots.map(({ stateProblem }) => stateProblem)).toEqual([null, null, null]);
    for (const [index, { state }] of tree.snapshots.entries())
      expect(await memoryOf(join(elsewhere.registry.folderOf(config.id), state ?? ''))).toEqual([100, index + 1]);
    expect(await elsewhere.nvram.read(config.id)).toBe('5a'.repeat(114));
  });

  it('can be opened with tar and checked with sha256sum', async () => {
    const { folder, opened } = await machine();
    await out(opened, join(folder, 'all.boxwright'));
    mkdirSync(join(folder, 'by-hand'));
    execFileSync('tar', ['-xf', join(folder, 'all.boxwright'), '-C', join(folder, 'by-hand')]);
    expect(execFileSync('sha256sum', ['-c', '--quiet', 'checksums.sha256'], { cwd: join(folder, 'by-hand'), encoding: 'utf8' })).toBe('');
    expect(JSON.parse(readFileSync(join(folder, 'by-hand/machine.json'), 'utf8'))).toMatchObject({ format: 'boxwright-machine', version: 1 });
  });

  it('of a linked clone needs the original no more, and a name that is taken gets a number', async () => {
    const { folder, opened } = await machine();
    const clone = await cloneMachine({ machines: opened.registry, io: opened.mortal.io, store: opened.store }, { id: ID, snapshot: null, name: 'Linked', linked: true, keepIdentity: false });
    await write(opened, clone.id, 'mine');
    await out(opened, join(folder, 'clone.boxwright'), clone.id);
    const { config } = await into(opened, join(folder, 'clone.boxwright'));
    expect([config.name, config.uuid === clone.uuid]).toEqual(['Linked 2', false]);
    await opened.registry.delete(clone.id);
    await opened.registry.delete(ID);
    expect(await read(opened, config.id)).toBe('mine');
  });

  it('that was damaged or cut short is refused, and leaves nothing', async () => {
    const { folder, opened } = await machine();
    const path = join(folder, 'all.boxwright');
    await out(opened, path);
    const whole = readFileSync(path);
    const at = whole.indexOf('QFI\xfb', 0, 'latin1') + 70_000;
    writeFileSync(path, whole.fill((whole[at] ?? 0) ^ 1, at, at + 1));
    await expect(into(opened, path)).rejects.toMatchObject({ code: 'media.damaged', message: expect.stringContaining('checksum') });
    writeFileSync(path, whole.subarray(0, whole.length / 2));
    await expect(into(opened, path)).rejects.toMatchObject({ code: 'media.damaged', message: expect.stringContaining('cut short') });
    await expect(into(opened, path, {}, 1000)).rejects.toMatchObject({ code: 'media.damaged' });
    expect(readdirSync(join(folder, 'data/machines'))).toEqual([ID]);
  });

  it('does not fit where there is no room, and is not written over another file', async () => {
    const { folder, opened } = await machine();
    const path = join(folder, 'all.boxwright');
    await out(opened, path);
    await expect(into(opened, path, {}, 1000)).rejects.toMatchObject({ message: expect.stringContaining('are free') });
    await expect(out(opened, path)).rejects.toMatchObject({ code: 'files.exists' });
    await expect(out(opened, join(folder, 'nowhere/all.boxwright'))).rejects.toMatchObject({ code: 'store.writeFailed' });
  });

  it('reaches for nothing outside itself', async () => {
    const { folder, opened } = await machine();
    await out(opened, join(folder, 'good.boxwright'));
    mkdirSync(join(folder, 'x'));
    execFileSync('tar', ['-xf', join(folder, 'good.boxwright'), '-C', join(folder, 'x')]);
    const description = JSON.parse(readFileSync(join(folder, 'x/machine.json'), 'utf8'));
    const forged = (change: (copy: typeof description) => void) => {
      const copy = structuredClone(description);
      change(copy);
      const files = Object.fromEntries([['machine.json', JSON.stringify(copy)], ...description.files.map(({ name }: { name: string }) => [name, readFileSync(join(folder, 'x', name))])]);
      const sums = manifestOf(files).replaceAll(/SHA256\((.*)\)= (.*)/g, '$2  $1');
      const path = join(folder, `forged-${Math.random()}.boxwright`);
      writeFileSync(path, tarOf([...Object.entries(files).map(([name, content]) => ({ name, content })), { name: 'checksums.sha256', content: sums }]));
      return path;
    };
    const refused = (change: (copy: typeof description) => void, message: string) =>
      expect(into(opened, forged(change))).rejects.toMatchObject({ message: expect.stringContaining(message) });
    await refused((copy) => { copy.config.drives[0].path = '/etc/passwd'; }, 'which is not in it');
    await refused((copy) => { copy.tree.layers[0].path = '../other/disk.qcow2'; }, 'which is not in it');
    await refused((copy) => { copy.tree.layers[0].foreign = true; }, 'of another machine');
    await refused((copy) => { copy.tree.snapshots[0].config.drives[0].path = '/etc/passwd'; }, 'which is not in it');
    await refused((copy) => { copy.files[0].name = '../../escape'; }, 'wrong value');
    await refused((copy) => { copy.tree.states = [{ path: '../../x.state', parent: '../../y.state' }]; }, 'which is not in it');
    await refused((copy) => { copy.version = 2; }, 'newer version');
    const { config, notes } = await into(opened, forged((copy) => {
      copy.config.serial = [{ kind: 'file', path: '/home/user/.profile' }];
      copy.config.boot.kernel = '/boot/vmlinuz';
      copy.config.somethingLater = { reach: '/' };
      copy.config.drives[0].allowReferences = true;
    }));
    expect(config).toMatchObject({ serial: [{ kind: 'none' }], boot: { kernel: null } });
    expect(config).not.toHaveProperty('somethingLater');
    expect(config.drives[0]).not.toHaveProperty('allowReferences');
    expect(notes.map(({ text }) => text)).toEqual(expect.arrayContaining([expect.stringContaining('/boot/vmlinuz'), expect.stringContaining('.profile')]));
  });
});

describe('an OVF package of ours', () => {
  it.each(['one.ova', 'one.ovf'])('comes back as it went: %s', async (name) => {
    const { folder, opened, first } = await machine();
    const description = 'Notes & more\n<second> line';
    await opened.registry.update(ID, (settings) => ({ ...settings, description }));
    const path = join(folder, name);
    const { notes } = await out(opened, path);
    expect(notes.map(({ text }) => text).join()).toContain('in the package it is on SATA');
    await out(opened, join(folder, `then-${name}`), ID, first.id);
    expect(await media.inspectAppliance({ path })).toMatchObject({ format: 'OVF 1.0', name: 'Subject', memoryMiB: 512, checksums: 'sha256', disks: [{ virtualBytes: 4 << 20 }, { virtualBytes: 1 << 20 }] });
    const now = await into(opened, path);
    const then = await into(opened, join(folder, `then-${name}`));
    expect(now.config).toMatchObject({ name: 'Subject 2', description, drives: [{ bus: 'ahci', slot: 0 }, { bus: 'ahci', slot: 1 }] });
    expect([await read(opened, now.config.id), await read(opened, then.config.id), await read(opened, now.config.id, 'disk1')]).toEqual(['now', 'base', 'raw']);
    expect(readdirSync(folder).filter((file) => file.startsWith('.'))).toEqual([]);
  });
});

describe('as a job', () => {
  it('an export or import that is cancelled leaves nothing', async () => {
    const { folder, opened } = await machine();
    const random = new Uint8Array(1 << 20).map((_, index) => (index * 2654435761) >>> 13);
    await withDisk(opened, ID, 'disk0', async (disk) => { for (let at = 0; at < 4; at++) await disk.write(at << 20, random); });
    const path = join(folder, 'all.boxwright');
    await out(opened, path);
    const jobs: Jobs = new Jobs({ launch: mediaProcess, onRemove: () => undefined, onChange: ({ id, progress, state }) => { if (state === 'running' && progress !== null && progress > 0) jobs.cancel(id); } });
    await expect(jobs.follow({ kind: 'import', path, machine: null }, () => into(opened, path))).rejects.toMatchObject({ code: 'media.cancelled' });
    await expect(jobs.follow({ kind: 'export', path, machine: ID }, () => out(opened, join(folder, 'again.ova')))).rejects.toMatchObject({ code: 'media.cancelled' });
    expect(jobs.list().map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
    expect(readdirSync(join(folder, 'data/machines'))).toEqual([ID]);
    expect(readdirSync(folder).filter((file) => file.includes('again'))).toEqual([]);
  });
});
