// A CPU that has everything the opcode tables name.

import { OPCODE_ROWS } from '../../../../src-main/engine/x86/decode/opcode-map.ts';
import type { CpuFeature } from '../../../../src-main/engine/x86/models/cpu-model.ts';

export const ALL_FEATURES: ReadonlySet<CpuFeature> = new Set(
  OPCODE_ROWS.flatMap((row) => (row.feature === undefined ? [] : [row.feature])),
);
