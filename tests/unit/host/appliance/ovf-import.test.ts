// OVF packages of every version as other programs write them, whole, damaged and hostile, through the media tools.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openImage } from '../../../../src-main/engine/block/index.ts';
import { createEmptyImage } from '../../../../src-main/host/empty-image.ts';
import { createImageHost } from '../../../../src-main/host/image-host.ts';
import { MediaTools } from '../../../../src-main/host/media-tools.ts';
import { manifestOf, ovf09, ovf10, ovf20, type TarPart, tarOf } from '../../../support/ovf-files.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const MIB = 1 << 20;
const tools = new MediaTools(() => undefined);

/** A disk of 4 MiB with a word in it, as streamOptimized VMDK and raw. */
async function disk(folder: string) {
  const raw = new Uint8Array(4 * MIB);
  raw.set(Buffer.from('the guest’s data'), 3 * MIB);
  writeFileSync(join(folder, 'disk.raw'), raw);
  const path = join(folder, 'source.vmdk');
  await tools.convertImage({ job: 'c', source: join(folder, 'disk.raw'), sourceFormat: 'raw', target: path, targetFormat: 'vmdk', compressed: true, options: { subformat: 'streamOptimized' } });
  return { raw, vmdk: readFileSync(path) };
}

async function contentOf(path: string, offset: number, length: number): Promise<string> {
  const image = await openImage(createImageHost(), { path, format: 'qcow2', write: false });
  const bytes = new Uint8Array(length);
  await image.read(offset, bytes);
  await image.close();
  return Buffer.from(bytes).toString();
}

const unpack = (path: string, folder: string, options: { verify?: boolean; system?: string } = {}) => {
  mkdirSync(folder);
  return tools.unpackAppliance({ job: 'u', path, folder, verify: true, ...options });
};
const texts = (notes: readonly { level: string; text: string }[]) => notes.map(({ level, text }) => `${level}: ${text}`).join('\n');

describe('an OVA of version 1', () => {
  it('is told before it is imported, and then is', async () => {
    const folder = temporaryFolder();
    const { vmdk } = await disk(folder);
    const descriptor = ovf10({ href: 'm-disk001.vmdk', bytes: vmdk.length, capacity: 8 * MIB });
    const path = join(folder, 'm.ova');
    writeFileSync(path, tarOf([{ name: 'm.ovf', content: descriptor }, { name: 'm.mf', content: manifestOf({ 'm.ovf': descriptor, 'm-disk001.vmdk': vmdk }) }, { name: 'm-disk001.vmdk', content: vmdk }]));
    const summary = await tools.inspectAppliance({ path });
    expect(summary).toMatchObject({
      kind: 'ova', format: 'OVF 1.0', name: 'Old & grey', guest: 'debian-amd64', memoryMiB: 384, checksums: 'sha256',
      disks: [{ drive: 'disk0', virtualBytes: 8 * MIB, packedBytes: vmdk.length }, { drive: 'disk1', virtualBytes: 2 * MIB, packedBytes: 0 }],
    });
    const said = texts(summary.notes);
    for (const line of ['info: The machine had 2 processors; it gets one.', 'warning: Left out: network adapter “Ethernet adapter” (E1000, NAT).', 'info: Left out: sound card “sound” (ensoniq1371).', 'VirtualBox’s own settings'])
      expect(said).toContain(line);
    const target = join(folder, 'machine');
    const { settings, notes } = await unpack(path, target);
    expect(texts(notes)).toBe(said);
    expect(settings.drives).toEqual([
      { id: 'disk0', kind: 'disk', bus: 'ide', slot: 2, path: 'disk0.qcow2', format: 'qcow2', readOnly: false },
      { id: 'disk1', kind: 'disk', bus: 'ahci', slot: 1, path: 'disk1.qcow2', format: 'qcow2', readOnly: false },
      { id: 'cd0', kind: 'cdrom', bus: 'ide', slot: 3, path: null, format: null, readOnly: true },
    ]);
    expect(await contentOf(join(target, 'disk0.qcow2'), 3 * MIB, 18)).toBe('the guest’s data');
    expect((await tools.imageInfo({ path: join(target, 'disk0.qcow2') })).virtualBytes).toBe(8 * MIB);
    expect(readdirSync(target).sort()).toEqual(['disk0.qcow2', 'disk1.qcow2']);
  });

  it('whose files are not what the manifest says is refused, unless that is wanted', async () => {
    const folder = temporaryFolder();
    const { vmdk } = await disk(folder);
    const descriptor = ovf10({ href: 'd.vmdk', bytes: vmdk.length, capacity: 4 * MIB });
    const damagedManifest = manifestOf({ 'm.ovf': descriptor, 'd.vmdk': 'other' }, 'sha1');
    const path = join(folder, 'm.ova');
    writeFileSync(path, tarOf([{ name: 'm.ovf', content: descriptor }, { name: 'd.vmdk', content: vmdk }, { name: 'm.mf', content: damagedManifest }]));
    await expect(unpack(path, join(folder, 'a'))).rejects.toMatchObject({ code: 'media.damaged', message: expect.stringContaining('“d.vmdk”') });
    await unpack(path, join(folder, 'b'), { verify: false });
    writeFileSync(path, tarOf([{ name: 'm.ovf', content: descriptor }, { name: 'd.vmdk', content: vmdk }, { name: 'm.mf', content: manifestOf({ 'm.ovf': 'x' }) }]));
    await expect(unpack(path, join(folder, 'c'))).rejects.toMatchObject({ message: expect.stringContaining('was changed') });
  });
});

