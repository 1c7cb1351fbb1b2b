// A process that makes one change to the snapshots of a machine when it is told to: something to be killed.
// Arguments: the data folder, the change, the name of a snapshot, and the file of guest-writes.ts, where the machine runs
// meanwhile.

import { cloneMachine } from '../../src-main/services/machine-cloner.ts';
import { writeOn } from './guest-writes.ts';
import { RunningDisks } from './running-disks.ts';
import { openData } from './snapshot-machine.ts';

const [folder = '', action = '', target = '', flushed = ''] = process.argv.slice(2);
const ID = 'subject';

const disks = flushed === '' ? undefined : await RunningDisks.start(await openData(folder), ID);
const { registry, store, mortal, runs } = await openData(folder, undefined, undefined, disks);
await runs.load([ID]);
const { snapshots } = await store.view(ID);
const snapshot = snapshots.find(({ name }) => name === target)?.id ?? '';
let isOver = false;
process.once('message', () => void Promise.all([change().finally(() => { isOver = true; }), disks && writeOn(disks, flushed, () => isOver)]).finally(() => process.disconnect()));
process.send?.('ready');

function change(): Promise<unknown> {
  switch (action) {
    case 'take':
      return store.take(ID, { name: 'New' });
    case 'restore':
      return store.restore(ID, { snapshot, disksOnly: false, keepPresent: true });
    case 'delete':
      return store.delete(ID, snapshot);
    case 'save':
      return store.save(ID);
    case 'forget':
      return store.discard(ID);
    case 'begin':
      return runs.begin(ID);
    case 'keep':
      return runs.keep(ID);
    case 'throw':
      return runs.discard(ID);
    default:
      return cloneMachine({ machines: registry, io: mortal.io, store }, { id: ID, snapshot: null, name: 'Copy', linked: action === 'link', keepIdentity: false });
  }
}
