// What went wrong with an image, as a failure that crosses processes.

import { type FailureCode, FailureError } from '../../shared/rpc/failure.ts';
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

/** Defects pass through. */
export function imageFailure(error: unknown, path: string): unknown {
  if (!(error instanceof BlockError)) return error;
  return new FailureError(FAILURES[error.code] ?? 'files.unreadable', error.message.slice(0, 2000), { path });
}
