// Reads the setup header of a Linux bzImage and says what is wrong with files that are something else.
// Reference: Linux Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".

import { BootError, type BootErrorCode } from '../boot-error.ts';
import { isElf } from '../elf.ts';

const SECTOR = 512;
/** Offsets in the file. */
const SETUP_SECTS = 0x1f1;
const BOOT_FLAG = 0x1fe;
const HEADER_JUMP = 0x200;
const HEADER_MAGIC = 0x202;
const VERSION = 0x206;
const KERNEL_VERSION = 0x20e;
const LOADFLAGS = 0x211;
const CODE32_START = 0x214;
const INITRD_ADDR_MAX = 0x22c;
const KERNEL_ALIGNMENT = 0x230;
const RELOCATABLE_KERNEL = 0x234;
const XLOADFLAGS = 0x236;
const CMDLINE_SIZE = 0x238;
const PREF_ADDRESS = 0x258;
const INIT_SIZE = 0x260;

const LOADED_HIGH = 1;
const XLF_KERNEL_64 = 1;
const MAGIC = 0x5372_6448; // "HdrS"

export interface SetupHeader {
  /** Protocol version, 0x020F for 2.15. */
  readonly version: number;
  /** Bytes of boot sector and setup code before the protected-mode kernel. */
  readonly setupBytes: number;
  /** The header itself, from 1F1h to its end. */
  readonly raw: Uint8Array;
  readonly code32Start: number;
  /** Highest address an initial RAM disk's last byte may have. */
  readonly initrdAddressMax: number;
  /** Longest command line without its terminating zero. */
  readonly commandLineMax: number;
  readonly relocatable: boolean;
  readonly kernelAlignment: number;
  readonly preferredAddress: number;
  /** Linear memory the kernel needs from its load address on before it looks at the memory map; 0: unknown. */
  readonly initSize: number;
  readonly is64Bit: boolean;
  /** "6.1.0-44-amd64 (…)", or empty. */
  readonly kernelVersion: string;
}

export function isLinuxImage(bytes: Uint8Array): boolean {
  return bytes.length > HEADER_MAGIC + 4 && view(bytes).getUint32(HEADER_MAGIC, true) === MAGIC;
}

/** Throws `BootError` naming `file` when it is no bzImage of protocol 2.00 or newer. */
export function parseSetupHeader(file: string, bytes: Uint8Array): SetupHeader {
  const fail = (code: BootErrorCode, problem: string, detail: Record<string, string | number> = {}): never => {
    throw new BootError(code, `${file}: ${problem}`, { file, ...detail });
  };
  if (isElf(bytes)) {
    fail('kernel-is-vmlinux', 'is an uncompressed ELF kernel (vmlinux) without a Multiboot header; use the bzImage (vmlinuz)');
  }
  if (bytes.length < 2 * SECTOR) fail('not-a-kernel', 'is too short for a Linux kernel', { bytes: bytes.length });
  const data = view(bytes);
  if (data.getUint16(BOOT_FLAG, true) !== 0xaa55 || !isLinuxImage(bytes)) {
    fail('not-a-kernel', 'is not a Linux kernel image: the boot protocol signature "HdrS" is missing');
  }
  const version = data.getUint16(VERSION, true);
  if ((data.getUint8(LOADFLAGS) & LOADED_HIGH) === 0) {
    fail('kernel-not-relocatable-high', 'is a zImage, which loads below 640 KiB; only bzImage kernels are supported');
  }
  const setupBytes = ((data.getUint8(SETUP_SECTS) || 4) + 1) * SECTOR;
  if (bytes.length <= setupBytes) {
    fail('kernel-truncated', `is cut short: ${bytes.length} bytes, but the setup code alone takes ${setupBytes}`, { bytes: bytes.length });
  }
  const since = <T>(protocol: number, read: () => T, otherwise: T): T => (version >= protocol ? read() : otherwise);
  const rawEnd = Math.min(HEADER_MAGIC + data.getUint8(HEADER_JUMP + 1), setupBytes);
  return {
    version,
    setupBytes,
    raw: bytes.slice(SETUP_SECTS, rawEnd),
    code32Start: data.getUint32(CODE32_START, true),
    initrdAddressMax: since(0x203, () => data.getUint32(INITRD_ADDR_MAX, true), 0x37ff_ffff),
    commandLineMax: since(0x206, () => data.getUint32(CMDLINE_SIZE, true), 255),
    relocatable: since(0x205, () => data.getUint8(RELOCATABLE_KERNEL) !== 0, false),
    kernelAlignment: since(0x205, () => data.getUint32(KERNEL_ALIGNMENT, true), 0),
    preferredAddress: since(0x20a, () => Number(data.getBigUint64(PREF_ADDRESS, true)), data.getUint32(CODE32_START, true)),
    initSize: since(0x20a, () => data.getUint32(INIT_SIZE, true), 0),
    is64Bit: since(0x20c, () => (data.getUint16(XLOADFLAGS, true) & XLF_KERNEL_64) !== 0, false),
    kernelVersion: versionText(bytes, data.getUint16(KERNEL_VERSION, true), setupBytes),
  };
}

/** The version string stands 200h behind the offset in the header; a damaged offset gives an empty text. */
function versionText(bytes: Uint8Array, offset: number, setupBytes: number): string {
  if (offset === 0) return '';
  let text = '';
  for (let at = offset + SECTOR; at < setupBytes && text.length < 128; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 0) break;
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '?';
  }
  return text;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
