// Reads what leads to the blocks of a dynamic or differencing VHD, with every number checked against the file.

import type { ByteStore } from '../../byte-store.ts';
import { corrupt } from '../../sparse/fields.ts';
import type { VhdTable } from './block-table.ts';
import { HEADER_BYTES, parseDynamicHeader, VHD_TYPES } from './footer.ts';
import { vhdLength } from './geometry.ts';
import type { FoundFooter } from './read-footer.ts';

export const readTable = async (store: ByteStore, found: FoundFooter): Promise<VhdTable> => {
  const { footer } = found;
  const bytes = new Uint8Array(HEADER_BYTES);
  if (footer.headerPosition + HEADER_BYTES > store.length)
    throw corrupt(
      store.name,
      'VHD footer',
      16,
      `the header at ${footer.headerPosition} is behind the end of the file`,
    );
  await store.readAt(footer.headerPosition, bytes);
  const header = parseDynamicHeader(bytes, store.name, footer.headerPosition);
  const length = vhdLength(footer);
  const fail = (at: number, problem: string) =>
    corrupt(store.name, 'VHD dynamic disk header', footer.headerPosition + at, problem);
  if (header.tablePosition + header.entries * 4 > store.length)
    throw fail(
      28,
      `the block allocation table of ${header.entries} entries reaches behind the end of the file`,
    );
  if (header.entries * header.blockSize < length)
    throw fail(28, `${header.entries} blocks of ${header.blockSize} bytes are too few for ${length} bytes`);
  return {
    header,
    length,
    differencing: footer.type === VHD_TYPES.differencing,
    footer: found.bytes,
    footerAtEnd: found.atEnd,
  };
};
