// What the firmware configuration device tells a foreign BIOS about this machine.
// Reference: QEMU documentation, "QEMU Firmware Configuration (fw_cfg) Device"; SeaBIOS documentation, "Runtime config".

import {
  FW_CFG_BOOT_MENU, FW_CFG_CPUS, FW_CFG_ID, FW_CFG_IRQ0_OVERRIDE, FW_CFG_MAX_CPUS, FW_CFG_RAM_SIZE, FW_CFG_SIGNATURE, FW_CFG_UUID, type FwCfgOptions,
} from '../devices/fw-cfg.ts';
import { ByteBuilder } from '../firmware/byte-builder.ts';
import { E820_RAM, HIGH_RAM_BASE, splitRam } from '../firmware/memory-map.ts';
import type { PlatformDescription } from '../firmware/platform-tables.ts';
import type { FirmwareOptions } from './options.ts';

const HAS_DMA = 2;
const TRADITIONAL = 1;

export function fwCfgContent({ ramBytes, processors, uuid }: PlatformDescription, { menu }: FirmwareOptions): FwCfgOptions {
  const { low, high } = splitRam(ramBytes);
  const word = (value: number): Uint8Array => new ByteBuilder().u16(value).build();
  const ranges = new ByteBuilder().u64(0, low).u32(E820_RAM);
  if (high > 0) ranges.u64(HIGH_RAM_BASE, high).u32(E820_RAM);
  return {
    items: new Map([
      [FW_CFG_SIGNATURE, new ByteBuilder().text('QEMU').build()],
      [FW_CFG_ID, new ByteBuilder().u32(TRADITIONAL | HAS_DMA).build()],
      [FW_CFG_UUID, uuid],
      [FW_CFG_RAM_SIZE, new ByteBuilder().u64(low).build()],
      [FW_CFG_CPUS, word(processors)],
      [FW_CFG_MAX_CPUS, word(processors)],
      [FW_CFG_BOOT_MENU, word(menu ? 1 : 0)],
      // The timer stands on input 2 of the I/O APIC.
      [FW_CFG_IRQ0_OVERRIDE, new ByteBuilder().u32(1).build()],
    ]),
    files: new Map([['etc/e820', ranges.build()]]),
  };
}

/** CMOS registers 38h and 3Dh: up to three kinds of devices in boot order, a nibble each. */
export function cmosBootOrder({ order, once }: FirmwareOptions): [register: number, value: number][] {
  const codes = [...(once ?? order)].map((letter) => ({ a: 1, c: 2, d: 3, n: 4 })[letter] ?? 0).filter((code) => code !== 0);
  return [[0x38, ((codes[2] ?? 0) << 4) | 1], [0x3d, ((codes[1] ?? 0) << 4) | (codes[0] ?? 0)]];
}
