// A change of a machine's snapshots as it is written down before it is made, so that whoever opens the machine next can
// finish it. Carried out by the services (snapshot-files.ts).

import { z } from 'zod';
import { IMAGE_FORMATS, machineConfig } from '../machine/config.ts';
import { nvramHex } from '../machine/nvram.ts';
import { snapshotTree, TREE_SCHEMA } from './snapshot-tree.ts';

const path = z.string().min(1).max(4096);

export const snapshotJournal = z.object({
  schema: z.literal(TREE_SCHEMA),
  /** For people who look at it. */
  operation: z.string(),
  rebases: z.array(z.object({ path, backing: z.object({ name: path, format: z.enum(IMAGE_FORMATS) }).nullable() })),
  config: machineConfig.nullable(),
  /** CMOS memory; null: it stays. */
  nvram: nvramHex.nullable().default(null),
  tree: snapshotTree,
  removes: z.array(path),
});
export type SnapshotJournal = z.infer<typeof snapshotJournal>;
