// A name that no other machine has.

import { MAX_NAME_LENGTH } from './config.ts';

/** Room for a blank and a number. */
const NUMBER_LENGTH = 5;

export function freeName(wanted: string, taken: readonly string[]): string {
  const folded = new Set(taken.map((name) => name.trim().toLowerCase()));
  const stem = wanted.trim().slice(0, MAX_NAME_LENGTH - NUMBER_LENGTH).trim();
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted.trim().slice(0, MAX_NAME_LENGTH).trim() : `${stem} ${number}`;
    if (!folded.has(name.toLowerCase())) return name;
  }
}
