// The line with which `img create` tells what it makes: all options in the order of qemu-img, those that were left out
// with their defaults. Not the options themselves, which are the formats' own.

import type { FormatName } from '../../engine/block/index.ts';
import { parseSize } from './size.ts';

const BACKING = { backing_file: '', backing_fmt: '' };

/** In the order of printing; an empty value is told only where it was given. */
const SHOWN: Readonly<Partial<Record<FormatName, Readonly<Record<string, string>>>>> = {
  qcow2: {
    cluster_size: '65536',
    extended_l2: 'off',
    preallocation: '',
    compression_type: 'zlib',
    size: '',
    compat: '',
    ...BACKING,
    data_file: '',
    data_file_raw: '',
    lazy_refcounts: 'off',
    refcount_bits: '16',
  },
  qcow: { size: '', ...BACKING },
  vdi: { size: '', static: 'off', preallocation: '' },
  vmdk: {
    size: '',
    ...BACKING,
    adapter_type: '',
    compat6: 'off',
    hwversion: 'undefined',
    toolsversion: '',
    subformat: '',
  },
  vpc: { size: '', subformat: '', force_size: '' },
  vhdx: { size: '', log_size: '1048576', block_size: '0', subformat: '', block_state_zero: '' },
};

const IN_BYTES = ['cluster_size', 'block_size', 'log_size'];

export function announcement(
  path: string,
  format: FormatName,
  size: number,
  backing: { readonly name: string; readonly format: string } | undefined,
  options: Readonly<Record<string, string>>,
): string {
  const given: Record<string, string> = { ...options, size: String(size) };
  if (backing !== undefined)
    Object.assign(given, { backing_file: backing.name, backing_fmt: backing.format });
  for (const name of IN_BYTES) {
    const bytes = parseSize(given[name] ?? '');
    if (bytes !== undefined) given[name] = String(bytes);
  }
  const defaults = SHOWN[format] ?? { size: '' };
  const shown = Object.entries({ ...defaults, ...given }).filter(([, value]) => value !== '');
  return `Formatting '${path}', fmt=${format} ${shown.map(([name, value]) => `${name}=${value}`).join(' ')}\n`;
}
