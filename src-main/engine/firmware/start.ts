// What firmware does between reset and the operating system when a kernel is started directly: tables in
// memory, the interrupt and power wiring programmed, then the loader the file asks for.
// Reference: Linux boot.rst; Multiboot 0.6.96; PIIX3 (290550) 2.5.3 and PIIX4 (290562) 7.1 for the registers.

import type { Dma } from '../bus/dma.ts';
import type { BootEntry } from './boot-entry.ts';
import { BootError } from './boot-error.ts';
import { ByteBuilder } from './byte-builder.ts';
import { isElf } from './elf.ts';
import { isLinuxImage } from './linux/setup-header.ts';
import { loadLinux } from './linux/load.ts';
import type { LinearScreen } from './linux/video-mode.ts';
import { acpiArea, BDA, EBDA } from './memory-map.ts';
import { findMultibootHeader } from './multiboot/header.ts';
import { loadMultiboot } from './multiboot/load.ts';
import { COM_PORTS } from './platform.ts';
import { type PlatformDescription, RSDP_ADDRESS, writePlatformTables } from './platform-tables.ts';

export interface FirmwareFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface StartOptions extends PlatformDescription {
  readonly kernel: FirmwareFile;
  readonly modules: readonly (FirmwareFile & { readonly arguments: string })[];
  readonly commandLine: string;
  readonly textScreen: boolean;
  /** Instead of text: a graphics mode that is set. Linux only. */
  readonly linearScreen?: LinearScreen | undefined;
  readonly cpu: PlatformDescription['cpu'] & { readonly longMode: boolean };
}

export type KernelKind = 'linux' | 'multiboot';

/** Which boot protocol a file speaks; Linux goes first, as some images carry both headers. */
export function kernelKind(bytes: Uint8Array): KernelKind | undefined {
  if (!isElf(bytes) && isLinuxImage(bytes)) return 'linux';
  return findMultibootHeader(bytes) === undefined ? undefined : 'multiboot';
}

/** Fills guest memory and says where to begin. Throws `BootError`. */
export function startKernel(options: StartOptions, memory: Dma): BootEntry {
  const { kernel, modules, commandLine, ramBytes, textScreen } = options;
  if (acpiArea(ramBytes) < 0x20_0000) {
    throw new BootError('memory-too-small', `${kernel.name}: needs more than ${ramBytes / 0x10_0000} MiB of memory`, { file: kernel.name });
  }
  writePlatformTables(options, memory);
  memory.write(BDA, biosDataArea(options.serialPorts));
  // Size of the extended BIOS data area in KiB.
  memory.write(EBDA, Uint8Array.of(1));
  if (kernelKind(kernel.bytes) === 'multiboot') return loadMultiboot({ kernel, modules, commandLine, ramBytes, textScreen }, memory);
  const withArguments = modules.find((module) => module.arguments !== '');
  if (withArguments !== undefined) {
    throw new BootError('modules-not-supported', `${withArguments.name}: a Linux initial RAM disk takes no arguments`, { file: withArguments.name });
  }
  return loadLinux({ kernel, initrd: modules, commandLine, ramBytes, textScreen, linearScreen: options.linearScreen, rsdpAddress: RSDP_ADDRESS, longMode: options.cpu.longMode }, memory);
}

/** The words operating systems look up: serial ports, EBDA segment, equipment, memory size, text screen. */
function biosDataArea(serialPorts: number): Uint8Array {
  const ports = COM_PORTS.map(({ base }, index) => (index < serialPorts ? base : 0));
  return new ByteBuilder()
    .u16(...ports).u16(0, 0, 0, EBDA >> 4)
    .u16(0x0022 | (serialPorts << 9)).u8(0).u16(EBDA / 1024)
    .zeros(0x34)
    .u8(3).u16(80, 0x1000, 0).build();
}
