// The two headers of a VHDX file, of which the one with the higher sequence number counts; an update goes to the other.
// Reference: [MS-VHDX] 2.2.1, 2.2.2.

import { readU32, writeU16, writeU32, writeU64 } from '../../../base/bytes.ts';
import { crc32cWithout } from '../../../base/crc32.ts';
import type { ByteStore } from '../../byte-store.ts';
import { corrupt, Fields, putText, unsupported, wrongFormat } from '../../sparse/fields.ts';

const SIGNATURE = 0x64616568;
const HEADER_BYTES = 4096;
const POSITIONS = [0x1_0000, 0x2_0000] as const;
const MEBI = 1 << 20;
/** Far more than any program makes; it is read into memory when it has to be replayed. */
const MAX_LOG = 64 * MEBI;

export interface VhdxHeader {
  readonly sequence: number;
  readonly fileWriteGuid: Uint8Array;
  readonly dataWriteGuid: Uint8Array;
  readonly logGuid: Uint8Array;
  readonly logPosition: number;
  readonly logLength: number;
}

export const isVhdx = (head: Uint8Array): boolean =>
  String.fromCharCode(...head.subarray(0, 8)) === 'vhdxfile';

/** Undefined where signature or checksum do not hold. */
const parseHeader = (bytes: Uint8Array, store: ByteStore, position: number): VhdxHeader | undefined => {
  if (readU32(bytes, 0) !== SIGNATURE || readU32(bytes, 4) !== crc32cWithout(bytes, 4)) return undefined;
  const place = { file: store.name, structure: 'VHDX header', position, endian: 'little' } as const;
  const f = new Fields(bytes, place);
  const logGuid = f.slice(48, 16);
  if (f.u16(66) !== 1) throw unsupported(store.name, `VHDX version ${f.u16(66)}`);
  if (f.u16(64) !== 0) throw unsupported(store.name, `VHDX log version ${f.u16(64)}`);
  const header = {
    sequence: f.u64(8),
    fileWriteGuid: f.slice(16, 16),
    dataWriteGuid: f.slice(32, 16),
    logGuid,
    logLength: f.u32(68),
    logPosition: f.u64(72),
  };
  if (header.logLength === 0 || header.logLength % MEBI !== 0)
    f.fail(68, `the log has ${header.logLength} bytes`);
  if (header.logLength > MAX_LOG) throw unsupported(store.name, `a VHDX log of ${header.logLength} bytes`);
  if (header.logPosition < MEBI || header.logPosition % MEBI !== 0)
    f.fail(72, `the log is at ${header.logPosition}`);
  if (header.logPosition + header.logLength > store.length)
    f.fail(72, 'the log reaches behind the end of the file');
  return header;
};

export const buildHeader = (header: VhdxHeader): Uint8Array => {
  const bytes = new Uint8Array(HEADER_BYTES);
  writeU32(bytes, 0, SIGNATURE);
  writeU64(bytes, 8, header.sequence);
  bytes.set(header.fileWriteGuid, 16);
  bytes.set(header.dataWriteGuid, 32);
  bytes.set(header.logGuid, 48);
  writeU16(bytes, 66, 1);
  writeU32(bytes, 68, header.logLength);
  writeU64(bytes, 72, header.logPosition);
  writeU32(bytes, 4, crc32cWithout(bytes, 4));
  return bytes;
};

export const buildIdentifier = (): Uint8Array => {
  const bytes = new Uint8Array(520);
  putText(bytes, 0, 'vhdxfile');
  [...'Boxwright'].forEach((char, i) => (bytes[8 + i * 2] = char.charCodeAt(0)));
  return bytes;
};

export class VhdxHeaders {
  readonly #store: ByteStore;
  #current: VhdxHeader;
  #slot: number;

  private constructor(store: ByteStore, current: VhdxHeader, slot: number) {
    this.#store = store;
    this.#current = current;
    this.#slot = slot;
  }

  static async read(store: ByteStore): Promise<VhdxHeaders> {
    const head = new Uint8Array(8);
    await store.readAt(0, head);
    if (!isVhdx(head)) throw wrongFormat(store.name, 'VHDX');
    const found: (VhdxHeader | undefined)[] = [];
    for (const position of POSITIONS) {
      const bytes = new Uint8Array(HEADER_BYTES);
      await store.readAt(position, bytes);
      found.push(parseHeader(bytes, store, position));
    }
    const slot = (found[1]?.sequence ?? -1) > (found[0]?.sequence ?? -1) ? 1 : 0;
    const current = found[slot];
    if (current) return new VhdxHeaders(store, current, slot);
    throw corrupt(store.name, 'VHDX header', POSITIONS[0], 'neither of the two is whole');
  }

  get current(): VhdxHeader {
    return this.#current;
  }

  /** Durable when done; a loss of power leaves the old header or the new one. */
  async update(changes: Partial<Omit<VhdxHeader, 'sequence'>>): Promise<void> {
    const next = { ...this.#current, ...changes, sequence: this.#current.sequence + 1 };
    const slot = 1 - this.#slot;
    await this.#store.writeAt(POSITIONS[slot]!, buildHeader(next));
    await this.#store.flush();
    this.#current = next;
    this.#slot = slot;
  }
}

/** For a new file. */
export const writeFirstHeaders = async (
  store: ByteStore,
  header: Omit<VhdxHeader, 'sequence'>,
): Promise<void> => {
  await store.writeAt(0, buildIdentifier());
  await store.writeAt(POSITIONS[0], buildHeader({ ...header, sequence: 1 }));
  await store.writeAt(POSITIONS[1], buildHeader({ ...header, sequence: 2 }));
};
