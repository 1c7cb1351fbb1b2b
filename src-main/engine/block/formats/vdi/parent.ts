// The parent of a differencing VDI image. The format names it by UUID alone; VirtualBox looks that up in its registry
// and calls snapshot files after it. We write the file's name into the description besides.

import { BlockError } from '../../block-error.ts';
import type { ImageHost } from '../../image-format.ts';
import { badOption } from '../../sparse/fields.ts';
import { DESCRIPTION_BYTES, readVdiHeader, type VdiHeader } from './header.ts';

const PREFIX = 'Parent: ';

export const describeParent = (name: string): string => {
  const bytes: number[] = [];
  for (const char of encodeURI(PREFIX + name).replaceAll('%20', ' ')) bytes.push(char.charCodeAt(0));
  const text = String.fromCharCode(...bytes);
  if (text.length >= DESCRIPTION_BYTES)
    throw badOption(name, 'the name of the parent is too long for a VDI image');
  return text;
};

export const parentUuidOf = async (host: ImageHost, path: string, name: string): Promise<Uint8Array> => {
  const store = await host.files.open(host.files.resolve(path, name), 'read');
  try {
    return (await readVdiHeader(store)).uuid;
  } finally {
    await store.close();
  }
};

export const uuidText = (uuid: Uint8Array): string => {
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  const hex = order.map((i) => uuid[i]!.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};

/** By description, else as VirtualBox names the files of its snapshots. */
export const parentName = (header: VdiHeader): string => {
  if (!header.description.startsWith(PREFIX)) return `{${uuidText(header.parentUuid)}}.vdi`;
  const name = header.description.slice(PREFIX.length);
  try {
    return decodeURI(name);
  } catch {
    return name;
  }
};

export const parentMissing = (file: string, header: VdiHeader, name: string): BlockError =>
  new BlockError(
    'backing-missing',
    `“${file}” is a differencing VDI image; its parent has the UUID ${uuidText(header.parentUuid)} and was looked ` +
      `for as “${name}”. Name it with “boxwright img rebase -u -b FILE -F vdi”.`,
    { file, backing: name },
  );
