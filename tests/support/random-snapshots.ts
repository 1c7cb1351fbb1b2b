// A random life of a machine with snapshots beside a model: disks are written, snapshots taken, restored and deleted.
// In the end every snapshot is restored and its disk compared. The same seed gives the same life.

import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { randomFrom, randomRequest } from './random-workload.ts';
import { makeMachine, type NewMachineDisk, type Opened, openData, withDisk } from './snapshot-machine.ts';

export interface SnapshotLife {
  readonly seed: number;
  readonly steps: number;
  /** Takes go on until there have been so many. */
  readonly snapshots: number;
  readonly diskBytes: number;
  readonly format: NewMachineDisk['format'];
}

const ID = 'subject';
const DRIVE = 'disk0';

export async function liveRandomly(folder: string, { seed, steps, snapshots, diskBytes, format }: SnapshotLife): Promise<{ readonly taken: number; readonly left: number }> {
  const random = randomFrom(seed);
  await makeMachine(folder, [{ format, bytes: diskBytes }]);
  const opened = await openData(folder);
  const held = new Map<string, Uint8Array>();
  let present = new Uint8Array(diskBytes);
  let taken = 0;
  const pick = () => [...held.keys()][random(held.size)] ?? '';

  const write = async () => {
    await withDisk(opened, ID, DRIVE, async (disk) => {
      for (let count = 1 + random(3); count > 0; count--) {
        const { kind, offset, length, pattern } = randomRequest(random, diskBytes, diskBytes / 4);
        const byte = kind === 'write' ? pattern : 0;
        if (byte === 0) await disk.zero(offset, length);
        else await disk.write(offset, new Uint8Array(length).fill(byte));
        present.fill(byte, offset, offset + length);
      }
    });
  };
  const take = async () => {
    const { id } = await opened.store.take(ID, { name: `Snapshot ${taken}` });
    held.set(id, present.slice());
    taken += 1;
  };
  const restore = async () => {
    const target = pick();
    await opened.store.restore(ID, { snapshot: target, disksOnly: random(2) === 0, keepPresent: random(3) > 0 });
    for (const { id } of (await opened.store.view(ID)).snapshots) if (!held.has(id)) held.set(id, present.slice());
    present = held.get(target)?.slice() ?? present;
  };
  const remove = async () => {
    const target = pick();
    await opened.store.delete(ID, target);
    held.delete(target);
  };

  for (let step = 0; step < steps; step++) {
    const choice = random(10);
    if (choice < 4) await write();
    else if (choice < 7 && taken < snapshots) await take();
    else if (choice < 9 && held.size > 0) await restore();
    else if (choice === 9 && held.size > 2) await remove();
    await compare(opened, present, `present, step ${step}, seed ${seed}`);
  }
  const { snapshots: left, warning } = await opened.store.view(ID);
  expect(warning).toBeNull();
  expect(new Set(left.map(({ id }) => id))).toEqual(new Set(held.keys()));
  for (const [id, content] of held) {
    const copy = join(folder, '..', 'copy');
    cpSync(folder, copy, { recursive: true });
    const other = await openData(copy);
    await other.store.restore(ID, { snapshot: id, disksOnly: false, keepPresent: true });
    await compare(other, content, `snapshot ${id}, seed ${seed}`);
    rmSync(copy, { recursive: true });
  }
  return { taken, left: held.size };
}

async function compare(opened: Opened, wanted: Uint8Array, what: string): Promise<void> {
  const found = await withDisk(opened, ID, DRIVE, (disk) => disk.read(0, wanted.length));
  const at = found.findIndex((byte, index) => byte !== wanted[index]);
  expect(at, `${what}: first difference`).toBe(-1);
}
