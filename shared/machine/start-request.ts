// What a machine process is started with: the settings, with absolute paths, and what only this start needs.

import { z } from 'zod';
import { machineConfig } from './config.ts';
import { nvramHex } from './nvram.ts';

export const startRequest = machineConfig.extend({
  /** Where images may name others that lie behind them, besides their own folders. */
  imageFolders: z.array(z.string().min(1).max(4096)).max(300).optional(),
  /** What its CMOS memory held when it was last switched off. */
  nvram: nvramHex.optional(),
  /** File in which its compiled code is kept for the next start. */
  codeArchive: z.string().min(1).max(4096).optional(),
});
export type StartRequest = z.infer<typeof startRequest>;
