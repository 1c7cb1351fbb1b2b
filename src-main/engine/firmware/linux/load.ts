// Places a Linux kernel, its initial RAM disk, command line and zero page in guest memory, for the 32-bit entry
// point. That entry serves 64-bit kernels too (they enter long mode by themselves), and needs no BIOS.
// Reference: Linux Documentation/arch/x86/boot.rst, "32-bit Boot Protocol".

import type { Dma } from '../../bus/dma.ts';
import { BootError } from '../boot-error.ts';
import { type BootEntry, flatGdt, LOADER_GDT } from '../boot-entry.ts';
import { acpiArea, memoryMap } from '../memory-map.ts';
import { utf8 } from '../../base/utf8.ts';
import { buildBootParams } from './boot-params.ts';
import { parseSetupHeader, type SetupHeader } from './setup-header.ts';
import type { LinearScreen } from './video-mode.ts';

const BOOT_CS = 0x10;
const BOOT_DS = 0x18;
const COMMAND_LINE = 0x2_0000;
const COMMAND_LINE_ROOM = 0x1_0000;
const BOOT_PARAMS = 0x9_0000;
const STACK_TOP = 0x9_0000;
const PAGE = 0x1000;

export interface LinuxBoot {
  readonly kernel: { readonly name: string; readonly bytes: Uint8Array };
  /** Parts of the initial RAM disk, loaded one behind the other. */
  readonly initrd: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  readonly commandLine: string;
  readonly ramBytes: number;
  readonly rsdpAddress: number;
  readonly longMode: boolean;
  readonly textScreen: boolean;
  readonly linearScreen?: LinearScreen | undefined;
}

export function loadLinux(boot: LinuxBoot, memory: Dma): BootEntry {
  const { kernel } = boot;
  const header = parseSetupHeader(kernel.name, kernel.bytes);
  if (header.is64Bit && !boot.longMode) {
    throw new BootError('kernel-needs-64-bit-cpu', `${kernel.name}: is a 64-bit kernel, and the CPU model is a 32-bit one`, { file: kernel.name });
  }
  const commandLine = encodeCommandLine(boot, header);
  const kernelEnd = placeKernel(boot, header, memory);
  const initrd = placeInitrd(boot, header, kernelEnd, memory);
  memory.write(COMMAND_LINE, commandLine);
  memory.write(BOOT_PARAMS, buildBootParams({
    header,
    kernelAddress: header.code32Start,
    commandLineAddress: COMMAND_LINE,
    initrd,
    memoryMap: memoryMap(boot.ramBytes),
    rsdpAddress: boot.rsdpAddress,
    textScreen: boot.textScreen,
    linearScreen: boot.linearScreen,
  }));
  const gdt = flatGdt(BOOT_CS, BOOT_DS);
  memory.write(LOADER_GDT, gdt);
  return {
    eip: header.code32Start,
    registers: { esi: BOOT_PARAMS, esp: STACK_TOP, ebp: 0, edi: 0, ebx: 0 },
    codeSelector: BOOT_CS,
    dataSelector: BOOT_DS,
    gdt: { base: LOADER_GDT, limit: gdt.length - 1 },
  };
}

/** UTF-8, as a terminal would send it, with a terminating zero. */
function encodeCommandLine(boot: LinuxBoot, header: SetupHeader): Uint8Array {
  const text = utf8(boot.commandLine);
  const limit = Math.min(header.commandLineMax, COMMAND_LINE_ROOM - 1);
  if (text.length > limit) {
    throw new BootError('command-line-too-long', `the kernel command line has ${text.length} bytes; ${boot.kernel.name} takes ${limit}`, {
      file: boot.kernel.name, bytes: text.length, limit,
    });
  }
  const line = new Uint8Array(text.length + 1);
  line.set(text);
  return line;
}

/** Loads the protected-mode part and returns the first address behind what the kernel claims for its start. */
function placeKernel(boot: LinuxBoot, header: SetupHeader, memory: Dma): number {
  const { name, bytes } = boot.kernel;
  const image = bytes.subarray(header.setupBytes);
  const start = header.code32Start;
  const unpacked = header.relocatable ? Math.max(start, header.preferredAddress) : header.preferredAddress;
  const end = Math.max(start + image.length, unpacked + header.initSize);
  if (end > acpiArea(boot.ramBytes)) {
    const needed = Math.ceil((end + PAGE) / 0x10_0000) + 1;
    throw new BootError('memory-too-small', `${name}: needs at least ${needed} MiB of memory to start`, { file: name, neededMiB: needed });
  }
  memory.write(start, image);
  return end;
}

/** As high as the kernel allows, so that it stays clear of where the kernel unpacks itself. */
function placeInitrd(boot: LinuxBoot, header: SetupHeader, kernelEnd: number, memory: Dma): { address: number; bytes: number } | undefined {
  const bytes = boot.initrd.reduce((sum, part) => sum + part.bytes.length, 0);
  if (boot.initrd.length === 0) return undefined;
  const names = boot.initrd.map((part) => part.name).join(', ');
  if (bytes === 0) throw new BootError('initrd-empty', `${names}: is empty`, { file: names });
  const top = Math.min(header.initrdAddressMax + 1, acpiArea(boot.ramBytes));
  const address = Math.floor((top - bytes) / PAGE) * PAGE;
  if (address < kernelEnd) {
    const needed = Math.ceil((kernelEnd + bytes) / 0x10_0000) + 1;
    throw new BootError('memory-too-small', `${names}: does not fit in memory behind the kernel; at least ${needed} MiB are needed`, {
      file: names, neededMiB: needed,
    });
  }
  let at = address;
  for (const part of boot.initrd) {
    memory.write(at, part.bytes);
    at += part.bytes.length;
  }
  return { address, bytes };
}
