// Checked access to the bytes of a header or table: every complaint names file, structure and offset. 64-bit numbers
// that no file can reach are damage, so that sums of what is read stay exact.

import { readU64, readU64be } from '../../base/bytes.ts';
import { BlockError } from '../block-error.ts';

export interface FieldsPlace {
  readonly file: string;
  /** As it is called in the format's specification. */
  readonly structure: string;
  /** Of the first byte in the file. */
  readonly position: number;
  readonly endian: 'little' | 'big';
}

export const corrupt = (file: string, structure: string, offset: number, problem: string): BlockError =>
  new BlockError('corrupt', `“${file}”: ${structure} at offset ${offset}: ${problem}.`, {
    file,
    structure,
    offset,
  });

export const unsupported = (file: string, feature: string): BlockError =>
  new BlockError('unsupported', `“${file}”: ${feature} is not supported.`, { file, feature });

export const wrongFormat = (file: string, format: string): BlockError =>
  new BlockError('wrong-format', `“${file}” is not a ${format} image.`, { file, format });

export const badOption = (file: string, message: string): BlockError =>
  new BlockError('invalid-argument', `“${file}”: ${message}.`, { file });

/** What a file can be long: beyond this, positions could no longer be added exactly. */
export const MAX_POSITION = 2 ** 52;

export class Fields {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #place: FieldsPlace;
  readonly #little: boolean;

  constructor(bytes: Uint8Array, place: FieldsPlace) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#place = place;
    this.#little = place.endian === 'little';
  }

  /** Of the first byte in the file. */
  get position(): number {
    return this.#place.position;
  }

  u8(at: number): number {
    return this.#view.getUint8(at);
  }

  u16(at: number): number {
    return this.#view.getUint16(at, this.#little);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, this.#little);
  }

  u64(at: number): number {
    const value = (this.#little ? readU64 : readU64be)(this.bytes, at);
    if (value > MAX_POSITION) this.fail(at, `the number is too large (${value})`);
    return value;
  }

  /** All ones, as several formats spell "none". */
  isAllOnes64(at: number): boolean {
    return this.#view.getUint32(at) === 0xffff_ffff && this.#view.getUint32(at + 4) === 0xffff_ffff;
  }

  /** Bytes up to a NUL or `length`, each a character. */
  text(at: number, length: number): string {
    let text = '';
    for (let i = at; i < at + length && this.bytes[i] !== 0; i++) text += String.fromCharCode(this.bytes[i]!);
    return text;
  }

  slice(at: number, length: number): Uint8Array {
    return this.bytes.slice(at, at + length);
  }

  fail(at: number, problem: string): never {
    throw corrupt(this.#place.file, this.#place.structure, this.#place.position + at, problem);
  }
}

/** Writes the characters of `text` as bytes, up to `limit`. */
export const putText = (into: Uint8Array, at: number, text: string, limit = text.length): void => {
  for (let i = 0; i < Math.min(text.length, limit); i++) into[at + i] = text.charCodeAt(i);
};

export const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;

export const isPowerOfTwo = (value: number): boolean => value > 0 && Number.isInteger(Math.log2(value));

export const allZero = (bytes: Uint8Array): boolean => {
  const words =
    bytes.byteOffset % 4 === 0
      ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2)
      : undefined;
  if (words) {
    for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  }
  for (let i = words ? words.length * 4 : 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
};

/**
 * A table says that `bytes` of data are at `position`; what is behind the end of the file was never written by a sane
 * program. Formats whose last block may be short ask for its first byte only.
 */
export const checkInFile = (
  store: { readonly name: string; readonly length: number },
  structure: string,
  at: number,
  position: number,
  bytes = 1,
): number => {
  if (position >= store.length)
    throw corrupt(store.name, structure, at, `it points behind the end of the file, to ${position}`);
  if (position + bytes > store.length)
    throw corrupt(
      store.name,
      structure,
      at,
      `the file ends within the ${bytes} bytes at ${position} that it points to; it was probably cut off`,
    );
  return position;
};
