// CRC-32 (IEEE 802.3: gzip, PNG) and CRC-32C (Castagnoli), eight bytes a step.
// Reference: RFC 1952, section 8; RFC 3720, appendix B.4.

const IEEE = 0xedb88320;
const CASTAGNOLI = 0x82f63b78;
const SLICES = 8;

const makeTables = (polynomial: number): Uint32Array => {
  const tables = new Uint32Array(256 * SLICES);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    tables[byte] = crc;
  }
  for (let slice = 1; slice < SLICES; slice++)
    for (let byte = 0; byte < 256; byte++) {
      const before = tables[(slice - 1) * 256 + byte]!;
      tables[slice * 256 + byte] = (before >>> 8) ^ tables[before & 0xff]!;
    }
  return tables;
};

// Made when somebody asks for a checksum: commands that do not should not wait for them.
let ieee: Uint32Array | undefined;
let castagnoli: Uint32Array | undefined;

/** `seed`: the checksum of what comes before. */
export const crc32 = (bytes: Uint8Array, seed = 0): number => {
  ieee ??= makeTables(IEEE);
  return checksum(ieee, bytes, seed);
};

/** As `crc32`. */
export const crc32c = (bytes: Uint8Array, seed = 0): number => {
  castagnoli ??= makeTables(CASTAGNOLI);
  return checksum(castagnoli, bytes, seed);
};

/** Two words at a time, as they stand in memory: little-endian, as is the guest's. */
function checksum(T: Uint32Array, bytes: Uint8Array, seed: number): number {
  if (bytes.length < 8) return ~bytewise(T, bytes, ~seed) >>> 0;
  const head = -bytes.byteOffset & 3;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + head, ((bytes.length - head) >> 3) * 2);
  let crc = bytewise(T, bytes.subarray(0, head), ~seed);
  for (let at = 0; at < words.length; at += 2) {
    const low = crc ^ words[at]!;
    const high = words[at + 1]!;
    crc =
      T[1792 + (low & 0xff)]! ^
      T[1536 + ((low >>> 8) & 0xff)]! ^
      T[1280 + ((low >>> 16) & 0xff)]! ^
      T[1024 + (low >>> 24)]! ^
      T[768 + (high & 0xff)]! ^
      T[512 + ((high >>> 8) & 0xff)]! ^
      T[256 + ((high >>> 16) & 0xff)]! ^
      T[high >>> 24]!;
  }
  return ~bytewise(T, bytes.subarray(head + words.byteLength), crc) >>> 0;
}

function bytewise(T: Uint32Array, bytes: Uint8Array, crc: number): number {
  for (const byte of bytes) crc = (crc >>> 8) ^ T[(crc ^ byte) & 0xff]!;
  return crc;
}

/** Of a structure that holds its own checksum, which counts as zero. */
export function crc32cWithout(bytes: Uint8Array, checksumAt: number): number {
  const before = crc32c(bytes.subarray(0, checksumAt));
  return crc32c(bytes.subarray(checksumAt + 4), crc32c(new Uint8Array(4), before));
}
