// The part of ELF a boot loader needs: class, entry point and loadable segments of an x86 executable.
// Reference: System V ABI, edition 4.1, chapters 4 and 5; ELF-64 Object File Format 1.5.

import { BootError } from './boot-error.ts';

const EM_386 = 3;
const EM_X86_64 = 62;
const PT_LOAD = 1;
/** More program headers than any kernel has. */
const MAX_SEGMENTS = 256;

export interface ElfSegment {
  readonly fileOffset: number;
  readonly fileBytes: number;
  readonly physicalAddress: number;
  readonly virtualAddress: number;
  readonly memoryBytes: number;
}

export interface ElfFile {
  readonly is64Bit: boolean;
  /** Physical address of the entry point. */
  readonly entry: number;
  readonly segments: readonly ElfSegment[];
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** Throws `BootError` naming `file`. Offsets and sizes of the result lie inside the file. */
export function parseElf(file: string, bytes: Uint8Array): ElfFile {
  const fail = (problem: string): never => {
    throw new BootError('kernel-bad-elf', `${file}: ${problem}`, { file });
  };
  if (!isElf(bytes) || bytes.length < 64) return fail('is not an ELF file');
  const is64Bit = bytes[4] === 2;
  if (bytes[5] !== 1) return fail('is a big-endian ELF file');
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const machine = data.getUint16(18, true);
  if (machine !== EM_386 && machine !== EM_X86_64) return fail(`is an ELF file for another processor (machine ${machine})`);
  const word = (offset32: number, offset64: number): number =>
    is64Bit ? Number(data.getBigUint64(offset64, true)) : data.getUint32(offset32, true);
  const half = (offset32: number, offset64: number): number => data.getUint16(is64Bit ? offset64 : offset32, true);

  const tableOffset = word(28, 32);
  const entrySize = half(42, 54);
  const count = half(44, 56);
  if (count > MAX_SEGMENTS || entrySize < (is64Bit ? 56 : 32)) return fail('has a damaged program header table');
  if (tableOffset + count * entrySize > bytes.length) return fail('is cut short: the program header table is missing');
  const segments: ElfSegment[] = [];
  for (let i = 0; i < count; i++) {
    const segment = readSegment(data, tableOffset + i * entrySize, is64Bit);
    if (segment === undefined) continue;
    if (segment.fileOffset + segment.fileBytes > bytes.length || segment.fileBytes > segment.memoryBytes) {
      return fail(`is cut short or damaged: segment ${i} lies outside the file`);
    }
    segments.push(segment);
  }
  return { is64Bit, entry: physicalEntry(word(24, 24), segments), segments };
}

/** Kernels linked high have a virtual entry point; it starts where its segment is loaded. */
function physicalEntry(entry: number, segments: readonly ElfSegment[]): number {
  const home = segments.find((segment) => entry >= segment.virtualAddress && entry - segment.virtualAddress < segment.memoryBytes);
  return home === undefined ? entry : home.physicalAddress + (entry - home.virtualAddress);
}

function readSegment(data: DataView, at: number, is64Bit: boolean): ElfSegment | undefined {
  if (data.getUint32(at, true) !== PT_LOAD) return undefined;
  if (is64Bit) {
    const field = (offset: number): number => Number(data.getBigUint64(at + offset, true));
    return { fileOffset: field(8), virtualAddress: field(16), physicalAddress: field(24), fileBytes: field(32), memoryBytes: field(40) };
  }
  const field = (offset: number): number => data.getUint32(at + offset, true);
  return { fileOffset: field(4), virtualAddress: field(8), physicalAddress: field(12), fileBytes: field(16), memoryBytes: field(20) };
}
