// Several machines at once, or a group: chosen in the list, for actions on all of them. A single machine is a place
// (navigation.ts), not a selection.

import { create } from 'zustand';
import { goTo, usePlace } from './navigation.ts';

const NONE: ReadonlySet<string> = new Set();

/** Ids of machines, and groups as `groupKey` writes them. */
export const useSelection = create<{ readonly keys: ReadonlySet<string> }>(() => ({ keys: NONE }));

const GROUP = 'group:';

/** Ids of machines have no colon. */
export function groupKey(group: string): string {
  return GROUP + group;
}

export function groupOfKey(key: string): string | undefined {
  return key.startsWith(GROUP) ? key.slice(GROUP.length) : undefined;
}

export function select(keys: ReadonlySet<string>): void {
  const [first] = keys;
  const { page } = usePlace.getState();
  if (keys.size === 1 && first !== undefined && groupOfKey(first) === undefined) return goTo(first, page);
  goTo(null);
  useSelection.setState({ keys });
}

/** Whoever goes somewhere has chosen that. */
usePlace.subscribe(() => useSelection.setState({ keys: NONE }));
