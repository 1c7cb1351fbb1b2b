// Finds the footer of a VHD: at the end, else its copy at the start.

import type { ByteStore } from '../../byte-store.ts';
import { wrongFormat } from '../../sparse/fields.ts';
import { FOOTER_BYTES, hasFooterCookie, isFooterWhole, parseFooter, type VhdFooter } from './footer.ts';

export interface FoundFooter {
  readonly footer: VhdFooter;
  readonly bytes: Uint8Array;
  /** False: it was cut off or overwritten, and the copy was taken. */
  readonly atEnd: boolean;
}

export const readAnyFooter = async (store: ByteStore): Promise<FoundFooter> => {
  const first = new Uint8Array(FOOTER_BYTES);
  const last = new Uint8Array(FOOTER_BYTES);
  const end = store.length - FOOTER_BYTES;
  await store.readAt(0, first);
  if (end >= 0) await store.readAt(end, last);
  // A dynamic disk is known by its start: what stands at the end may be a guest's data.
  if (isFooterWhole(first)) {
    const atEnd = first.every((byte, i) => byte === last[i]);
    return { footer: parseFooter(first, store.name, 0), bytes: first, atEnd };
  }
  if (hasFooterCookie(last)) return { footer: parseFooter(last, store.name, end), bytes: last, atEnd: true };
  if (hasFooterCookie(first))
    return { footer: parseFooter(first, store.name, 0), bytes: first, atEnd: false };
  throw wrongFormat(store.name, 'VHD');
};
