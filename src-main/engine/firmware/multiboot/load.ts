// Places a Multiboot 1 kernel and its modules in guest memory and builds the information structure.
// Reference: Multiboot Specification 0.6.96, sections 3.2 and 3.3.

import type { Dma } from '../../bus/dma.ts';
import { BootError } from '../boot-error.ts';
import { type BootEntry, flatGdt, LOADER_GDT } from '../boot-entry.ts';
import { utf8 } from '../../base/utf8.ts';
import { acpiArea, EBDA, EXTENDED_MEMORY, LEGACY_VIDEO, memoryMap } from '../memory-map.ts';
import { buildMultibootInfo, type LoadedModule } from './info.ts';
import { type LoadSegment, parseMultiboot } from './header.ts';

const BOOTLOADER_MAGIC = 0x2bad_b002;
const PAGE = 0x1000;
/** Information structure in low memory, unless the kernel itself loads there. */
const LOW_INFO = 0x9000;
const CODE_SELECTOR = 0x08;
const DATA_SELECTOR = 0x10;

export interface MultibootBoot {
  readonly kernel: { readonly name: string; readonly bytes: Uint8Array };
  readonly modules: readonly { readonly name: string; readonly bytes: Uint8Array; readonly arguments: string }[];
  readonly commandLine: string;
  readonly ramBytes: number;
  readonly textScreen: boolean;
}

export function loadMultiboot(boot: MultibootBoot, memory: Dma): BootEntry {
  const { name, bytes } = boot.kernel;
  const image = parseMultiboot(name, bytes);
  const top = acpiArea(boot.ramBytes);
  const segments = image.segments.filter((segment) => segment.memoryBytes > 0);
  for (const segment of segments) loadSegment(name, bytes, segment, top, memory);

  let free = Math.max(EXTENDED_MEMORY, ...segments.map((segment) => segment.address + segment.memoryBytes));
  const modules: LoadedModule[] = boot.modules.map((module) => {
    const start = Math.ceil(free / PAGE) * PAGE;
    free = start + module.bytes.length;
    if (free > top) throw tooSmall(module.name, free);
    memory.write(start, module.bytes);
    return { start, end: free, text: utf8(joined(module.name, module.arguments)) };
  });

  const content = { commandLine: utf8(joined(name, boot.commandLine)), modules, memoryMap: memoryMap(boot.ramBytes), textScreen: boot.textScreen };
  const size = buildMultibootInfo(content, 0).length;
  const base = infoAddress(segments, size, free);
  if (base + size > top) throw tooSmall(name, base + size);
  memory.write(base, buildMultibootInfo(content, base));
  const gdt = flatGdt(CODE_SELECTOR, DATA_SELECTOR);
  memory.write(LOADER_GDT, gdt);
  return {
    eip: image.entry,
    registers: { eax: BOOTLOADER_MAGIC, ebx: base, esp: LOW_INFO },
    codeSelector: CODE_SELECTOR,
    dataSelector: DATA_SELECTOR,
    gdt: { base: LOADER_GDT, limit: gdt.length - 1 },
  };
}

function loadSegment(name: string, file: Uint8Array, segment: LoadSegment, top: number, memory: Dma): void {
  const { address, fileOffset, fileBytes, memoryBytes } = segment;
  const end = address + memoryBytes;
  const inLowMemory = address >= PAGE * 2 && end <= EBDA;
  const inExtendedMemory = address >= EXTENDED_MEMORY && end <= top;
  if (end > top) throw tooSmall(name, end);
  if (!inLowMemory && !inExtendedMemory) {
    throw new BootError('kernel-bad-multiboot', `${name}: wants to load at 0x${address.toString(16)}, where there is no free memory`, {
      file: name, address, lowMemoryEnd: LEGACY_VIDEO,
    });
  }
  memory.write(address, file.subarray(fileOffset, fileOffset + fileBytes));
  // RAM is zero at power-on, but a restarted machine loads again.
  if (memoryBytes > fileBytes) zero(memory, address + fileBytes, memoryBytes - fileBytes);
}

function zero(memory: Dma, address: number, length: number): void {
  const chunk = new Uint8Array(Math.min(length, 0x1_0000));
  for (let done = 0; done < length; done += chunk.length) {
    memory.write(address + done, chunk.subarray(0, Math.min(chunk.length, length - done)));
  }
}

function infoAddress(segments: readonly LoadSegment[], size: number, free: number): number {
  const taken = segments.some((segment) => segment.address < LOW_INFO + size && segment.address + segment.memoryBytes > LOW_INFO);
  return taken || LOW_INFO + size > EBDA ? Math.ceil(free / PAGE) * PAGE : LOW_INFO;
}

/** The file's name comes first, as GRUB has it and kernels expect. */
function joined(name: string, rest: string): string {
  return rest === '' ? name : `${name} ${rest}`;
}

function tooSmall(file: string, needed: number): BootError {
  const neededMiB = Math.ceil(needed / 0x10_0000) + 1;
  return new BootError('memory-too-small', `${file}: does not fit in memory; at least ${neededMiB} MiB are needed`, { file, neededMiB });
}
