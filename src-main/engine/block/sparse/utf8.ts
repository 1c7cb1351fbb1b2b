// UTF-8 without the library of a browser or of Node. Bytes that are no UTF-8 become characters one by one.

export const decodeUtf8 = (bytes: Uint8Array): string => {
  let escaped = '';
  for (const byte of bytes)
    escaped += byte >= 0x80 || byte === 0x25 ? `%${byte.toString(16)}` : String.fromCharCode(byte);
  try {
    return decodeURIComponent(escaped);
  } catch {
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    return text;
  }
};

export const encodeUtf8 = (text: string): Uint8Array => {
  const bytes: number[] = [];
  for (const part of encodeURIComponent(text).match(/%..|[^%]/g) ?? [])
    bytes.push(part.length === 3 ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0));
  return Uint8Array.from(bytes);
};
