// The parent of a differencing VHD: its name is in the header and, more exactly, in locators.

import { BlockError } from '../../block-error.ts';
import type { ByteStore } from '../../byte-store.ts';
import { fromUtf16, utf16 } from '../../sparse/utf16.ts';
import type { DynamicHeader } from './footer.ts';

const MAX_LOCATOR = 4096;

const baseName = (path: string): string => path.split(/[\\/]/).at(-1) ?? path;

/** The relative locator (W2ru) as a path of ours; else the bare name, beside the child. */
export const parentName = async (store: ByteStore, header: DynamicHeader): Promise<string> => {
  const relative = header.locators.find(({ platform }) => platform === 'W2ru');
  if (relative && relative.length > 0 && relative.length <= MAX_LOCATOR) {
    const bytes = new Uint8Array(relative.length);
    await store.readAt(relative.position, bytes);
    const name = fromUtf16(bytes, true).replaceAll('\\', '/').replace(/^\.\//, '');
    if (name !== '') return name;
  }
  return baseName(header.parentName);
};

export const locatorBytes = (name: string): Uint8Array => {
  const windows = name.replaceAll('/', '\\');
  return utf16(/^([a-z]:|\\|\.)/i.test(windows) ? windows : `.\\${windows}`, true);
};

export const parentMismatch = (file: string, parent: string): BlockError =>
  new BlockError(
    'corrupt',
    `“${file}” is based on another disk than “${parent}”: the identifiers differ. The parent was replaced, or it is ` +
      'a different file of the same name.',
    { file, structure: 'VHD dynamic disk header', offset: 40, backing: parent },
  );
