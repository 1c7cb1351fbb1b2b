// The `x86-64-v2` model: the baseline and CMPXCHG16B, POPCNT, SSE3 to SSE4.2, with SMEP and SMAP.
// Reference: x86-64 psABI 3.1.1 (micro-architecture levels).

import type { CpuModel } from './cpu-model.ts';
import { X86_64_V1 } from './x86-64-v1.ts';

export const X86_64_V2: CpuModel = {
  ...X86_64_V1,
  name: 'x86-64-v2',
  brand: 'Boxwright Virtual CPU (x86-64-v2)',
  features: new Set([
    ...X86_64_V1.features,
    'sse3', 'ssse3', 'sse4.1', 'sse4.2', 'cx16', 'popcnt', 'smep', 'smap', 'pdpe1gb',
  ]),
};
