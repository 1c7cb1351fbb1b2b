// The media library over the real image tools: chains, users, files that are missing or no images.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DriveConfig } from '../../../shared/machine/config.ts';
import { connect } from '../../../shared/rpc/connect.ts';
import { mediaContract } from '../../../shared/rpc/media-contract.ts';
import { img } from '../../../src-main/cli/img/img.ts';
import { type LibraryMachine, MediaLibrary } from '../../../src-main/services/media-library.ts';
import { mediaProcess } from '../../support/media-process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const drive = (id: string, path: string | null, kind: DriveConfig['kind'] = 'disk'): DriveConfig => ({
  id, kind, bus: 'ide', slot: 0, path, format: null, readOnly: false,
});

function library() {
  const folder = temporaryFolder();
  let looks = 0;
  const media = new MediaLibrary(async (work) => {
    looks += 1;
    const handle = mediaProcess();
    try {
      return await work(connect(mediaContract, handle.channel));
    } finally {
      handle.kill();
    }
  });
  const machine = (id: string, drives: DriveConfig[], isRunning = false): LibraryMachine => ({ id, name: id, folder, drives, isRunning });
  return { folder, media, machine, looks: () => looks };
}

describe('the media library', () => {
  it('draws chains, names users and tells what is missing or damaged', async () => {
    const { folder, media, machine, looks } = library();
    const at = (name: string) => join(folder, name);
    await img(['create', '-q', '-f', 'qcow2', at('base.qcow2'), '8M']);
    await img(['create', '-q', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2', at('over.qcow2')]);
    writeFileSync(at('bad.qcow2'), Uint8Array.of(0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3, 9, 9));
    const machines = [
      machine('one', [drive('disk0', 'over.qcow2'), drive('cd0', '/nowhere/x.iso', 'cdrom'), drive('cd1', null, 'cdrom')], true),
      machine('two', [drive('disk0', at('over.qcow2')), drive('disk1', 'bad.qcow2')]),
    ];
    const found = await media.list(machines);
    expect(found.map(({ path, state }) => [path, state])).toEqual([
      ['/nowhere/x.iso', 'missing'],
      [at('bad.qcow2'), 'unreadable'],
      [at('base.qcow2'), 'ok'],
      [at('over.qcow2'), 'ok'],
    ]);
    expect(found[2]).toMatchObject({ users: [], inUse: true, format: 'qcow2', virtualBytes: 8 * 1024 * 1024, parent: null });
    expect(found[3]).toMatchObject({
      parent: at('base.qcow2'),
      users: [{ machineId: 'one', drive: 'disk0' }, { machineId: 'two', drive: 'disk0' }],
    });
    const before = looks();
    expect(await media.list(machines)).toEqual(found);
    expect(looks(), 'files that did not change are not looked at again').toBe(before);
  });

  it('does not follow an image out of its folder', async () => {
    const { folder, media, machine } = library();
    mkdirSync(join(folder, 'in'));
    await img(['create', '-q', '-f', 'qcow2', join(folder, 'secret.qcow2'), '1M']);
    await img(['create', '-q', '-f', 'qcow2', '-u', '-b', '../secret.qcow2', '-F', 'qcow2', join(folder, 'in', 'trap.qcow2'), '1M']);
    const found = await media.list([machine('one', [drive('disk0', 'in/trap.qcow2')])]);
    expect(found).toMatchObject([{ path: join(folder, 'in', 'trap.qcow2'), parent: null }]);
  });
});
