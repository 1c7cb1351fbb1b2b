// Reads every checksum of what a machine is made of: the states of its snapshots and the layers of its disks. Nothing is
// changed, and what is wrong with one file keeps no other from being read. Images are those that `img check` knows.

import type { OutputOf } from '../../shared/rpc/contract.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import type { MediaContract } from '../../shared/rpc/media-contract.ts';
import type { VerifiedFile, VerifyReport } from '../../shared/snapshot/snapshot-view.ts';
import { chainOf, keptStates, type Layer, type Snapshot, type SnapshotTree, stateChain } from '../../shared/snapshot/snapshot-tree.ts';
import { currentWatch } from './job-watch.ts';
import { type Opened, presentDisks } from './machine-disks.ts';

export interface VerifierMedia {
  verifyState(path: string): Promise<OutputOf<MediaContract, 'verifyState'>>;
  checkImage(path: string): Promise<OutputOf<MediaContract, 'checkImage'>>;
}

/** Why a file was not looked at, which says nothing against it. */
const UNCHECKED = ['files.inUse', 'files.unsupported'];

export async function verifyMachine(media: VerifierMedia, { id, files, config, tree }: Opened): Promise<VerifyReport> {
  const found: VerifiedFile[] = [];
  const look = async (kind: VerifiedFile['kind'], path: string, work: () => Promise<string | null>): Promise<void> => {
    const users = usersOf(tree, path);
    if (currentWatch()?.signal.aborted) throw new FailureError('media.cancelled', 'Cancelled.');
    const one = { kind, path: files.absolute(path), users };
    try {
      const fault = await work();
      found.push({ ...one, outcome: fault === null ? 'sound' : 'damaged', message: fault });
    } catch (error) {
      if (!(error instanceof FailureError) || error.code === 'media.cancelled') throw error;
      found.push({ ...one, outcome: UNCHECKED.includes(error.code) ? 'unchecked' : 'damaged', message: error.message.slice(0, 2000) });
    }
    currentWatch()?.log(`${one.path}: ${found.at(-1)?.outcome}`);
  };
  for (const path of keptStates(tree)) {
    await look('state', path, async () => {
      await media.verifyState(files.absolute(path));
      return null;
    });
  }
  const layers = new Map<string, Layer>([...tree.layers, ...presentDisks(files, config, tree).map(({ layer }) => layer)].map((one) => [one.path, one]));
  for (const { path } of layers.values()) {
    await look('disk', path, async () => {
      const { corruptions, checkErrors, faults } = await media.checkImage(files.absolute(path));
      return corruptions + checkErrors === 0 ? null : (faults.find(({ kind }) => kind === 'corruption')?.message ?? `${corruptions} errors were found.`);
    });
  }
  return { machine: id, files: found };
}

/** Names of the snapshots that need a file. */
function usersOf(tree: SnapshotTree, path: string): string[] {
  return tree.snapshots.filter((one) => needs(tree, one, path)).map(({ name }) => name).slice(0, 100);
}

function needs(tree: SnapshotTree, { state, disks }: Snapshot, path: string): boolean {
  return stateChain(tree, state).includes(path) || disks.some(({ layer }) => chainOf(tree, layer).some((one) => one.path === path));
}
