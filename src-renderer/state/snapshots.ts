// A machine's snapshots as its page shows them: asked for when it opens and whenever the machine changes.

import { useCallback, useEffect, useState } from 'react';
import type { SnapshotTreeView } from '../../shared/snapshot/snapshot-view.ts';
import type { ReadyMachine } from '../../shared/machine/view.ts';
import type { CallName, InputOf } from '../../shared/rpc/contract.ts';
import type { AppContract } from '../../shared/rpc/app-contract.ts';
import { t } from '../i18n/strings.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { client } from './client.ts';
import { messageOf, notify, notifyFailure } from './notices.ts';

export interface Snapshots {
  readonly tree: SnapshotTreeView | null;
  /** Why they cannot be shown. */
  readonly problem: string | null;
  readonly isBusy: boolean;
  /** Changes them; true when it was done, and a notice says why where it was not. */
  change<K extends ChangingCall>(name: K, input: Omit<InputOf<AppContract, K>, 'id'>): Promise<boolean>;
}

type ChangingCall = Extract<CallName<AppContract>, 'snapshots.take' | 'snapshots.restore' | 'snapshots.edit' | 'snapshots.delete' | 'snapshots.setSchedule'>;

export function useSnapshots(machine: ReadyMachine): Snapshots {
  const { id } = machine;
  const [tree, setTree] = useState<SnapshotTreeView | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of the machine is what it waits for
  useEffect(() => {
    let alive = true;
    client()
      .call('snapshots.list', { id })
      .then(
        (found) => {
          if (!alive) return;
          setTree(found);
          setProblem(null);
        },
        (error: unknown) => {
          if (alive) setProblem(messageOf(error));
        },
      );
    return () => {
      alive = false;
    };
  }, [id, machine]);
  const change = useCallback(
    async <K extends ChangingCall>(name: K, input: Omit<InputOf<AppContract, K>, 'id'>) => {
      setBusy(true);
      try {
        setTree((await client().call(name, { ...input, id } as InputOf<AppContract, K>)) as SnapshotTreeView);
        return true;
      } catch (error) {
        // Who cancelled it knows.
        if (!(error instanceof FailureError && (error.code === 'state.cancelled' || error.code === 'media.cancelled'))) notifyFailure(error, id);
        return false;
      } finally {
        setBusy(false);
      }
    },
    [id],
  );
  return { tree: tree?.machine === id ? tree : null, problem, isBusy, change };
}

/** Goes on in the background, as a job; what came of it is told. */
export async function verifySnapshots(id: string): Promise<void> {
  try {
    const { files } = await client().call('snapshots.verify', { id });
    const [first, ...others] = files.filter(({ outcome }) => outcome === 'damaged');
    if (first === undefined) notify({ level: 'info', message: t.snapshots.verified(files.length), machineId: id });
    else notify({ level: 'error', message: t.snapshots.verifyFailed(first.path, others.length, first.message ?? ''), machineId: id });
  } catch (error) {
    notifyFailure(error, id);
  }
}
