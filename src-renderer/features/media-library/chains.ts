// The library's entries as trees: an image, below it what stands on it.

import type { MediumView } from '../../../shared/machine/media.ts';

export interface ChainRow {
  readonly medium: MediumView;
  readonly depth: number;
}

/** Each once, parents first; with a search those that match and what they stand on. */
export function chainRows(media: readonly MediumView[], wanted: string): ChainRow[] {
  const byPath = new Map(media.map((medium) => [medium.path, medium]));
  const shown = new Set<string>();
  for (const medium of media) {
    if (!matches(medium, wanted)) continue;
    for (let at: MediumView | undefined = medium; at && !shown.has(at.path); at = byPath.get(at.parent ?? '')) shown.add(at.path);
  }
  const rows: ChainRow[] = [];
  const placed = new Set<string>();
  const place = (medium: MediumView, depth: number) => {
    if (placed.has(medium.path) || !shown.has(medium.path)) return;
    placed.add(medium.path);
    rows.push({ medium, depth });
    for (const child of media) if (child.parent === medium.path) place(child, depth + 1);
  };
  for (const medium of media) if (medium.parent === null || !byPath.has(medium.parent)) place(medium, 0);
  // Images that name each other in a circle have no first one.
  for (const medium of media) place(medium, 0);
  return rows;
}

function matches({ path, users }: MediumView, wanted: string): boolean {
  const text = [path, ...users.map(({ name }) => name)].join('\n').toLocaleLowerCase();
  return text.includes(wanted.trim().toLocaleLowerCase());
}
