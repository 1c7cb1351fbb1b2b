// ACPI tables: checksums, pointers and fields as an operating system reads them, and the DSDT read back.

import { describe, expect, it } from 'vitest';
import { HPET_BASE, HPET_CAPABILITIES } from '../../../../src-main/engine/devices/hpet.ts';
import { buildAcpiTables } from '../../../../src-main/engine/firmware/acpi/tables.ts';
import { eisaId, integer, name, path, pkg, resources, scope } from '../../../../src-main/engine/firmware/acpi/aml.ts';
import { byteSum } from '../../../../src-main/engine/firmware/byte-builder.ts';
import { type AmlValue, AmlReader, findTerm } from '../../../support/aml-reader.ts';

const BASE = 0xfff_0000;
const { tables, rsdp } = buildAcpiTables({ tablesAddress: BASE, processors: 2, serialPorts: 2 });
const data = new DataView(tables.buffer, tables.byteOffset, tables.byteLength);
const signature = (address: number) => String.fromCharCode(...tables.subarray(address - BASE, address - BASE + 4));
const length = (address: number) => data.getUint32(address - BASE + 4, true);
const tableAt = (address: number) => tables.subarray(address - BASE, address - BASE + length(address));
const word = (address: number, offset: number) => data.getUint32(address - BASE + offset, true);

const pointer = new DataView(rsdp.buffer, rsdp.byteOffset, rsdp.byteLength);
const rsdt = pointer.getUint32(16, true);
const xsdt = pointer.getUint32(24, true);
const fadt = word(rsdt, 36);
const madt = word(rsdt, 40);
const dsdt = word(fadt, 40);

describe('pointers', () => {
  it('RSDP has both checksums and leads to RSDT and XSDT', () => {
    expect(String.fromCharCode(...rsdp.subarray(0, 8))).toBe('RSD PTR ');
    expect([rsdp.length, byteSum(rsdp.subarray(0, 20)), byteSum(rsdp)]).toEqual([36, 0, 0]);
    expect([signature(rsdt), signature(xsdt)]).toEqual(['RSDT', 'XSDT']);
  });

  it('RSDT and XSDT list the same tables', () => {
    expect([signature(fadt), signature(madt), signature(dsdt)]).toEqual(['FACP', 'APIC', 'DSDT']);
    expect([word(xsdt, 36), word(xsdt, 40), word(xsdt, 44), word(xsdt, 48)]).toEqual([fadt, 0, madt, 0]);
  });

  it('lists an HPET only where there is one, as the device says it is', () => {
    const { tables: more } = buildAcpiTables({ tablesAddress: BASE, processors: 1, serialPorts: 1, hpet: true });
    const text = String.fromCharCode(...more);
    expect(String.fromCharCode(...tables)).not.toContain('HPET');
    const at = text.indexOf('HPET');
    const view = new DataView(more.buffer, more.byteOffset + at);
    expect([view.getUint32(4, true), byteSum(more.subarray(at, at + 56))]).toEqual([56, 0]);
    expect([view.getUint32(36, true), view.getUint32(44, true)]).toEqual([HPET_CAPABILITIES >>> 0, HPET_BASE]);
    expect(text.indexOf('RSDT')).toBeGreaterThan(at);
  });

  it('every table has a correct checksum', () => {
    for (const address of [rsdt, xsdt, fadt, madt, dsdt]) expect(byteSum(tableAt(address)), signature(address)).toBe(0);
  });

  it('the FACS is 64-byte aligned in the last page', () => {
    const facs = word(fadt, 36);
    expect([signature(facs), facs % 64, facs]).toEqual(['FACS', 0, BASE + 0xf000]);
  });
});

describe('FADT', () => {
  it('says where power management is, in both address forms', () => {
    expect([word(fadt, 56), word(fadt, 64), word(fadt, 76)]).toEqual([0x600, 0x604, 0x608]);
    expect([word(fadt, 152), word(fadt, 176), word(fadt, 212)]).toEqual([0x600, 0x604, 0x608]);
    expect([...tableAt(fadt).subarray(88, 92)]).toEqual([4, 2, 0, 4]);
    expect(data.getUint16(fadt - BASE + 46, true)).toBe(9);
  });

  it('needs no SMI, resets through port CF9h and has a fixed power button', () => {
    expect(word(fadt, 48)).toBe(0);
    expect([word(fadt, 120), tables[fadt - BASE + 128]]).toEqual([0xcf9, 6]);
    const flags = word(fadt, 112);
    expect([flags & (1 << 4), flags & (1 << 10)]).toEqual([0, 1 << 10]);
  });
});

