// What the system says about a file that cannot be opened, as a failure for the user.

import { type FailureCode, FailureError } from '../../shared/rpc/failure.ts';
import { cannot, systemErrorCode, systemErrorWords } from '../../shared/units/system-error.ts';

const CODES: Readonly<Record<string, FailureCode>> = {
  ENOENT: 'files.notFound',
  ENOTDIR: 'files.notFound',
  EACCES: 'files.denied',
  EPERM: 'files.denied',
  EISDIR: 'files.wrongKind',
};

/** Failures that are already worded, and defects, pass through. */
export function fileFailure(error: unknown, path: string): unknown {
  const code = systemErrorCode(error);
  if (error instanceof FailureError || code === '') return error;
  return new FailureError(
    CODES[code] ?? 'files.unreadable',
    cannot(path, 'opened', systemErrorWords(error)),
    { path },
  );
}
