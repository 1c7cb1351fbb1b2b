// Who runs a machine, as the file `lock` in its folder says.

import { z } from 'zod';

export const lockHolder = z.object({
  pid: z.number().int().positive(),
  host: z.string().max(300),
  /** Of this start of the computer; empty where the system names none. */
  boot: z.string().max(100),
  token: z.string().max(100),
});
export type LockHolder = z.infer<typeof lockHolder>;
