// What the system says about a file that cannot be opened, as a failure for the user.

import { type FailureCode, FailureError } from '../../shared/rpc/failure.ts';

const KNOWN: Readonly<Record<string, readonly [FailureCode, string]>> = {
  ENOENT: ['files.notFound', 'does not exist'],
  ENOTDIR: ['files.notFound', 'does not exist'],
  EACCES: ['files.denied', 'cannot be opened: access is denied'],
  EPERM: ['files.denied', 'cannot be opened: access is denied'],
  EISDIR: ['files.wrongKind', 'is a folder, not a file'],
};

/** Failures that are already worded, and defects, pass through. */
export function fileFailure(error: unknown, path: string): unknown {
  if (error instanceof FailureError || !(error instanceof Error) || !('code' in error)) return error;
  const [code, words] = KNOWN[String(error.code)] ?? ['files.unreadable', `cannot be read (${error.code})`];
  return new FailureError(code, `“${path}” ${words}.`, { path });
}
