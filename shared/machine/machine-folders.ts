// `machine-folders.json`: the folders besides the application's own in which the user keeps machines, and those machines.

import { z } from 'zod';
import { machineId } from './config.ts';

export const machineFolders = z.object({
  /** Each that was ever used: it may hold a trash. */
  folders: z.array(z.string()),
  /** Which machine is in which of them. */
  machines: z.record(machineId, z.string()),
});
