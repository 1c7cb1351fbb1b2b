// A process that makes one change to the snapshots of a machine when it is told to: something to be killed.
// Arguments: the data folder, the change, the name of a snapshot.

import { cloneMachine } from '../../src-main/services/machine-cloner.ts';
import { openData } from './snapshot-machine.ts';

const [folder = '', action = '', target = ''] = process.argv.slice(2);
const ID = 'subject';
const { registry, store, mortal } = await openData(folder);
const { snapshots } = await store.view(ID);
const snapshot = snapshots.find(({ name }) => name === target)?.id ?? '';
process.once('message', () => void change().finally(() => process.disconnect()));
process.send?.('ready');

async function change(): Promise<void> {
  if (action === 'take') await store.take(ID, { name: 'New' });
  else if (action === 'restore') await store.restore(ID, { snapshot, disksOnly: false, keepPresent: true });
  else if (action === 'delete') await store.delete(ID, snapshot);
  else await cloneMachine({ machines: registry, io: mortal.io, store }, { id: ID, snapshot: null, name: 'Copy', linked: action === 'link', keepIdentity: false });
}
