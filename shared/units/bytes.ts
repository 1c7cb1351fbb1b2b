// Sizes in bytes: constants, parsing of what people type ("512", "512M", "2G") and display.
// Reference for the suffixes: QEMU's -m option, where a bare number means MiB.

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

const SUFFIX_MIB: Readonly<Record<string, number>> = { k: 1 / 1024, m: 1, g: 1024, t: 1024 * 1024 };

/** Whole MiB of a memory size as it is typed, or undefined if it is not one. */
export function parseMemoryMiB(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)([kmgt])?(?:i?b)?$/i.exec(text.trim());
  if (!match) return undefined;
  const mib = Number(match[1]) * (SUFFIX_MIB[(match[2] ?? 'm').toLowerCase()] ?? 1);
  return Number.isInteger(mib) && mib > 0 ? mib : undefined;
}

/** "512 MiB", "1.5 GiB": for people, never to be parsed again. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[unit]}`;
}
