// A PCI function as data: identity, base address registers, own registers. The device behind it need not
// know that it sits on PCI. Reference: PCI Local Bus Specification 2.2, 6.1 and 6.2.

import type { BusTarget } from '../../bus/region.ts';
import { type Bar, defineBar } from './bar.ts';
import { type Capability, defineCapabilities } from './capability.ts';
import {
  COMMAND_INTX_DISABLE,
  COMMAND_IO,
  COMMAND_MASTER,
  COMMAND_MEMORY,
  type ConfigRegister,
  ConfigSpace,
  PCI_CLASS,
  PCI_COMMAND,
  PCI_DEVICE_ID,
  PCI_HEADER_TYPE,
  PCI_INTERRUPT_LINE,
  PCI_INTERRUPT_PIN,
  PCI_REVISION,
  PCI_STATUS,
  PCI_SUBSYSTEM_ID,
  PCI_SUBSYSTEM_VENDOR_ID,
  PCI_VENDOR_ID,
} from './config-space.ts';

export interface PciFunction {
  /** Device number 0 to 31 and function 0 to 7 on bus 0. */
  readonly slot: number;
  readonly function: number;
  readonly vendorId: number;
  readonly deviceId: number;
  readonly revision?: number;
  /** Base class, sub-class and programming interface: 030000h is VGA. */
  readonly classCode: number;
  readonly subsystemVendorId?: number;
  readonly subsystemId?: number;
  /** 0 none, 1 INTA to 4 INTD. */
  readonly interruptPin?: 0 | 1 | 2 | 3 | 4;
  readonly bars?: readonly Bar[];
  readonly capabilities?: readonly Capability[];
  readonly registers?: readonly ConfigRegister[];
  /** The device whose regions the BARs place. */
  readonly device?: BusTarget;
  /** After each write, reset and restore: whatever follows from the registers. */
  configure?(config: ConfigSpace): void;
}

const MULTI_FUNCTION = 0x80;
/** Answers at ports without a BAR, which the command register is asked about all the same. */
const VGA_CLASS = 0x0300;
/** Errors in the status register, cleared by writing ones. */
const STATUS_CLEARED_BY_ONE = 0xf900;

export function createConfigSpace(bytes: Uint8Array, pci: PciFunction, multiFunction: boolean): ConfigSpace {
  const config = new ConfigSpace(bytes);
  const bars = pci.bars ?? [];
  const command =
    COMMAND_MASTER |
    COMMAND_INTX_DISABLE |
    (bars.some((bar) => bar.kind === 'io') || pci.classCode >>> 8 === VGA_CLASS ? COMMAND_IO : 0) |
    (bars.some((bar) => bar.kind === 'memory') ? COMMAND_MEMORY : 0);
  const fixed = (offset: number, width: 1 | 2 | 4, value: number) => config.define({ offset, width, value });
  fixed(PCI_VENDOR_ID, 2, pci.vendorId);
  fixed(PCI_DEVICE_ID, 2, pci.deviceId);
  config.define({ offset: PCI_COMMAND, width: 2, writable: command });
  config.define({ offset: PCI_STATUS, width: 2, clearedByOne: STATUS_CLEARED_BY_ONE });
  fixed(PCI_REVISION, 1, pci.revision ?? 0);
  fixed(PCI_CLASS, 1, pci.classCode & 0xff);
  fixed(PCI_CLASS + 1, 2, pci.classCode >>> 8);
  fixed(PCI_HEADER_TYPE, 1, multiFunction ? MULTI_FUNCTION : 0);
  fixed(PCI_SUBSYSTEM_VENDOR_ID, 2, pci.subsystemVendorId ?? 0);
  fixed(PCI_SUBSYSTEM_ID, 2, pci.subsystemId ?? 0);
  config.define({ offset: PCI_INTERRUPT_LINE, width: 1, writable: 0xff });
  fixed(PCI_INTERRUPT_PIN, 1, pci.interruptPin ?? 0);
  for (const bar of bars) defineBar(config, bar);
  defineCapabilities(config, pci.capabilities ?? []);
  for (const register of pci.registers ?? []) config.define(register);
  config.reset();
  return config;
}
