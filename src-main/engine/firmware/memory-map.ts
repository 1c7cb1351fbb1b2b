// The machine's physical address space as firmware hands it to operating systems, and where firmware puts its
// own tables. Reference: ACPI 6.5, 15.1 (E820 ranges); IBM PC/AT memory layout (EBDA, BIOS area).

const GiB = 0x4000_0000;

/** RAM below 4 GiB ends here at the latest; above are PCI and APIC windows. */
export const LOW_RAM_LIMIT = 3 * GiB;
export const HIGH_RAM_BASE = 4 * GiB;
/** Window for memory BARs, up to the I/O APIC. */
export const PCI_WINDOW_BASE = LOW_RAM_LIMIT;
export const PCI_WINDOW_END = 0xfec0_0000;

export const IVT_END = 0x400;
export const BDA = 0x400;
export const EBDA = 0x9_fc00;
export const LEGACY_VIDEO = 0xa_0000;
export const OPTION_ROMS = 0xc_0000;
/** Tables that are searched for (RSDP, MP, SMBIOS) stand here. */
export const BIOS_AREA = 0xf_0000;
export const EXTENDED_MEMORY = 0x10_0000;
/** Room for ACPI tables at the top of low RAM; its last page is the FACS. */
export const ACPI_AREA_BYTES = 0x1_0000;

/** E820 types. */
export const E820_RAM = 1;
export const E820_RESERVED = 2;
export const E820_ACPI = 3;
export const E820_NVS = 4;

export interface MemoryRange {
  readonly base: number;
  readonly length: number;
  readonly type: typeof E820_RAM | typeof E820_RESERVED | typeof E820_ACPI | typeof E820_NVS;
}

export interface RamSplit {
  /** RAM from 0. */
  readonly low: number;
  /** RAM from 4 GiB. */
  readonly high: number;
}

export function splitRam(ramBytes: number): RamSplit {
  const low = Math.min(ramBytes, LOW_RAM_LIMIT);
  return { low, high: ramBytes - low };
}

/** Physical address of the ACPI tables. */
export function acpiArea(ramBytes: number): number {
  return splitRam(ramBytes).low - ACPI_AREA_BYTES;
}

/** The E820 map, ascending and without overlap. */
export function memoryMap(ramBytes: number): readonly MemoryRange[] {
  const { low, high } = splitRam(ramBytes);
  const acpi = acpiArea(ramBytes);
  const facs = low - 0x1000;
  const map: MemoryRange[] = [
    { base: 0, length: EBDA, type: E820_RAM },
    { base: EBDA, length: LEGACY_VIDEO - EBDA, type: E820_RESERVED },
    { base: BIOS_AREA, length: EXTENDED_MEMORY - BIOS_AREA, type: E820_RESERVED },
    { base: EXTENDED_MEMORY, length: acpi - EXTENDED_MEMORY, type: E820_RAM },
    { base: acpi, length: facs - acpi, type: E820_ACPI },
    { base: facs, length: low - facs, type: E820_NVS },
    { base: 0xfec0_0000, length: 0x1000, type: E820_RESERVED },
    { base: 0xfee0_0000, length: 0x1000, type: E820_RESERVED },
    { base: 0xfffc_0000, length: 0x4_0000, type: E820_RESERVED },
  ];
  if (high > 0) map.push({ base: HIGH_RAM_BASE, length: high, type: E820_RAM });
  return map;
}