describe('an OVF descriptor with its disks beside it', () => {
  it('of version 0.9', async () => {
    const folder = temporaryFolder();
    const { vmdk } = await disk(folder);
    writeFileSync(join(folder, 'old disk.vmdk'), vmdk);
    writeFileSync(join(folder, 'm.ovf'), ovf09({ href: 'old%20disk.vmdk', bytes: vmdk.length, capacity: 4 * MIB }));
    expect(await tools.inspectAppliance({ path: join(folder, 'm.ovf') })).toMatchObject({ format: 'OVF 0.9', name: 'Ancient', guest: 'windows-xp', memoryMiB: 256, checksums: 'none' });
    const { settings, notes } = await unpack(join(folder, 'm.ovf'), join(folder, 'machine'));
    expect(settings.drives).toMatchObject([{ bus: 'ide', slot: 0, path: 'disk0.qcow2' }]);
    expect(texts(notes)).toContain('has no manifest');
    expect(await contentOf(join(folder, 'machine/disk0.qcow2'), 3 * MIB, 18)).toBe('the guest’s data');
    expect(existsSync(join(folder, 'old disk.vmdk'))).toBe(true);
  });

  it('of version 2, compressed, with a choice of machines', async () => {
    const folder = temporaryFolder();
    const { raw } = await disk(folder);
    const packed = gzipSync(raw);
    writeFileSync(join(folder, 'd.img.gz'), packed);
    const path = join(folder, 'm.ovf');
    writeFileSync(path, ovf20({ href: 'd.img.gz', bytes: packed.length, capacity: 4 * MIB }));
    const summary = await tools.inspectAppliance({ path, system: 'second' });
    expect(summary).toMatchObject({ format: 'OVF 2.0', name: 'second', memoryMiB: 2048, systems: [{ id: 'first' }, { id: 'second' }] });
    const said = texts(summary.notes);
    for (const line of ['had 65536 MiB of memory; it gets 2048', 'was on lsilogic; it is put on SATA', 'started by UEFI', 'the other machines of the package, “first”']) expect(said).toContain(line);
    await unpack(path, join(folder, 'machine'), { system: 'second' });
    expect(await contentOf(join(folder, 'machine/disk0.qcow2'), 3 * MIB, 18)).toBe('the guest’s data');
    await expect(tools.inspectAppliance({ path, system: 'third' })).rejects.toMatchObject({ message: expect.stringContaining('there is “first”, “second”') });
  });
});

