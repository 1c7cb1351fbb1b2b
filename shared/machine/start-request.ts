// What a machine process is started with: the settings, with absolute paths, and what only this start needs.

import { z } from 'zod';
import { machineConfig } from './config.ts';

export const startRequest = machineConfig.extend({
  /** Where images may name others that lie behind them, besides their own folders. */
  imageFolders: z.array(z.string().min(1).max(4096)).max(300).optional(),
});
export type StartRequest = z.infer<typeof startRequest>;
