// The MultiProcessor table, by which systems without ACPI find APICs and interrupt routes.
// Reference: Intel MultiProcessor Specification 1.4, chapter 4.

import { ByteBuilder } from './byte-builder.ts';
import { IO_APIC_BASE, LOCAL_APIC_BASE, PIRQ_ROUTES, pirqOf } from './platform.ts';

export interface MpOptions {
  /** Physical address, 16-byte aligned in the BIOS area. The floating pointer comes first. */
  readonly address: number;
  readonly processors: number;
  /** CPUID leaf 1 EAX and EDX. */
  readonly cpuSignature: number;
  readonly cpuFeatures: number;
}

const POINTER_BYTES = 16;
const PCI_BUS = 0;
const ISA_BUS = 1;
const INTERRUPT = 0;
const NMI = 1;
const EXTINT = 3;
const ALL_LOCAL_APICS = 0xff;
/** Interrupt flags: as the bus has it; active high and level-triggered. */
const CONFORMING = 0;
const ACTIVE_HIGH_LEVEL = 0x0d;

/** Floating pointer and configuration table in one block. */
export function buildMpTable(options: MpOptions): Uint8Array {
  const pointer = new ByteBuilder()
    .text('_MP_').u32(options.address + POINTER_BYTES).u8(1, 4, 0).u8(0, 0, 0, 0, 0).checksum(10).build();
  return new ByteBuilder().bytes(pointer).bytes(configuration(options)).build();
}

function configuration(options: MpOptions): Uint8Array {
  const { entries, count } = entryTable(options);
  const out = new ByteBuilder()
    .text('PCMP').u16(44 + entries.length).u8(4, 0).text('BOXWRT', 8, 0x20).text('BOXWRIGHT PC', 12, 0x20)
    .u32(0).u16(0, count).u32(LOCAL_APIC_BASE).u16(0).u8(0, 0)
    .bytes(entries);
  return out.checksum(7).build();
}

function entryTable(options: MpOptions): { entries: Uint8Array; count: number } {
  const out = new ByteBuilder();
  let count = 0;
  const entry = (write: (to: ByteBuilder) => void): void => {
    write(out);
    count += 1;
  };
  const ioApic = options.processors;
  for (let id = 0; id < options.processors; id++) {
    entry((to) => to.u8(0, id, 0x14, id === 0 ? 3 : 1).u32(options.cpuSignature, options.cpuFeatures, 0, 0));
  }
  entry((to) => to.u8(1, PCI_BUS).text('PCI', 6, 0x20));
  entry((to) => to.u8(1, ISA_BUS).text('ISA', 6, 0x20));
  entry((to) => to.u8(2, ioApic, 0x11, 1).u32(IO_APIC_BASE));

  const interrupt = (kind: number, flags: number, bus: number, source: number, input: number): void =>
    entry((to) => to.u8(3, kind).u16(flags).u8(bus, source, ioApic, input));
  const pciLines = new Set<number>(PIRQ_ROUTES);
  for (let slot = 1; slot < 32; slot++) {
    for (let pin = 0; pin < 4; pin++) {
      interrupt(INTERRUPT, ACTIVE_HIGH_LEVEL, PCI_BUS, (slot << 2) | pin, PIRQ_ROUTES[pirqOf(slot, pin)] ?? 0);
    }
  }
  for (let irq = 0; irq < 16; irq++) {
    if (irq === 2 || pciLines.has(irq)) continue;
    interrupt(INTERRUPT, CONFORMING, ISA_BUS, irq, irq === 0 ? 2 : irq);
  }
  entry((to) => to.u8(4, EXTINT).u16(0).u8(ISA_BUS, 0, ALL_LOCAL_APICS, 0));
  entry((to) => to.u8(4, NMI).u16(0).u8(ISA_BUS, 0, ALL_LOCAL_APICS, 1));
  return { entries: out.build(), count };
}
