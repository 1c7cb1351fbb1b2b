// What is in the CMOS memory at power-on: what the battery has kept, and what firmware writes there: memory sizes and equipment, where old systems and boot loaders look.
// Reference: IBM PC/AT technical reference, CMOS RAM address map; RBIL, CMOS.LST (34h/35h, 5Bh-5Dh).

import { CMOS_BYTES, NVRAM_BASE } from '../devices/cmos/cmos.ts';
import { splitRam } from '../firmware/memory-map.ts';

/** What the battery has kept; undefined: nothing. */
export function keptNvram(bytes: Uint8Array | undefined): [register: number, value: number][] {
  return [...(bytes?.subarray(0, CMOS_BYTES - NVRAM_BASE) ?? [])].map((value, at) => [NVRAM_BASE + at, value]);
}

const KiB = 1024;
const MiB = 1024 * KiB;

/** `floppies`: types of drives A and B, 0 for none. */
export function cmosMemory(ramBytes: number, floppies: readonly [number, number] = [0, 0]): [register: number, value: number][] {
  const { low, high } = splitRam(ramBytes);
  const base = 640;
  const count = floppies.filter((type) => type !== 0).length;
  const extended = Math.min((low - MiB) / KiB, 0xffff);
  const above16 = Math.max(0, Math.min((low - 16 * MiB) / (64 * KiB), 0xffff));
  const above4G = high / (64 * KiB);
  const word = (at: number, value: number): [number, number][] => [[at, value & 0xff], [at + 1, (value >> 8) & 0xff]];
  return [
    [0x10, (floppies[0] << 4) | floppies[1]],
    // Equipment: VGA, coprocessor, PS/2 mouse, number of floppies.
    [0x14, 0x06 | (count === 0 ? 0 : 1 | ((count - 1) << 6))],
    ...word(0x15, base),
    ...word(0x17, extended),
    ...word(0x30, extended),
    ...word(0x34, above16),
    ...word(0x5b, above4G),
    [0x5d, (above4G >> 16) & 0xff],
  ];
}

