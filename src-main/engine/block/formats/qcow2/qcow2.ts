// The format qcow2, versions 2 and 3. Reference: QEMU, docs/interop/qcow2.rst.

import { readU32be } from '../../../base/bytes.ts';
import type { ImageFormat } from '../../image-format.ts';
import { checkQcow2 } from './check.ts';
import { createQcow2, measureQcow2 } from './create.ts';
import { CREATE_OPTIONS } from './create-options.ts';
import { MAGIC } from './header.ts';
import { openQcow2 } from './open.ts';

export const qcow2: ImageFormat = {
  name: 'qcow2',
  // Version 1 has the same magic and another format.
  probe: (head) => (head.length >= 8 && readU32be(head, 0) === MAGIC && readU32be(head, 4) >= 2 ? 100 : 0),
  open: openQcow2,
  create: createQcow2,
  createOptions: CREATE_OPTIONS,
  check: checkQcow2,
  measure: measureQcow2,
};
