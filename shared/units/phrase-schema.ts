// The parser of sentences that come from another process, and so what a sentence is. Apart from what makes sentences
// (phrase.ts), which every command needs: schemas take a while to load.

import { z } from 'zod';

const words = z.string().max(1000);
const value = z.union([z.string().max(5000), z.number()]);

/** Part of a sentence. */
const clause = z.object({ words, values: z.array(value).max(10).readonly() }).readonly();
export type Clause = z.infer<typeof clause>;

export const phrase = z
  .object({
    /** English, with {0}, {1} and so on for the values. */
    words,
    /** Clauses among them are words too: "it does not exist". The rest is said as it is. */
    values: z.array(z.union([value, clause])).max(10).readonly(),
  })
  .readonly();
export type Phrase = z.infer<typeof phrase>;
