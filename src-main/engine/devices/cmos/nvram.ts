// What a PC's firmware setup leaves in the CMOS memory: memory sizes, equipment, boot order, checksum.
// Reference: IBM PC/AT Technical Reference, "Real-Time Clock/CMOS RAM"; Ralf Brown's CMOS memory map.

export interface NvramDescription {
  /** RAM below 4 GiB, and behind it. */
  readonly lowRamBytes: number;
  readonly highRamBytes: number;
  /** Drive types: 0 none, 4 is 1.44 MB. */
  readonly floppies: readonly [a: number, b: number];
  /** First to third: 0 none, 1 floppy, 2 hard disk, 3 CD-ROM. */
  readonly bootOrder: readonly [number, number, number];
}

const KIB = 1024;
const MIB = 1024 * KIB;
const MAX_WORD = 0xffff;
const CHECKSUM_FIRST = 0x10;
const CHECKSUM_LAST = 0x2d;

/** Pairs for `CmosOptions.nvram`. */
export function pcNvram(machine: NvramDescription): (readonly [register: number, value: number])[] {
  const ram = new Uint8Array(128);
  const put16 = (at: number, value: number) => {
    ram[at] = value;
    ram[at + 1] = value >>> 8;
  };
  const floppies = machine.floppies.filter((type) => type !== 0).length;
  ram[0x10] = (machine.floppies[0] << 4) | machine.floppies[1];
  // Coprocessor, PS/2 mouse; bits 7 and 6 count floppy drives less one.
  ram[0x14] = 0x06 | (floppies > 0 ? 0x01 | ((floppies - 1) << 6) : 0);
  put16(0x15, 640);
  const extendedKib = Math.min(Math.max(0, machine.lowRamBytes - MIB) / KIB, MAX_WORD);
  put16(0x17, extendedKib);
  put16(0x30, extendedKib);
  const above16Mib = Math.max(0, machine.lowRamBytes - 16 * MIB);
  put16(0x34, Math.min(above16Mib / (64 * KIB), MAX_WORD));
  const high = Math.floor(machine.highRamBytes / (64 * KIB));
  put16(0x5b, high & MAX_WORD);
  ram[0x5d] = high >>> 16;
  const [first, second, third] = machine.bootOrder;
  ram[0x3d] = first | (second << 4);
  ram[0x38] = third << 4;
  let sum = 0;
  for (let i = CHECKSUM_FIRST; i <= CHECKSUM_LAST; i++) sum += ram[i]!;
  ram[0x2e] = sum >>> 8;
  ram[0x2f] = sum;
  return Array.from(ram, (value, register) => [register, value] as const).filter(([, value]) => value !== 0);
}
