// The system's error codes in words that end a sentence: "“/x” cannot be read: it does not exist."
// Reference: POSIX, <errno.h>.

import { type Clause, type Phrase, say, wordOf } from './phrase.ts';

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EEXIST: 'it is there already',
  EACCES: 'access is denied',
  EPERM: 'access is denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
  EMFILE: 'too many files are open',
};

/** The code of an error of the system, or the empty string. */
export function systemErrorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** The error's own message where its code is not known. */
export function systemErrorWords(error: unknown): string | Clause {
  const words = WORDS[systemErrorCode(error)];
  if (words !== undefined) return wordOf(words);
  return error instanceof Error ? error.message : wordOf('unknown reason');
}

/** `doing` is a participle: "opened". */
export function cannot(path: string, doing: string, why: string | Clause): Phrase {
  return say`“${path}” cannot be ${wordOf(doing)}: ${why}.`;
}
