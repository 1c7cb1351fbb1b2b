// UUIDs as text and as bytes in the order of their text. Reference: RFC 9562, section 4.

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return FORM.test(text);
}

/** Sixteen bytes. Throws RangeError for a text that is no UUID. */
export function parseUuid(text: string): Uint8Array {
  if (!isUuid(text)) throw new RangeError(`not a UUID: ${text}`);
  const digits = text.replaceAll('-', '');
  return Uint8Array.from({ length: 16 }, (_, index) => Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16));
}

/** The same with its first three fields little-endian, as Microsoft's GUIDs and SMBIOS store them. */
export function littleEndianUuid(uuid: Uint8Array): Uint8Array {
  return Uint8Array.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15], (index) => uuid[index] ?? 0);
}