describe('MADT', () => {
  it('lists the local APICs, the I/O APIC and the overrides', () => {
    const bytes = tableAt(madt);
    const entries: number[][] = [];
    for (let at = 44; at < bytes.length; at += bytes[at + 1] ?? 1) entries.push([...bytes.subarray(at, at + (bytes[at + 1] ?? 1))]);
    expect(entries).toEqual([
      [0, 8, 0, 0, 1, 0, 0, 0],
      [0, 8, 1, 1, 1, 0, 0, 0],
      [1, 12, 2, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0],
      [2, 10, 0, 0, 2, 0, 0, 0, 0, 0],
      [2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0],
      [2, 10, 0, 10, 10, 0, 0, 0, 0x0d, 0],
      [2, 10, 0, 11, 11, 0, 0, 0, 0x0d, 0],
      [4, 6, 0xff, 0, 0, 1],
    ]);
  });
});

describe('DSDT', () => {
  const terms = new AmlReader(tableAt(dsdt).slice(36)).terms();

  it('can be read back whole', () => {
    expect(terms.map((term) => term.path)).toEqual(['\\PICF', '\\_PIC', '\\_S5_', '\\_PR_', '\\_SB_']);
  });

  it('has soft-off and the interrupt model method', () => {
    expect(findTerm(terms, '\\_S5_')).toMatchObject({ value: [0, 0, 0, 0] });
    expect(findTerm(terms, '\\_PIC')).toMatchObject({ value: 1, body: [{ op: 'store', value: { argument: 0 }, path: '\\PICF' }] });
  });

  it('routes all pins of all slots, neighbours to different lines', () => {
    const routing = (findTerm(terms, '\\_SB_/PCI0/_PRT') as { value: readonly (readonly AmlValue[])[] }).value;
    expect(routing.length).toBe(31 * 4);
    expect(routing[0]).toEqual([0x1_ffff, 0, 0, 10]);
    // PIRQ of slot 3 pin INTA is (3 - 1) & 3 = C.
    expect(routing.find(([address, pin]) => address === 0x3_ffff && pin === 0)).toEqual([0x3_ffff, 0, 0, 11]);
  });

  it('names the serial ports that are there', () => {
    const com2 = findTerm(terms, '\\_SB_/PCI0/ISA_/COM2/_CRS') as { value: Uint8Array };
    expect([...com2.value.subarray(0, 11)]).toEqual([0x47, 1, 0xf8, 2, 0xf8, 2, 1, 8, 0x22, 8, 0]);
    expect(byteSum(com2.value)).toBe(0);
    expect(() => findTerm(terms, '\\_SB_/PCI0/ISA_/COM3')).toThrow();
  });
});

describe('AML encoder', () => {
  it('encodes the EISA id of a PCI root as the specification prints it', () => {
    expect([...eisaId('PNP0A03')]).toEqual([0x0c, 0x41, 0xd0, 0x0a, 0x03]);
  });

  it.each([0, 1, 2, 0xff, 0x100, 0xffff, 0x1_0000, 0xffff_ffff])('integer %d survives', (value) => {
    const [term] = new AmlReader(name('VALU', integer(value))).terms();
    expect(term).toMatchObject({ value });
  });

  it.each([1, 20, 100, 300, 5000])('a package of %d bytes has the right length in every form', (count) => {
    const bytes = resources(new Uint8Array(count));
    const [term] = new AmlReader(scope('\\_SB', name('BUF0', bytes))).terms();
    expect((findTerm([term!], '\\_SB_/BUF0') as { value: Uint8Array }).value.length).toBe(count + 2);
  });

  it('pads name segments and counts them', () => {
    expect(new AmlReader(name('\\_SB.PCI0.ISA', pkg(integer(1), integer(2)))).terms()).toEqual([
      { op: 'name', path: '\\_SB_.PCI0.ISA_', value: [1, 2], body: [] },
    ]);
    expect([...path('\\')]).toEqual([0x5c, 0]);
  });
});
