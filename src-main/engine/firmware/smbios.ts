// A minimal SMBIOS table: who made the machine, its processor and its memory.
// Reference: DMTF DSP0134 (SMBIOS) 2.8, 5.2.1 and 6.2.

import { littleEndianUuid } from '../../../shared/units/uuid.ts';
import { ByteBuilder } from './byte-builder.ts';

export interface SmbiosOptions {
  /** Physical address of the entry point, 16-byte aligned in the BIOS area; the structures follow it. */
  readonly address: number;
  readonly ramBytes: number;
  readonly processors: number;
  readonly cpuBrand: string;
  readonly cpuSignature: number;
  readonly cpuFeatures: number;
  /** Sixteen bytes, in the order of their text, that stay the same for one machine. */
  readonly uuid: Uint8Array;
}

const ENTRY_BYTES = 32;
const MiB = 0x10_0000;
const UNKNOWN_WORD = 0xffff;

const BIOS = 0x0000;
const SYSTEM = 0x0100;
const CHASSIS = 0x0300;
const PROCESSOR = 0x0400;
const MEMORY_ARRAY = 0x1000;
const MEMORY_DEVICE = 0x1100;
const ARRAY_ADDRESS = 0x1300;
const BOOT_STATUS = 0x2000;
const END = 0x7f00;

export function buildSmbios(options: SmbiosOptions): Uint8Array {
  const { bytes, count, largest } = structures(options);
  const out = new ByteBuilder()
    .text('_SM_').u8(0, 0x1f, 2, 8).u16(largest).u8(0).zeros(5)
    .text('_DMI_').u8(0).u16(bytes.length).u32(options.address + ENTRY_BYTES).u16(count).u8(0x28)
    .zeros(1);
  return out.checksum(21, 16, 31).checksum(4, 0, 31).bytes(bytes).build();
}

function structures(options: SmbiosOptions): { bytes: Uint8Array; count: number; largest: number } {
  const out = new ByteBuilder();
  let count = 0;
  let largest = 0;
  const add = (handle: number, body: ByteBuilder, ...texts: string[]): void => {
    const start = out.length;
    out.u8(handle >> 8, body.length + 4).u16(handle).bytes(body.build());
    for (const text of texts) out.text(text).u8(0);
    out.u8(0);
    if (texts.length === 0) out.u8(0);
    count += 1;
    largest = Math.max(largest, out.length - start);
  };
  const bytes = (): ByteBuilder => new ByteBuilder();
  const megabytes = Math.floor(options.ramBytes / MiB);

  // BIOS characteristics: PCI; extended: ACPI, and "virtual machine".
  add(BIOS, bytes().u8(1, 2).u16(0xf000).u8(3, 0).u64(1 << 7).u8(0x01, 0x18, 0, 1, 0xff, 0xff), 'Boxwright', '0.1', '11/21/2026');
  add(SYSTEM, bytes().u8(1, 2, 3, 0).bytes(littleEndianUuid(options.uuid)).u8(6, 0, 0), 'Boxwright', 'PC', '1');
  add(CHASSIS, bytes().u8(1, 1, 0, 0, 0, 3, 3, 3, 3).u32(0).u8(0, 1, 0, 0, 0), 'Boxwright');
  for (let id = 0; id < options.processors; id++) {
    add(PROCESSOR + id, bytes()
      .u8(1, 3, 0x01, 2).u32(options.cpuSignature, options.cpuFeatures).u8(3, 0).u16(0, 0, 0).u8(0x41, 1)
      .u16(UNKNOWN_WORD, UNKNOWN_WORD, UNKNOWN_WORD).u8(0, 0, 0, 1, 1, 1).u16(0x0c, 1), `CPU ${id}`, 'Boxwright', options.cpuBrand);
  }
  const kilobytes = megabytes * 1024;
  const large = kilobytes >= 0x8000_0000;
  add(MEMORY_ARRAY, bytes().u8(1, 3, 3).u32(large ? 0x8000_0000 : kilobytes).u16(0xfffe, 1).u64(large ? options.ramBytes : 0));
  add(MEMORY_DEVICE, bytes().u16(MEMORY_ARRAY, 0xfffe, 64, 64, megabytes < 0x7fff ? megabytes : 0x7fff)
    .u8(9, 0, 1, 0, 7).u16(0, 0).u8(2, 0, 0, 0, 0).u32(megabytes < 0x7fff ? 0 : megabytes).u16(0, 0, 0, 0), 'DIMM 0', 'Boxwright');
  add(ARRAY_ADDRESS, bytes().u32(0, kilobytes - 1).u16(MEMORY_ARRAY).u8(1).u64(0, 0));
  add(BOOT_STATUS, bytes().zeros(7));
  add(END, bytes());
  return { bytes: out.build(), count, largest };
}
