// What firmware tables say of this machine.

import { parseUuid } from '../../../shared/units/uuid.ts';
import type { PlatformDescription } from '../firmware/platform-tables.ts';
import type { CpuContext } from '../x86/helpers/cpu-context.ts';
import { FEATURE_BITS, featureWord } from '../x86/helpers/identification.ts';
import { cpuSignature } from '../x86/state/reset.ts';
import type { MachineOptions } from './options.ts';

/** Of machines that are not given one. */
const COMMON_UUID = '626f7877-7269-4768-8074-000000000001';

export function platformOf({ memoryBytes, serialPorts, uuid, hpet }: MachineOptions, cpu: CpuContext): PlatformDescription {
  return {
    ramBytes: memoryBytes,
    processors: 1,
    serialPorts,
    hpet: hpet === true,
    cpu: { brand: cpu.model.brand, signature: cpuSignature(cpu), features: featureWord(cpu.model, FEATURE_BITS.leaf1Edx) },
    uuid: parseUuid(uuid ?? COMMON_UUID),
  };
}
