// What went wrong with an image, as a failure that crosses processes.

import { type FailureCode, FailureError } from '../../shared/rpc/failure.ts';
import { type Phrase, textOf, wordOf } from '../../shared/units/phrase.ts';
import { cannot } from '../../shared/units/system-error.ts';
import { BlockError, type BlockErrorCode } from '../engine/block/index.ts';

const FAILURES: Readonly<Partial<Record<BlockErrorCode, FailureCode>>> = {
  'not-found': 'files.notFound',
  'backing-missing': 'files.notFound',
  permission: 'files.denied',
  'read-only': 'files.denied',
  'reference-refused': 'files.denied',
  'is-directory': 'files.wrongKind',
  'not-a-file': 'files.wrongKind',
  'wrong-format': 'files.wrongKind',
  unsupported: 'files.unsupported',
  'in-use': 'files.inUse',
  exists: 'files.exists',
  corrupt: 'media.damaged',
  'backing-cycle': 'media.damaged',
  cancelled: 'media.cancelled',
  'no-space': 'store.writeFailed',
};

const MAX_MESSAGE = 2000;

/** Defects pass through. */
export function imageFailure(error: unknown, path: string): unknown {
  if (!(error instanceof BlockError)) return error;
  return new FailureError(FAILURES[error.code] ?? 'files.unreadable', saidBy(error), { path });
}

/** What the host refused can be said in other languages; what is wrong inside an image is said in English. */
export function saidBy({ message, detail: { file, doing, cause } }: BlockError): string | Phrase {
  if (typeof doing !== 'string' || typeof cause !== 'string') return message.slice(0, MAX_MESSAGE);
  const said = cannot(String(file), doing, wordOf(cause));
  // A layer above may have said more.
  return textOf(said) === message ? said : message.slice(0, MAX_MESSAGE);
}
