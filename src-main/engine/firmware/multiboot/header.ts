// Finds and reads a kernel's Multiboot header and says which bytes go where.
// Reference: Multiboot Specification 0.6.96, sections 3.1 and 3.2.

import { BootError } from '../boot-error.ts';
import { isElf, parseElf } from '../elf.ts';

const HEADER_MAGIC = 0x1bad_b002;
/** The header lies in the first 8 KiB, 4-byte aligned. */
const SEARCH_BYTES = 8192;
const HEADER_BYTES = 12;
const ADDRESS_FIELDS_BYTES = 32;

const FLAG_VIDEO = 1 << 2;
const FLAG_ADDRESSES = 1 << 16;
/** Requirements (bits 0-15) we know: page-aligned modules, memory information, video mode. */
const KNOWN_REQUIREMENTS = 0x7;

export interface LoadSegment {
  readonly fileOffset: number;
  readonly fileBytes: number;
  readonly address: number;
  /** At least `fileBytes`; the rest is zero. */
  readonly memoryBytes: number;
}

export interface MultibootImage {
  readonly entry: number;
  readonly segments: readonly LoadSegment[];
  readonly wantsVideo: boolean;
}

/** Offset of the header in the file, or undefined when this is no Multiboot kernel. */
export function findMultibootHeader(bytes: Uint8Array): number | undefined {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = Math.min(bytes.length, SEARCH_BYTES) - HEADER_BYTES;
  for (let at = 0; at <= end; at += 4) {
    if (data.getUint32(at, true) !== HEADER_MAGIC) continue;
    const sum = HEADER_MAGIC + data.getUint32(at + 4, true) + data.getUint32(at + 8, true);
    if (sum % 2 ** 32 === 0) return at;
  }
  return undefined;
}

/** Throws `BootError` naming `file`. */
export function parseMultiboot(file: string, bytes: Uint8Array): MultibootImage {
  const header = findMultibootHeader(bytes);
  if (header === undefined) {
    throw new BootError('not-a-kernel', `${file}: has no Multiboot header`, { file });
  }
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = data.getUint32(header + 4, true);
  const unknown = flags & 0xffff & ~KNOWN_REQUIREMENTS;
  if (unknown !== 0) {
    throw new BootError('kernel-bad-multiboot', `${file}: requires Multiboot features 0x${unknown.toString(16)}, which are not known`, {
      file, flags: unknown,
    });
  }
  const wantsVideo = (flags & FLAG_VIDEO) !== 0;
  if ((flags & FLAG_ADDRESSES) !== 0) return { ...addressFields(file, bytes, data, header), wantsVideo };
  if (!isElf(bytes)) {
    throw new BootError('kernel-bad-multiboot', `${file}: is neither an ELF file nor has load addresses in its Multiboot header`, { file });
  }
  const elf = parseElf(file, bytes);
  const segments = elf.segments.map(({ fileOffset, fileBytes, physicalAddress, memoryBytes }) => ({
    fileOffset, fileBytes, address: physicalAddress, memoryBytes,
  }));
  return { entry: elf.entry, segments, wantsVideo };
}

/** The "a.out kludge": load addresses from the header itself, whatever the file's format. */
function addressFields(file: string, bytes: Uint8Array, data: DataView, header: number): Omit<MultibootImage, 'wantsVideo'> {
  const fail = (problem: string): never => {
    throw new BootError('kernel-bad-multiboot', `${file}: ${problem}`, { file });
  };
  if (header + ADDRESS_FIELDS_BYTES > bytes.length) return fail('is cut short in its Multiboot header');
  const field = (index: number): number => data.getUint32(header + 12 + index * 4, true);
  const [headerAddress, loadAddress, loadEnd, bssEnd, entry] = [field(0), field(1), field(2), field(3), field(4)];
  const fileOffset = header - (headerAddress - loadAddress);
  if (loadAddress > headerAddress || fileOffset < 0) return fail('has contradictory load addresses in its Multiboot header');
  const fileBytes = loadEnd === 0 ? bytes.length - fileOffset : loadEnd - loadAddress;
  if (fileBytes < 0 || fileOffset + fileBytes > bytes.length) return fail('is cut short: its Multiboot header announces more than the file has');
  const memoryBytes = Math.max(fileBytes, bssEnd === 0 ? 0 : bssEnd - loadAddress);
  return { entry, segments: [{ fileOffset, fileBytes, address: loadAddress, memoryBytes }] };
}
