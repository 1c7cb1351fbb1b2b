// Short messages of the window: what failed and the way out of it. They stay until dismissed, except good news.

import { create } from 'zustand';
import { type FailureCode, FailureError } from '../../shared/rpc/failure.ts';
import { said, t } from '../i18n/strings.ts';

export interface Notice {
  readonly id: number;
  readonly level: 'info' | 'warning' | 'error';
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string | undefined;
  readonly machineId?: string | undefined;
  readonly action?: { readonly label: string; run(): Promise<void> } | undefined;
}

const MAX_NOTICES = 5;
const INFO_MS = 5000;
/** Long enough to think again. */
const ACTION_MS = 20_000;

export const useNotices = create<{ readonly notices: readonly Notice[] }>(() => ({ notices: [] }));

let nextId = 1;

export function notify(notice: Omit<Notice, 'id'>): void {
  const id = nextId++;
  useNotices.setState(({ notices }) => {
    // The same message twice is one message.
    const others = notices.filter((other) => other.message !== notice.message);
    return { notices: [...others, { ...notice, id }].slice(-MAX_NOTICES) };
  });
  if (notice.level === 'info') setTimeout(() => dismiss(id), notice.action ? ACTION_MS : INFO_MS);
}

export function dismiss(id: number): void {
  useNotices.setState(({ notices }) => ({ notices: notices.filter((notice) => notice.id !== id) }));
}

export function notifyFailure(error: unknown, machineId?: string): void {
  // A lost connection has a banner of its own.
  if (error instanceof FailureError && error.code === 'rpc.closed') return;
  const hints: Partial<Record<FailureCode, string>> = t.failures.hints;
  const hint = error instanceof FailureError ? hints[error.code] : undefined;
  notify({ level: 'error', message: messageOf(error), hint, machineId });
}

/** Expected failures carry a sentence for the user; for anything else the console has the details. */
export function messageOf(error: unknown): string {
  if (error instanceof FailureError) return said(error);
  console.error(error);
  return t.failures.unexpected;
}
