// Expected failures as data. They cross process boundaries as `RpcFailure` and are thrown as `FailureError` inside
// a process. `code` is for programs and for the interface's own wording; `message` is a complete sentence.

import { z } from 'zod';
import { type Phrase, textOf } from '../units/phrase.ts';
import { phrase } from '../units/phrase-schema.ts';

export const FAILURE_CODES = [
  'rpc.invalidInput',
  'rpc.invalidOutput',
  'rpc.unknownCall',
  'rpc.tooManyCalls',
  'rpc.closed',
  'rpc.timeout',
  'rpc.internal',
  'machine.notFound',
  'machine.wrongState',
  'machine.invalidConfig',
  'machine.damaged',
  'machine.processFailed',
  'machine.startFailed',
  'machine.unsupported',
  'machine.untypable',
  'machine.inUse',
  'host.memoryShort',
  'files.notFound',
  'files.denied',
  'files.notAFolder',
  'files.unreadable',
  'files.wrongKind',
  'files.unsupported',
  'files.inUse',
  'files.exists',
  'media.damaged',
  'media.cancelled',
  'state.damaged',
  'state.mismatch',
  'state.cancelled',
  'state.writeFailed',
  'store.writeFailed',
  'snapshot.notFound',
  'snapshot.damaged',
  'snapshot.busy',
  'snapshot.neededByClones',
  'config.unreadable',
  'config.tooNew',
] as const;

export type FailureCode = (typeof FAILURE_CODES)[number];

export const rpcFailure = z.object({
  code: z.enum(FAILURE_CODES),
  message: z.string().max(4000),
  phrase: phrase.optional(),
  detail: z.record(z.string().max(64), z.union([z.string().max(4000), z.number()])).optional(),
});

export interface RpcFailure {
  readonly code: FailureCode;
  readonly message: string;
  /** The message with its values apart, for windows of other languages. */
  readonly phrase?: Phrase | undefined;
  readonly detail?: Record<string, string | number> | undefined;
}

/** What a call came to, where exceptions do not cross. */
export type Outcome =
  | { readonly ok: true; readonly output: unknown }
  | { readonly ok: false; readonly failure: RpcFailure };

export class FailureError extends Error implements RpcFailure {
  readonly code: FailureCode;
  readonly phrase: Phrase | undefined;
  readonly detail: Record<string, string | number> | undefined;

  constructor(code: FailureCode, message: string | Phrase, detail?: Record<string, string | number>) {
    super(typeof message === 'string' ? message : textOf(message));
    this.name = 'FailureError';
    this.code = code;
    this.phrase = typeof message === 'string' ? undefined : message;
    this.detail = detail;
  }
}

/** What to tell the other side about anything that was thrown; text of unexpected errors stays here. */
export function toFailure(error: unknown): RpcFailure {
  if (error instanceof FailureError) {
    const { code, message, phrase, detail } = error;
    return { code, message, ...(phrase && { phrase }), ...(detail && { detail }) };
  }
  return { code: 'rpc.internal', message: 'Something went wrong inside Boxwright. The log has the details.' };
}

export function fromFailure(failure: RpcFailure): FailureError {
  return new FailureError(failure.code, failure.phrase ?? failure.message, failure.detail);
}
