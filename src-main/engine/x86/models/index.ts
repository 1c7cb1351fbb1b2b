// All CPU models by name: what `-cpu` and the machine settings choose from.

import type { CpuModel, CpuModelName } from './cpu-model.ts';
import { PENTIUM3 } from './pentium3.ts';
import { X86_64_V1 } from './x86-64-v1.ts';
import { X86_64_V2 } from './x86-64-v2.ts';

export const CPU_MODELS: Readonly<Record<CpuModelName, CpuModel>> = {
  pentium3: PENTIUM3,
  'x86-64-v1': X86_64_V1,
  'x86-64-v2': X86_64_V2,
};
