// The sample disk images under shared/vectors, with what they are known to contain; unpacked into memory.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { MemoryStore } from '../../src-main/engine/block/index.ts';
import { readSharedJson, sharedPath } from './shared-data.ts';

export interface ImageVector {
  readonly file?: string;
  readonly name?: string;
  readonly files?: readonly { readonly file: string }[];
  readonly format: string;
  readonly creator?: string;
  readonly note?: string;
  readonly expect?: 'refuse';
  readonly virtualSize: number;
  readonly contentSha256?: string;
  readonly extents?: readonly { readonly start: number; readonly length: number; readonly sha256: string }[];
}

const FOLDER = 'vectors/disk-images/';

export const imageVectors = (folder: 'third-party' | 'qemu-img'): readonly ImageVector[] =>
  (readSharedJson(`${FOLDER}${folder}/expected.json`) as { images: ImageVector[] }).images;

/** The image's file comes last in `files`, what it refers to before. */
export const vectorFiles = (vector: ImageVector): readonly string[] =>
  vector.files?.map(({ file }) => file) ?? [vector.file!];

export const unpackedName = (file: string): string => file.replace(/\.(gz|bz2)$/, '');

export const unpackVector = (folder: string, file: string): MemoryStore => {
  const path = sharedPath(`${FOLDER}${folder}/${file}`);
  const plain = file.endsWith('.bz2')
    ? execFileSync('bzip2', ['-dc', path], { maxBuffer: 1 << 30 })
    : gunzipSync(readFileSync(path));
  const store = new MemoryStore(unpackedName(file));
  const piece = 64 * 1024;
  const zeroes = Buffer.alloc(piece);
  for (let at = 0; at < plain.length; at += piece) {
    const part = plain.subarray(at, at + piece);
    if (!part.equals(zeroes.subarray(0, part.length))) store.put(at, part);
  }
  store.cut(plain.length);
  return store;
};
