// SMART of a disk that never wears out: the structures exist and say so. Reference: ATA/ATAPI-6 (T13/1410D), 8.52;
// SFF-8035i 2.0 (attribute data).

import { writeU16 } from '../../base/bytes.ts';
import type { UnitState } from './state.ts';

const READ_DATA = 0xd0;
const READ_THRESHOLDS = 0xd1;
const AUTOSAVE = 0xd2;
const SAVE_VALUES = 0xd3;
const EXECUTE_OFFLINE = 0xd4;
const READ_LOG = 0xd5;
const ENABLE = 0xd8;
const DISABLE = 0xd9;
const RETURN_STATUS = 0xda;
const KEY_MID = 0x4f;
const KEY_HIGH = 0xc2;
const SECTOR = 512;

/** Number, flags, present value, threshold. */
const ATTRIBUTES = [
  [1, 0x0f, 100, 6], // read error rate
  [3, 0x03, 100, 0], // spin-up time
  [5, 0x33, 100, 36], // reallocated sectors
  [9, 0x32, 100, 0], // power-on hours
  [12, 0x32, 100, 0], // power cycles
  [197, 0x12, 100, 0], // pending sectors
  [198, 0x10, 100, 0], // uncorrectable sectors
] as const;

/** 512 bytes for the guest, 'done' or 'abort'. */
export function smartCommand(state: UnitState): Uint8Array | 'done' | 'abort' {
  if (state.mid !== KEY_MID || state.high !== KEY_HIGH) return 'abort';
  if (!state.smart && state.features !== ENABLE) return 'abort';
  switch (state.features) {
    case ENABLE:
      state.smart = true;
      return 'done';
    case DISABLE:
      state.smart = false;
      return 'done';
    case AUTOSAVE:
    case SAVE_VALUES:
    case EXECUTE_OFFLINE:
    case RETURN_STATUS: // the key unchanged: no threshold exceeded
      return 'done';
    case READ_DATA:
      return attributes((at, [id, flags, value], bytes) => {
        bytes[at] = id;
        writeU16(bytes, at + 1, flags);
        bytes[at + 3] = value;
        bytes[at + 4] = value;
      });
    case READ_THRESHOLDS:
      return attributes((at, [id, , , threshold], bytes) => {
        bytes[at] = id;
        bytes[at + 1] = threshold;
      });
    case READ_LOG:
      return log(state.low);
    default:
      return 'abort';
  }
}

function attributes(entry: (at: number, row: (typeof ATTRIBUTES)[number], bytes: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(SECTOR);
  bytes[0] = 1;
  ATTRIBUTES.forEach((row, index) => entry(2 + 12 * index, row, bytes));
  bytes[362] = 0x02; // off-line collection completed
  bytes[367] = 0x01; // SMART EXECUTE OFF-LINE IMMEDIATE
  bytes[368] = 0x03;
  bytes[370] = 0x01; // error logging
  bytes[372] = 2; // minutes a short self-test takes
  return summed(bytes);
}

/** The directory (0), the summary error log (1) and the self-test log (6), all without entries. */
function log(address: number): Uint8Array | 'abort' {
  const bytes = new Uint8Array(SECTOR);
  if (address !== 0 && address !== 1 && address !== 6) return 'abort';
  bytes[0] = 1;
  if (address === 0) {
    bytes[2] = 1;
    bytes[12] = 1;
    return bytes;
  }
  return summed(bytes);
}

/** The last byte makes the sum of all zero. */
function summed(bytes: Uint8Array): Uint8Array {
  bytes[SECTOR - 1] = -bytes.subarray(0, SECTOR - 1).reduce((sum, byte) => sum + byte, 0);
  return bytes;
}
