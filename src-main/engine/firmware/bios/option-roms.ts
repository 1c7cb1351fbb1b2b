// Option ROMs: found on 2 KiB boundaries from C0000h to EFFFFh and called once each.
// Reference: PCI Firmware 3.0, 5.2 (POST responsibilities); IBM PC/AT Technical Reference, "ROM scan".

import type { BiosCall } from './call.ts';
import { EBDA_SEGMENT } from './data-area.ts';

const FIRST = 0xc_0000;
const END = 0xf_0000;
const STEP = 0x800;
const SIGNATURE = 0xaa55;
const ENTRY = 3;
/** Far pointer of the entry to call and the place to go on searching, in the extended data area. */
const CALL_POINTER = EBDA_SEGMENT * 16 + 0x70;
const NEXT_PLACE = EBDA_SEGMENT * 16 + 0x74;

export class OptionRoms {
  begin(call: BiosCall): void {
    call.write32(NEXT_PLACE, FIRST);
  }

  /** Leaves the entry of the next one where the ROM's loop calls it. */
  next(call: BiosCall): boolean {
    for (let at = call.read32(NEXT_PLACE); at < END; at += STEP) {
      if (call.read16(at) !== SIGNATURE) continue;
      const bytes = call.read8(at + 2) * 512;
      if (bytes === 0 || at + bytes > END || !isWhole(call, at, bytes)) continue;
      call.write32(NEXT_PLACE, at + Math.ceil(bytes / STEP) * STEP);
      call.write32(CALL_POINTER, (at >> 4) * 0x1_0000 + ENTRY);
      return true;
    }
    return false;
  }
}

function isWhole(call: BiosCall, at: number, bytes: number): boolean {
  const image = new Uint8Array(bytes);
  call.readBytes(at, image);
  return (image.reduce((sum, byte) => sum + byte, 0) & 0xff) === 0;
}
