// Opening the images of a machine: what is wrong with one is said before the machine starts, by its name.

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeBinary } from '../../../src-main/launch/node-binary.mjs';
import { type DriveSpec, openDrives } from '../../../src-main/host/open-drives.ts';

const CLI = fileURLToPath(new URL('../../../src-main/cli/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'boxwright-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const spec = (path: string, change: Partial<DriveSpec> = {}): DriveSpec => ({
  id: 'hd', kind: 'disk', attachment: { bus: 'ide', channel: 0, unit: 0 }, path, format: undefined, readOnly: false, snapshot: false, cache: 'writeback', ...change,
});
const CD = { kind: 'cdrom', readOnly: true } as const;

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** An ISO 9660 volume of so many blocks, in a file of so many. */
function iso(volumeBlocks: number, fileBlocks: number): Uint8Array {
  const bytes = new Uint8Array(fileBlocks * 2048);
  bytes.set(Uint8Array.from('\x01CD001\x01', (c) => c.charCodeAt(0)), 0x8000);
  new DataView(bytes.buffer).setUint32(0x8000 + 80, volumeBlocks, true);
  return bytes;
}

describe('media', () => {
  it('have the size of their images, odd ones included', async () => {
    const { drives, images } = await openDrives([spec(file('odd.img', new Uint8Array(700)))]);
    expect(drives[0]?.medium).toEqual({ bytes: 700, readOnly: false });
    await images.get('hd')?.node.close();
  });

  it('may be absent', async () => {
    const { drives } = await openDrives([{ ...spec(''), path: undefined, ...CD }]);
    expect(drives[0]?.medium).toBeUndefined();
  });

  it('keep nothing of what is written with snapshot=on', async () => {
    const path = file('keep.img', new Uint8Array(0x3_0000).fill(7));
    const { images } = await openDrives([spec(path, { snapshot: true })]);
    const node = images.get('hd')?.node;
    await node?.write(0xff00, new Uint8Array(0x300).fill(1));
    const seen = new Uint8Array(0x500);
    await node?.read(0xfe00, seen);
    expect([seen[0], seen[0x100], seen[0x3ff], seen[0x400]]).toEqual([7, 1, 1, 7]);
    await node?.close();
    expect(readFileSync(path).every((byte) => byte === 7)).toBe(true);
  });
});

describe('an overlay of an image in another folder', () => {
  it('is opened only when references are allowed', async () => {
    mkdirSync(join(folder, 'machine'));
    const base = file('base.img', new Uint8Array(0x1_0000).fill(9));
    const path = join(folder, 'machine', 'overlay.qcow2');
    execFileSync(nodeBinary(), [CLI, 'img', 'create', '-q', '-f', 'qcow2', '-b', base, '-F', 'raw', path]);
    await expect(openDrives([spec(path)])).rejects.toThrow(/base\.img.*--allow-references/);
    const { images } = await openDrives([spec(path, { anyReference: true })]);
    const seen = new Uint8Array(4);
    await images.get('hd')?.node.read(0x8000, seen);
    expect([...seen]).toEqual([9, 9, 9, 9]);
    await images.get('hd')?.node.close();
  });
});

describe('what cannot be used is named with its cause', () => {
  mkdirSync(join(folder, 'a-folder'));
  it.each([
    ['a missing file', () => spec(join(folder, 'missing.iso'), CD), /missing\.iso.*does not exist/],
    ['a folder', () => spec(join(folder, 'a-folder')), /a-folder.*folder/],
    ['a device node', () => spec('/dev/null'), /\/dev\/null.*device/],
    ['an empty file', () => spec(file('empty.img', new Uint8Array(0))), /empty\.img.*is empty/],
    ['an ISO cut short', () => spec(file('short.iso', iso(2000, 100)), CD), /short\.iso.*cut short/],
  ] as const)('%s', async (_name, make, message) => {
    await expect(openDrives([make()])).rejects.toThrow(message);
  });

  it.skipIf(process.getuid?.() === 0)('no permission (not as root, who has them all)', async () => {
    const path = file('secret.img', new Uint8Array(512));
    chmodSync(path, 0);
    await expect(openDrives([spec(path)])).rejects.toThrow(/secret\.img.*denied/);
  });

  it('leaves nothing open: the image before it can be opened again', async () => {
    const good = file('good.img', new Uint8Array(512));
    await expect(openDrives([spec(good), spec(join(folder, 'missing'), { id: 'other' })])).rejects.toThrow(/missing/);
    const { images } = await openDrives([spec(good)]);
    await images.get('hd')?.node.close();
  });
});

it('an image that is cut while in use fails to read, by its name', async () => {
  const path = file('cut.img', new Uint8Array(0x2_0000));
  const { images } = await openDrives([spec(path)]);
  truncateSync(path, 0x1_0000);
  const node = images.get('hd')?.node;
  await expect(node?.read(0x1_0000, new Uint8Array(512))).rejects.toThrow(/cut\.img.*shorter/);
  await node?.close();
});

it('takes an ISO whose padding was left out', async () => {
  const { images } = await openDrives([spec(file('fine.iso', iso(200, 100)), CD)]);
  expect(images.get('hd')?.node.readOnly).toBe(true);
  await images.get('hd')?.node.close();
});
