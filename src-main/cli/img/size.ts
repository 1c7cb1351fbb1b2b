// Sizes as qemu-img reads and prints them. Reference: qemu-img(1), "size"; a bare number means bytes here.

import { ImgError } from './img-error.ts';

const SUFFIXES = 'BKMGTPE';
const UNITS = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const SECTOR = 512;

/** Undefined for what is no size, or too large for one. */
export function parseSize(text: string): number | undefined {
  const match = /^\+?(?:(0x[0-9a-f]+)|(\d+)(\.\d*)?([bkmgtpe])?)$/i.exec(text.trim());
  if (match === null) return undefined;
  const [, hex, whole = '', fraction = '', suffix = 'B'] = match;
  if (hex !== undefined) return exact(Number(hex));
  const scale = 1024 ** SUFFIXES.indexOf(suffix.toUpperCase());
  if (scale === 1 && Number(`0${fraction}`) !== 0) return undefined;
  return exact(Math.floor(Number(`${whole}${fraction}`) * scale));
}

const exact = (bytes: number) => (Number.isSafeInteger(bytes) ? bytes : undefined);

/** Throws `ImgError` that names what the size is of. */
export function requireSize(text: string, what: string): number {
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  throw new ImgError(
    `Invalid ${what} specified: “${text}”. You may use k, M, G, T, P or E suffixes for kilobytes, megabytes, gigabytes, terabytes, petabytes and exabytes.`,
  );
}

export function requireNumber(text: string, what: string, from: number, to: number): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (value >= from && value <= to) return value;
  throw new ImgError(`Invalid ${what} specified: “${text}”. Must be between ${from} and ${to}.`);
}

/** Images end at sectors. */
export const wholeSectors = (bytes: number) => Math.ceil(bytes / SECTOR) * SECTOR;

/** "1.5 GiB": three digits, the unit in which there are fewer than a thousand. */
export function formatSize(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number(value.toPrecision(3))} ${UNITS[unit]}B`;
}
