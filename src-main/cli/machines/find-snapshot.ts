// Which snapshot a word on the command line means.

import { FailureError } from '../../../shared/rpc/failure.ts';
import type { SnapshotTreeView, SnapshotView } from '../../../shared/snapshot/snapshot-view.ts';

/** By id, name, or the beginning of only one of them. */
export function findByWord({ snapshots }: SnapshotTreeView, word: string): SnapshotView {
  const folded = word.toLowerCase();
  const exact = snapshots.filter(({ id, name }) => id === word || name === word);
  const similar = snapshots.filter(({ id, name }) => folded !== '' && [id, name.toLowerCase()].some((one) => one.startsWith(folded)));
  const [first, second] = exact.length > 0 ? exact : similar;
  if (first === undefined) throw new FailureError('snapshot.notFound', `There is no snapshot “${word}”; \`boxwright snapshot list\` shows those there are.`);
  if (second !== undefined)
    throw new FailureError('snapshot.notFound', `“${word}” could be several snapshots; write more of the name, or the id.`);
  return first;
}
