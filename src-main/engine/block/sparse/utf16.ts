// UTF-16 as the formats of Microsoft store names.

/** Up to a NUL. */
export const fromUtf16 = (bytes: Uint8Array, little: boolean): string => {
  let text = '';
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    const code = little ? bytes[i]! | (bytes[i + 1]! << 8) : (bytes[i]! << 8) | bytes[i + 1]!;
    if (code === 0) break;
    text += String.fromCharCode(code);
  }
  return text;
};

export const utf16 = (text: string, little: boolean): Uint8Array => {
  const bytes = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i++) {
    bytes[i * 2 + (little ? 0 : 1)] = text.charCodeAt(i);
    bytes[i * 2 + (little ? 1 : 0)] = text.charCodeAt(i) >>> 8;
  }
  return bytes;
};
