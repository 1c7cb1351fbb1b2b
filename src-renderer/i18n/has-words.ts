// Search in the window's own texts: in its language or in English, which people type too.

import { en } from './en.ts';
import { type Strings, t } from './strings.ts';

export function hasWords(textOf: (texts: Strings) => string, wanted: string): boolean {
  const words = wanted.trim().toLocaleLowerCase();
  return [t, en].some((texts) => textOf(texts).toLocaleLowerCase().includes(words));
}
