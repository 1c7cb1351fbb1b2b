// The ACPI tables of the board, ready to be copied to guest memory: RSDP, RSDT, XSDT, FADT, FACS, DSDT, MADT.
// Reference: ACPI Specification 6.5, 5.2.5 to 5.2.12.

import { ByteBuilder } from '../byte-builder.ts';
import { ACPI_AREA_BYTES } from '../memory-map.ts';
import {
  HPET_BASE, HPET_ID, HPET_MINIMUM_TICKS, IO_APIC_BASE, LOCAL_APIC_BASE, PIRQ_ROUTES, PM1_CONTROL, PM1_EVENT, PM_TIMER, RESET_CONTROL_HARD, RESET_CONTROL_PORT, SCI_IRQ,
} from '../platform.ts';
import { type BoardDescription, buildDsdtBody } from './dsdt.ts';

export interface AcpiOptions extends BoardDescription {
  /** Where the tables go; they take up to `ACPI_AREA_BYTES`, the FACS in the last page. */
  readonly tablesAddress: number;
  /** There is a high precision event timer. */
  readonly hpet?: boolean;
}

export interface AcpiTables {
  /** To be placed at `tablesAddress`. */
  readonly tables: Uint8Array;
  /** To be placed on a 16-byte boundary between E0000h and FFFFFh. */
  readonly rsdp: Uint8Array;
}

const OEM_ID = 'BOXWRT';
const OEM_TABLE_ID = 'BOXWRPC';
const CREATOR_ID = 'BXWT';
const HEADER_BYTES = 36;
const FACS_BYTES = 64;
const FADT_BYTES = 244;

export function buildAcpiTables(options: AcpiOptions): AcpiTables {
  const area = new ByteBuilder();
  const place = (table: Uint8Array): number => {
    area.align(16);
    const address = options.tablesAddress + area.length;
    area.bytes(table);
    return address;
  };
  const facsOffset = ACPI_AREA_BYTES - 0x1000;
  const facs = options.tablesAddress + facsOffset;
  const dsdt = place(table('DSDT', 2, buildDsdtBody(options)));
  const fadt = place(buildFadt(facs, dsdt));
  const madt = place(buildMadt(options.processors));
  const hpet = options.hpet === true ? [place(buildHpet())] : [];
  const rsdt = place(table('RSDT', 1, new ByteBuilder().u32(fadt, madt, ...hpet).build()));
  const xsdt = place(table('XSDT', 1, new ByteBuilder().u64(fadt, madt, ...hpet).build()));
  if (area.length > facsOffset) throw new RangeError(`ACPI tables take ${area.length} bytes`);
  area.zeros(facsOffset - area.length).bytes(buildFacs());
  return { tables: area.build(), rsdp: buildRsdp(rsdt, xsdt) };
}

function table(signature: string, revision: number, body: Uint8Array): Uint8Array {
  return new ByteBuilder()
    .text(signature, 4).u32(HEADER_BYTES + body.length).u8(revision, 0)
    .text(OEM_ID, 6, 0x20).text(OEM_TABLE_ID, 8, 0x20).u32(1).text(CREATOR_ID, 4).u32(1)
    .bytes(body).checksum(9).build();
}

function buildRsdp(rsdt: number, xsdt: number): Uint8Array {
  return new ByteBuilder()
    .text('RSD PTR ').u8(0).text(OEM_ID, 6, 0x20).u8(2).u32(rsdt)
    .checksum(8, 0, 20)
    .u32(36).u64(xsdt).u8(0, 0, 0, 0)
    .checksum(32).build();
}

function buildFacs(): Uint8Array {
  return new ByteBuilder().text('FACS').u32(FACS_BYTES).zeros(24).u8(1).zeros(FACS_BYTES - 33).build();
}

/** FADT flags. */
const WBINVD = 1 << 0;
const PROC_C1 = 1 << 2;
const SLP_BUTTON_ABSENT = 1 << 5;
const FIX_RTC_ABSENT = 1 << 6;
const RESET_REG_SUP = 1 << 10;
/** IA-PC boot architecture: devices behind the LPC bridge, 8042. */
const LEGACY_DEVICES = 1 << 0;
const HAS_8042 = 1 << 1;
/** A latency that says "no such state". */
const NO_C2 = 0x0fff;
const NO_C3 = 0x0fff;
const CMOS_CENTURY = 0x32;

function buildFadt(facs: number, dsdt: number): Uint8Array {
  const body = new ByteBuilder()
    .u32(facs, dsdt).u8(1, 1).u16(SCI_IRQ)
    // No SMI command port: the hardware is in ACPI mode from the start.
    .u32(0).u8(0, 0, 0, 0)
    .u32(PM1_EVENT, 0, PM1_CONTROL, 0, 0, PM_TIMER, 0, 0)
    .u8(4, 2, 0, 4, 0, 0, 0, 0)
    .u16(NO_C2, NO_C3, 0, 0).u8(0, 0, 0, 0, CMOS_CENTURY)
    .u16(LEGACY_DEVICES | HAS_8042).u8(0)
    .u32(WBINVD | PROC_C1 | SLP_BUTTON_ABSENT | FIX_RTC_ABSENT | RESET_REG_SUP);
  ioRegister(body, RESET_CONTROL_PORT, 8).u8(RESET_CONTROL_HARD).u16(0).u8(0);
  body.u64(0, dsdt);
  ioRegister(body, PM1_EVENT, 32);
  ioRegister(body, 0, 0);
  ioRegister(body, PM1_CONTROL, 16);
  ioRegister(body, 0, 0);
  ioRegister(body, 0, 0);
  ioRegister(body, PM_TIMER, 32);
  ioRegister(body, 0, 0);
  ioRegister(body, 0, 0);
  const fadt = table('FACP', 3, body.build());
  if (fadt.length !== FADT_BYTES) throw new RangeError(`FADT has ${fadt.length} bytes`);
  return fadt;
}

/** A generic address in I/O space; width 0: absent. */
function ioRegister(out: ByteBuilder, port: number, bits: number): ByteBuilder {
  const accessSize = bits === 0 ? 0 : Math.log2(bits / 8) + 1;
  return out.u8(bits === 0 ? 0 : 1, bits, 0, accessSize).u64(port);
}

/** Reference: IA-PC HPET Specification 1.0a, 3.2.4. */
function buildHpet(): Uint8Array {
  const body = new ByteBuilder().u32(HPET_ID).u8(0, 64, 0, 0).u64(HPET_BASE).u8(0).u16(HPET_MINIMUM_TICKS).u8(0);
  return table('HPET', 1, body.build());
}

/** MPS INTI flags: active high, level-triggered. */
const ACTIVE_HIGH_LEVEL = 0x0d;

function buildMadt(processors: number): Uint8Array {
  const body = new ByteBuilder().u32(LOCAL_APIC_BASE, 1);
  for (let id = 0; id < processors; id++) body.u8(0, 8, id, id).u32(1);
  body.u8(1, 12, processors, 0).u32(IO_APIC_BASE, 0);
  // The timer is wired to input 2 of the I/O APIC; PCI interrupts and the SCI are levels.
  body.u8(2, 10, 0, 0).u32(2).u16(0);
  for (const irq of [...new Set([SCI_IRQ, ...PIRQ_ROUTES])].sort((a, b) => a - b)) {
    body.u8(2, 10, 0, irq).u32(irq).u16(ACTIVE_HIGH_LEVEL);
  }
  body.u8(4, 6, 0xff).u16(0).u8(1);
  return table('APIC', 3, body.build());
}
