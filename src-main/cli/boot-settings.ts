// The values of -boot and -rtc. Reference for spellings: QEMU's invocation.

import { onOff, parseKeyValues } from './key-values.ts';
import { UsageError } from './usage-error.ts';

export interface BootSettings {
  readonly order: string;
  readonly once: string | undefined;
  readonly menu: boolean;
  readonly strict: boolean;
}

/** Hard disk, CD-ROM, floppy. */
export const DEFAULT_BOOT: BootSettings = { order: 'cda', once: undefined, menu: false, strict: false };

/** "d", or "order=dc,once=d,menu=on,strict=off". */
export function parseBoot(text: string): BootSettings {
  const values = parseKeyValues('-boot', text, ['order', 'once', 'menu', 'strict'], 'order');
  const order = values.get('order');
  const once = values.get('once');
  return {
    order: order === undefined ? DEFAULT_BOOT.order : letters(text, order),
    once: once === undefined ? undefined : letters(text, once),
    menu: onOff(`-boot ${text}`, 'menu', values.get('menu')),
    strict: onOff(`-boot ${text}`, 'strict', values.get('strict')),
  };
}

function letters(text: string, order: string): string {
  for (const [index, letter] of [...order].entries()) {
    if (!'abcdn'.includes(letter))
      throw new UsageError(`-boot ${text}: "${letter}" is no device; there is a, b (floppy), c (hard disk), d (CD-ROM), n (network)`);
    if (order.indexOf(letter) !== index) throw new UsageError(`-boot ${text}: "${letter}" is given twice`);
  }
  if (order === '') throw new UsageError(`-boot ${text}: no device is named`);
  return order;
}

/** Milliseconds that the guest's clock is ahead of UTC, for a start now. */
export function parseRtc(text: string, nowMs: number): number {
  const base = parseKeyValues('-rtc', text, ['base']).get('base') ?? 'utc';
  if (base === 'utc') return 0;
  if (base === 'localtime') return -new Date(nowMs).getTimezoneOffset() * 60_000;
  const date = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?$/.test(base) ? Date.parse(base.includes('T') ? `${base}Z` : base) : Number.NaN;
  if (Number.isNaN(date))
    throw new UsageError(`-rtc ${text}: base=${base} is not a date; write utc, localtime, 2026-11-21 or 2026-11-21T09:30:00`);
  return date - nowMs;
}
