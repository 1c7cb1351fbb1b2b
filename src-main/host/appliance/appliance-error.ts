// What is wrong with a file that a machine travels in, in a sentence that names it.

import { FailureError } from '../../../shared/rpc/failure.ts';
import { BlockError, type BlockJob } from '../../engine/block/index.ts';

export function damaged(file: string, what: string): FailureError {
  return new FailureError('media.damaged', `“${file}” ${what}`.slice(0, 2000), { path: file });
}

export function unsupported(file: string, what: string): FailureError {
  return new FailureError('files.unsupported', `“${file}” ${what}`.slice(0, 2000), { path: file });
}

export function refuseCancelled(job: BlockJob, file: string): void {
  if (job.cancelled) throw new BlockError('cancelled', `“${file}”: cancelled.`, { file });
}

/** What stands in a file from anywhere, fit for a sentence: no control characters, not endless. */
export function shown(text: string, length = 120): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
  return plain.length > length ? `${plain.slice(0, length - 1)}…` : plain;
}

/** The same of a text of several lines. */
export function shownLines(text: string, length: number): string {
  return text.split('\n').map((line) => shown(line, length)).join('\n').slice(0, length);
}
