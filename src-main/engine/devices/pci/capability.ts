// The list of capabilities in a function's configuration space. Reference: PCI Local Bus Specification 2.2,
// 6.7 and appendix H.

import { assert } from '../../base/assert.ts';
import {
  type ConfigRegister,
  type ConfigSpace,
  PCI_CAPABILITIES,
  PCI_STATUS,
  STATUS_CAPABILITIES,
} from './config-space.ts';

export const CAPABILITY_MSI = 0x05;
export const CAPABILITY_VENDOR = 0x09;
export const CAPABILITY_MSIX = 0x11;
export const CAPABILITY_SATA = 0x12;

export interface Capability {
  readonly id: number;
  /** Length with the two bytes of header, rounded up to four when laid out. */
  readonly length: number;
  /** Offsets count from the capability's start; 0 and 1 are the header. */
  readonly registers: readonly ConfigRegister[];
}

const FIRST = 0x40;

/** Where a function's capability begins: the first one with this identifier, which must be there. */
export function capabilityOffset(config: ConfigSpace, id: number): number {
  let at = config.u8(PCI_CAPABILITIES);
  while (at >= FIRST && config.u8(at) !== id) at = config.u8(at + 1);
  assert(at >= FIRST, `no capability ${id}`);
  return at;
}

/** Lays the capabilities out behind each other and returns where each begins. */
export function defineCapabilities(
  config: ConfigSpace,
  capabilities: readonly Capability[],
  first = FIRST,
): number[] {
  const offsets: number[] = [];
  let at = first;
  for (const { length } of capabilities) {
    offsets.push(at);
    at += (length + 3) & ~3;
  }
  assert(at <= 256, 'capabilities do not fit into configuration space');
  capabilities.forEach((capability, index) => {
    const offset = offsets[index]!;
    for (const register of capability.registers)
      config.define({ ...register, offset: offset + register.offset });
    config.define({ offset, width: 1, value: capability.id });
    config.define({ offset: offset + 1, width: 1, value: offsets[index + 1] ?? 0 });
  });
  if (capabilities.length > 0) {
    config.define({ offset: PCI_CAPABILITIES, width: 1, value: offsets[0]! });
    config.define({ offset: PCI_STATUS, width: 1, value: STATUS_CAPABILITIES });
  }
  return offsets;
}
