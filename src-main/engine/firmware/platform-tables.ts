// The tables by which systems find out about the board, written to guest memory: ACPI, MP, SMBIOS, PCI interrupt routing.
// The same for a kernel that is started directly and for one that the BIOS boots.
// Reference: ACPI 6.5, 5.2.5; MultiProcessor Specification 1.4, 4.1; DSP0134, 5.2.1; PCI IRQ Routing Table 1.0.

import type { Dma } from '../bus/dma.ts';
import { buildAcpiTables } from './acpi/tables.ts';
import { ByteBuilder } from './byte-builder.ts';
import { acpiArea, BIOS_AREA } from './memory-map.ts';
import { buildMpTable } from './mp-table.ts';
import { ISA_BRIDGE_DEVICE, PIRQ_ROUTES, pirqOf } from './platform.ts';
import { buildSmbios } from './smbios.ts';

export interface PlatformDescription {
  readonly ramBytes: number;
  readonly processors: number;
  readonly serialPorts: number;
  readonly hpet: boolean;
  readonly cpu: { readonly brand: string; readonly signature: number; readonly features: number };
  readonly uuid: Uint8Array;
}

export const RSDP_ADDRESS = BIOS_AREA;
const MP_TABLE = BIOS_AREA + 0x100;
const ROUTING_TABLE = BIOS_AREA + 0x1000;
const SMBIOS = BIOS_AREA + 0x2000;
const PIRQ_REGISTERS = 0x60;
const PIIX3 = 0x7000_8086;

export function writePlatformTables(platform: PlatformDescription, memory: Dma): void {
  const { processors, serialPorts, hpet, ramBytes, cpu, uuid } = platform;
  const tablesAddress = acpiArea(ramBytes);
  const acpi = buildAcpiTables({ tablesAddress, processors, serialPorts, hpet });
  memory.write(tablesAddress, acpi.tables);
  memory.write(RSDP_ADDRESS, acpi.rsdp);
  memory.write(MP_TABLE, buildMpTable({ address: MP_TABLE, processors, cpuSignature: cpu.signature, cpuFeatures: cpu.features }));
  memory.write(ROUTING_TABLE, buildRoutingTable());
  memory.write(SMBIOS, buildSmbios({
    address: SMBIOS, ramBytes, processors, cpuBrand: cpu.brand, cpuSignature: cpu.signature, cpuFeatures: cpu.features, uuid,
  }));
}

/** One entry a slot: which register of the ISA bridge each pin leads to, and the interrupts it may have. */
export function routingEntries(): Uint8Array {
  const allowed = PIRQ_ROUTES.reduce((mask, irq) => mask | (1 << irq), 0);
  const out = new ByteBuilder();
  for (let slot = 1; slot < 32; slot++) {
    out.u8(0, slot << 3);
    for (let pin = 0; pin < 4; pin++) out.u8(PIRQ_REGISTERS + pirqOf(slot, pin)).u16(allowed);
    out.u8(slot === ISA_BRIDGE_DEVICE ? 0 : slot, 0);
  }
  return out.build();
}

function buildRoutingTable(): Uint8Array {
  const entries = routingEntries();
  return new ByteBuilder()
    .text('$PIR').u16(0x0100, 32 + entries.length).u8(0, ISA_BRIDGE_DEVICE << 3).u16(0).u32(PIIX3, 0).zeros(11).u8(0)
    .bytes(entries).checksum(31).build();
}
