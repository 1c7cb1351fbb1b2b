// Builds small Apple disk images: chunks of given kinds, the property list and the trailer.

import { deflateSync } from 'node:zlib';
import { writeU32be, writeU64be } from '../../src-main/engine/base/bytes.ts';

const TYPES = { zero: 0, raw: 1, ignore: 2, zlib: 0x8000_0005 } as const;

export type DmgChunk = readonly [kind: keyof typeof TYPES, content: Uint8Array];

/** Contents are whole sectors; they follow one another on the disk. */
export const buildDmg = (chunks: readonly DmgChunk[]): Uint8Array => {
  const data: Uint8Array[] = [];
  const table = new Uint8Array(204 + (chunks.length + 1) * 40);
  let sector = 0;
  let position = 0;
  chunks.forEach(([kind, content], i) => {
    const at = 204 + i * 40;
    const stored =
      kind === 'raw' ? content : kind === 'zlib' ? new Uint8Array(deflateSync(content)) : new Uint8Array(0);
    writeU32be(table, at, TYPES[kind]);
    writeU64be(table, at + 8, sector);
    writeU64be(table, at + 16, content.length / 512);
    writeU64be(table, at + 24, position);
    writeU64be(table, at + 32, stored.length);
    data.push(stored);
    sector += content.length / 512;
    position += stored.length;
  });
  writeU32be(table, 204 + chunks.length * 40, 0xffff_ffff);
  writeU64be(table, 204 + chunks.length * 40 + 8, sector);
  table.set(new TextEncoder().encode('mish'));
  writeU32be(table, 4, 1);
  writeU64be(table, 16, sector);
  writeU32be(table, 200, chunks.length + 1);
  const list = new TextEncoder().encode(
    `<?xml version="1.0"?>\n<plist version="1.0"><dict><key>resource-fork</key><dict><key>blkx</key><array><dict>` +
      `<key>Data</key>\n<data>\n${Buffer.from(table)
        .toString('base64')
        .replace(/(.{52})/g, '$1\n')}\n</data>` +
      `</dict></array></dict></dict></plist>`,
  );
  const trailer = new Uint8Array(512);
  trailer.set(new TextEncoder().encode('koly'));
  writeU32be(trailer, 4, 4);
  writeU32be(trailer, 8, 512);
  writeU64be(trailer, 32, position);
  writeU64be(trailer, 216, position);
  writeU64be(trailer, 224, list.length);
  writeU64be(trailer, 492, sector);
  return new Uint8Array(Buffer.concat([...data, list, trailer]));
};
