// What firmware tables say of this machine.

import type { PlatformDescription } from '../firmware/platform-tables.ts';
import type { CpuContext } from '../x86/helpers/cpu-context.ts';
import { FEATURE_BITS, featureWord } from '../x86/helpers/identification.ts';
import { cpuSignature } from '../x86/state/reset.ts';
import type { MachineOptions } from './options.ts';

/** Until machines carry an identity of their own. */
const MACHINE_UUID = Uint8Array.from([0x62, 0x6f, 0x78, 0x77, 0x72, 0x69, 0x47, 0x68, 0x80, 0x74, 0, 0, 0, 0, 0, 1]);

export function platformOf({ memoryBytes, serialPorts }: MachineOptions, cpu: CpuContext): PlatformDescription {
  return {
    ramBytes: memoryBytes,
    processors: 1,
    serialPorts,
    cpu: { brand: cpu.model.brand, signature: cpuSignature(cpu), features: featureWord(cpu.model, FEATURE_BITS.leaf1Edx) },
    uuid: MACHINE_UUID,
  };
}
