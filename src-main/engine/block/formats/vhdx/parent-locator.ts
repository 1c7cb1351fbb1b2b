// The locator of a parent: keys and values as UTF-16 text. Reference: [MS-VHDX] 2.6.2.6.

import { readU32, writeU16, writeU32 } from '../../../base/bytes.ts';
import { BlockError } from '../../block-error.ts';
import { type Fields, unsupported } from '../../sparse/fields.ts';
import { fromUtf16, utf16 } from '../../sparse/utf16.ts';
import { guidBytes, guidText } from './guid.ts';

const VHDX_LOCATOR = 'b04aefb7-d19e-4a81-b789-25b8e9445913';
const ENTRY_BYTES = 12;

export const parseLocator = (f: Fields, file: string): ReadonlyMap<string, string> => {
  const type = guidText(f.slice(0, 16));
  if (type !== VHDX_LOCATOR) throw unsupported(file, `the VHDX parent locator ${type}`);
  const count = f.u16(18);
  const { bytes } = f;
  if (20 + count * ENTRY_BYTES > bytes.length) f.fail(18, `the parent locator has ${count} entries`);
  const values = new Map<string, string>();
  for (let at = 20; at < 20 + count * ENTRY_BYTES; at += ENTRY_BYTES) {
    const text = (offset: number, length: number): string => {
      if (offset + length > bytes.length) f.fail(at, 'an entry of the parent locator is outside of it');
      return fromUtf16(bytes.subarray(offset, offset + length), true);
    };
    values.set(text(readU32(bytes, at), f.u16(at + 8)), text(f.u32(at + 4), f.u16(at + 10)));
  }
  return values;
};

export const buildLocator = (values: ReadonlyMap<string, string>): Uint8Array => {
  const pairs = [...values].map(([key, value]) => [utf16(key, true), utf16(value, true)] as const);
  const start = 20 + pairs.length * ENTRY_BYTES;
  const total = pairs.reduce((sum, [key, value]) => sum + key.length + value.length, start);
  const bytes = new Uint8Array(total);
  bytes.set(guidBytes(VHDX_LOCATOR), 0);
  writeU16(bytes, 18, pairs.length);
  let to = start;
  pairs.forEach(([key, value], i) => {
    const at = 20 + i * ENTRY_BYTES;
    writeU32(bytes, at, to);
    writeU32(bytes, at + 4, to + key.length);
    writeU16(bytes, at + 8, key.length);
    writeU16(bytes, at + 10, value.length);
    bytes.set(key, to);
    bytes.set(value, to + key.length);
    to += key.length + value.length;
  });
  return bytes;
};

/** The relative path, as a path of ours; else the bare name of an absolute one, beside the child. */
export const parentNameOf = (values: ReadonlyMap<string, string>): string | undefined => {
  const relative = values.get('relative_path');
  if (relative !== undefined) return relative.replaceAll('\\', '/').replace(/^\.\//, '');
  const absolute = values.get('absolute_win32_path') ?? values.get('volume_path');
  return absolute?.split(/[\\/]/).at(-1);
};

export const locatorFor = (name: string, dataWriteGuid: Uint8Array): ReadonlyMap<string, string> =>
  new Map([
    ['parent_linkage', `{${guidText(dataWriteGuid)}}`],
    ['relative_path', name.includes('/') ? name.replaceAll('/', '\\') : `.\\${name}`],
  ]);

export const isParentOf = (values: ReadonlyMap<string, string>, dataWriteGuid: Uint8Array): boolean => {
  const guid = `{${guidText(dataWriteGuid)}}`;
  return [values.get('parent_linkage'), values.get('parent_linkage2')].some(
    (link) => link?.toLowerCase() === guid,
  );
};

export const parentChanged = (file: string, parent: string): BlockError =>
  new BlockError(
    'corrupt',
    `“${file}”: its parent “${parent}” has changed since, or is another disk (the identifiers differ).`,
    { file, structure: 'VHDX parent locator', offset: 0, backing: parent },
  );
