// What a machine remembers when it is switched off: the bytes of its CMOS memory that are not the clock's, as text.

import { z } from 'zod';

/** Registers 0Eh to 7Fh. */
export const NVRAM_BYTES = 114;

export const nvramHex = z.string().length(2 * NVRAM_BYTES).regex(/^[0-9a-f]*$/);

/** The file that keeps it. `sha256`: of the bytes. */
export const nvramFile = z.object({ format: z.literal(1), cmos: nvramHex, sha256: z.string() });
