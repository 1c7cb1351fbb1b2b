// Every checksum of a machine, over real images and a real state: damage is found, and named with what needs the file.

import { copyFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MediaTools } from '../../../src-main/host/media-tools.ts';
import { type VerifierMedia, verifyMachine } from '../../../src-main/services/machine-verifier.ts';
import { makeMachine, openData, withDisk } from '../../support/snapshot-machine.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const ID = 'subject';
const STATE = join(import.meta.dirname, '..', '..', 'fixtures', 'states', 'echo-0.1.0.state');

const tools = new MediaTools(() => undefined);
const media: VerifierMedia = {
  verifyState: async (path) => {
    await tools.verifyState({ job: 'v', path });
    return undefined;
  },
  checkImage: (path) => tools.checkImage({ job: 'c', path, repair: 'none' }),
};

it('finds the damaged byte of a state and the missing disk, and reads everything else all the same', async () => {
  const folder = join(temporaryFolder(), 'data');
  await makeMachine(folder, [{ format: 'qcow2', bytes: 4 << 20 }]);
  const live = {
    saveState: async (_id: string, { path }: { path: string }) => {
      copyFileSync(STATE, path);
      return { bytes: 5, pausedMs: 1, pausedCpuMs: 1, totalMs: 2, pages: 1, ownPages: 1, usesParent: false };
    },
    picture: async () => null,
  };
  await (await openData(folder, undefined, undefined, live)).store.take(ID, { name: 'First' });
  const opened = await openData(folder);
  await withDisk(opened, ID, 'disk0', (disk) => disk.write(0, Buffer.from('written.')));
  const verify = () => opened.store.holding(ID, (now) => verifyMachine(media, now));
  expect((await verify()).files.map(({ kind, outcome }) => `${kind} ${outcome}`)).toEqual(['state sound', 'disk sound', 'disk sound']);

  const snapshots = join(folder, 'machines', ID, 'snapshots');
  const state = join(snapshots, readdirSync(snapshots).find((name) => name.endsWith('.state'))!);
  const bytes = readFileSync(state);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(state, bytes);
  const [first, ...others] = (await verify()).files;
  expect(first).toMatchObject({ path: state, outcome: 'damaged', users: ['First'], message: expect.stringContaining(state) });
  expect(others.map(({ outcome }) => outcome)).toEqual(['sound', 'sound']);
});
