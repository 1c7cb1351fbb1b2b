// GUIDs as VHDX stores them: the first three groups little-endian. Reference: [MS-DTYP] 2.3.4.2.

export const GUID_BYTES = 16;

const ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

export const guidText = (bytes: Uint8Array): string => {
  const hex = ORDER.map((i) => bytes[i]!.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};

export const guidBytes = (text: string): Uint8Array => {
  const hex = text.replaceAll('-', '');
  const bytes = new Uint8Array(GUID_BYTES);
  ORDER.forEach((to, i) => (bytes[to] = Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16)));
  return bytes;
};

/** Version 4, RFC 9562. */
export const newGuid = (random: Uint8Array): Uint8Array => {
  const bytes = random.slice(0, GUID_BYTES);
  bytes[7] = (bytes[7]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes;
};

export const isZeroGuid = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

export const sameGuid = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, i) => byte === b[i]);
