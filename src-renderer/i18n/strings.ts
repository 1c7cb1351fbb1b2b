// The dictionary of this window's language. A language is added as one file of the same shape as en.ts.

import { en } from './en.ts';

export type Strings = typeof en;

export const t: Strings = en;