describe('a package that means harm', () => {
  const at = (parts: readonly TarPart[]) => {
    const path = join(temporaryFolder(), 'm.ova');
    writeFileSync(path, tarOf(parts));
    return tools.inspectAppliance({ path });
  };
  const good = ovf10({ href: 'd.vmdk', bytes: 1, capacity: MIB });

  it.each([
    ['a name that leads out', [{ name: '../d.vmdk' }], 'leads out of its folder'],
    ['an absolute name', [{ name: '/etc/passwd' }], 'leads out of its folder'],
    ['a backslash', [{ name: '..\\d.vmdk' }], 'leads out of its folder'],
    ['a symbolic link', [{ name: 'd.vmdk', type: '2' }], 'a link'],
    ['a hard link', [{ name: 'd.vmdk', type: '1' }], 'a link'],
    ['a device', [{ name: 'd.vmdk', type: '3' }], 'no plain file'],
    ['a name twice', [{ name: 'd.vmdk' }, { name: './D.vmdk' }], 'two files'],
    ['a size that is more than there is', [{ name: 'd.vmdk', bytes: 2 ** 32 }], 'cut short'],
  ] as const)('by %s', async (_what, parts, message) => {
    await expect(at([{ name: 'm.ovf', content: good }, ...parts])).rejects.toMatchObject({ message: expect.stringContaining(message) });
  });

  it.each([
    ['entities', good.replace('<Envelope', '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><Envelope'), 'document type'],
    ['a reference out of its folder', ovf10({ href: '../../secret', bytes: 1, capacity: MIB }), 'leads out'],
    ['a reference to the network', ovf10({ href: 'http://example.org/d.vmdk', bytes: 1, capacity: MIB }), 'not in the package'],
    ['a file that is not there', good, 'not in the package'],
    ['text that is no XML', '<Envelope><unclosed></Envelope>', 'well-formed'],
    ['depth', `<?xml version="1.0"?>${'<a>'.repeat(100)}${'</a>'.repeat(100)}`, 'too many elements'],
    ['nothing in it', '<?xml version="1.0"?><Envelope/>', 'describes no machine'],
    ['a unit nobody knows', good.replace('byte * 2^20', 'parsecs'), 'units'],
  ])('by %s', async (_what, descriptor, message) => {
    await expect(at([{ name: 'm.ovf', content: descriptor }])).rejects.toMatchObject({ message: expect.stringContaining(message) });
  });

  it('by a packed disk that unpacks to more than it says', async () => {
    const folder = temporaryFolder();
    const packed = gzipSync(new Uint8Array(12 * MIB));
    writeFileSync(join(folder, 'd.gz'), packed);
    writeFileSync(join(folder, 'm.ovf'), ovf20({ href: 'd.gz', bytes: packed.length, capacity: MIB }));
    await expect(unpack(join(folder, 'm.ovf'), join(folder, 'machine'))).rejects.toMatchObject({ message: expect.stringContaining('more than the package says') });
  });

  it('by a disk whose extents lie elsewhere', async () => {
    const folder = temporaryFolder();
    await createEmptyImage({ path: join(folder, 'secret.raw'), format: 'raw', bytes: MIB });
    mkdirSync(join(folder, 'in'));
    const descriptor = `# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 2048 FLAT "../secret.raw" 0\n`;
    writeFileSync(join(folder, 'in/m.ova'), tarOf([{ name: 'm.ovf', content: good }, { name: 'd.vmdk', content: descriptor }]));
    await expect(unpack(join(folder, 'in/m.ova'), join(folder, 'machine'))).rejects.toMatchObject({ code: 'files.denied' });
  });
});
