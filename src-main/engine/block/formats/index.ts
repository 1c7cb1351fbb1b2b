// All image formats, and finding out which one a file is of. A format is added here and nowhere else.

import type { FormatName, ImageFormat } from '../image-format.ts';
import { dmg } from './dmg/dmg.ts';
import { gzip } from './gzip/gzip.ts';
import { parallels } from './parallels/parallels.ts';
import { qcow } from './qcow/qcow.ts';
import { qcow2 } from './qcow2/qcow2.ts';
import { raw } from './raw/raw.ts';
import { vdi } from './vdi/vdi.ts';
import { vhd } from './vhd/vhd.ts';
import { vhdx } from './vhdx/vhdx.ts';
import { vmdk } from './vmdk/vmdk.ts';

export const IMAGE_FORMATS: readonly ImageFormat[] = [
  raw,
  qcow2,
  qcow,
  vdi,
  vmdk,
  vhd,
  vhdx,
  parallels,
  dmg,
  gzip,
];

export function findFormat(name: string): ImageFormat | undefined {
  return IMAGE_FORMATS.find((format) => format.name === name);
}

/** Containers that are no raw disks, and that nothing here can read. */
const FOREIGN: readonly { readonly name: string; readonly magic: string }[] = [
  { name: 'LUKS', magic: 'LUKS\xba\xbe' },
  { name: 'QED', magic: 'QED\0' },
  { name: 'Bochs', magic: 'Bochs Virtual HD Image' },
  { name: 'EnCase (EWF)', magic: 'EVF\t\r\n\xff\0' },
  { name: 'cloop', magic: '#!/bin/sh\n#V2.0 Format' },
];

/** The name of a format whose files must not be taken for raw disks. */
export function foreignFormat(head: Uint8Array): string | undefined {
  const starts = (magic: string) => [...magic].every((char, index) => head[index] === char.charCodeAt(0));
  return FOREIGN.find(({ magic }) => starts(magic))?.name;
}

/** The most certain format, undefined when none knows the file (`raw` never claims one). */
export function probeFormat(head: Uint8Array, tail: Uint8Array): FormatName | undefined {
  let best: FormatName | undefined;
  let certainty = 0;
  for (const format of IMAGE_FORMATS) {
    const found = format.probe(head, tail);
    if (found > certainty) [best, certainty] = [format.name, found];
  }
  return best;
}
