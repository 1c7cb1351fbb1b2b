// What a file says about itself, from its head.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { probeFile } from '../../../src-main/host/file-probe.ts';
import { guestTitle, hasGuest, linuxGuest } from '../../support/guests.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function fileWith(bytes: Uint8Array | string): string {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, bytes);
  return path;
}

/** The Multiboot header at the start of a file. Reference: Multiboot 0.6.96, 3.1.1. */
function multiboot(): Uint8Array {
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x1badb002, true);
  view.setUint32(8, 2 ** 32 - 0x1badb002, true);
  return bytes;
}

describe('a kernel', () => {
  it('may be a Multiboot one', async () => {
    expect(await probeFile({ path: fileWith(multiboot()), purpose: 'kernel' })).toMatchObject({
      kind: 'Multiboot kernel',
      problem: null,
    });
  });

  it.each([
    ['a text', 'x'.repeat(5000), 'HdrS'],
    ['a short file', 'x', 'too short'],
    ['an empty file', '', 'too short'],
    ['a gzip archive', Uint8Array.from({ length: 2000 }, (_, index) => [0x1f, 0x8b][index] ?? 0), 'HdrS'],
    [
      'an ELF file',
      Uint8Array.from({ length: 2000 }, (_, index) => [0x7f, 0x45, 0x4c, 0x46][index] ?? 0),
      'ELF',
    ],
  ])('is not %s', async (_what, bytes, words) => {
    const path = fileWith(bytes);
    const report = await probeFile({ path, purpose: 'kernel' });
    expect(report.problem).toContain(words);
    expect(report.problem).toContain(path);
  });

  describe.skipIf(!hasGuest('i386') || !hasGuest('amd64'))(guestTitle('of Debian', 'amd64'), () => {
    it.each([
      ['i386', 'Linux kernel, 32-bit'],
      ['amd64', 'Linux kernel, 64-bit'],
    ] as const)('%s says what it is', async (arch, kind) => {
      const report = await probeFile({ path: linuxGuest(arch).kernel, purpose: 'kernel' });
      expect(report).toMatchObject({ kind, problem: null, version: expect.stringMatching(/^6\.\d+/) });
      expect(report.sizeBytes).toBeGreaterThan(4_000_000);
    });
  });
});

describe('an initial RAM disk', () => {
  it.each([
    ['gzip archive', [0x1f, 0x8b, 8]],
    ['cpio archive', [...Buffer.from('070701')]],
    ['Zstandard archive', [0x28, 0xb5, 0x2f, 0xfd]],
    [null, [1, 2, 3]],
  ])('may be: %s', async (kind, bytes) => {
    expect(await probeFile({ path: fileWith(Uint8Array.from(bytes)), purpose: 'initrd' })).toMatchObject({
      kind,
      problem: null,
    });
  });

  it('is not empty', async () => {
    expect((await probeFile({ path: fileWith(''), purpose: 'initrd' })).problem).toContain('empty');
  });
});

describe('what cannot be read', () => {
  it('is a failure', async () => {
    const folder = join(temporaryFolder(), 'd');
    mkdirSync(folder);
    await expect(probeFile({ path: folder, purpose: 'kernel' })).rejects.toMatchObject({
      code: 'files.wrongKind',
    });
    await expect(probeFile({ path: `${folder}/none`, purpose: 'kernel' })).rejects.toMatchObject({
      code: 'files.notFound',
    });
    await expect(probeFile({ path: '/dev/zero', purpose: 'kernel' })).rejects.toMatchObject({
      code: 'files.wrongKind',
    });
  });
});
