// A sentence for the user with its values apart, so that a window can say it in another language. Its English words stand
// where it is said; catalogues of other languages are keyed by them. Not: what the window says by itself, which is in its
// own catalogues.

import type { Clause, Phrase } from './phrase-schema.ts';

export type { Clause, Phrase };

class Said<V extends Phrase['values']> {
  readonly words: string;
  readonly values: V;

  constructor(words: string, values: V) {
    this.words = words;
    this.values = values;
  }

  /** For sentences that are only said in English. */
  toString(): string {
    return textOf(this);
  }
}

/** A tag for templates: say`“${path}” is no file.` */
export function say(parts: TemplateStringsArray, ...values: Clause['values']): Clause;
export function say(parts: TemplateStringsArray, ...values: Phrase['values']): Phrase;
export function say(parts: TemplateStringsArray, ...values: Phrase['values']): Phrase {
  return new Said(parts.reduce((before, part, index) => `${before}{${index - 1}}${part}`), values);
}

/** One of a few words that a sentence is made with. */
export function wordOf(words: string): Clause {
  return new Said(words, []);
}

/** `translated` knows the words in another language, or gives them back. */
export function textOf({ words, values }: Phrase, translated: (words: string) => string = (same) => same): string {
  return translated(words).replace(/\{(\d)\}/g, (_, index: string) => {
    const value = values[Number(index)] ?? '';
    return typeof value === 'object' ? textOf(value, translated) : String(value);
  });
}
