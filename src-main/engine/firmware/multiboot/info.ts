// The Multiboot information structure with everything it points to, laid out as one block for a given address.
// Reference: Multiboot Specification 0.6.96, section 3.3.

import { ByteBuilder } from '../byte-builder.ts';
import { E820_RAM, EXTENDED_MEMORY, type MemoryRange } from '../memory-map.ts';

const INFO_BYTES = 116;

const HAS_MEMORY = 1 << 0;
const HAS_COMMAND_LINE = 1 << 2;
const HAS_MODULES = 1 << 3;
const HAS_MEMORY_MAP = 1 << 6;
const HAS_LOADER_NAME = 1 << 9;
const HAS_FRAMEBUFFER = 1 << 12;

const FRAMEBUFFER_EGA_TEXT = 2;
const LOADER_NAME = 'boxwright';

export interface LoadedModule {
  readonly start: number;
  readonly end: number;
  readonly text: Uint8Array;
}

export interface MultibootInfo {
  readonly commandLine: Uint8Array;
  readonly modules: readonly LoadedModule[];
  readonly memoryMap: readonly MemoryRange[];
  /** A VGA in text mode 3. */
  readonly textScreen: boolean;
}

export function buildMultibootInfo(info: MultibootInfo, base: number): Uint8Array {
  const out = new ByteBuilder().zeros(INFO_BYTES);
  const here = (): number => base + out.length;

  const commandLine = here();
  out.bytes(info.commandLine).u8(0);
  const loaderName = here();
  out.text(LOADER_NAME).u8(0);
  const texts = info.modules.map((module) => {
    const at = here();
    out.bytes(module.text).u8(0);
    return at;
  });
  out.align(4);
  const modules = here();
  info.modules.forEach((module, index) => out.u32(module.start, module.end, texts[index] ?? 0, 0));
  const memoryMap = here();
  for (const range of info.memoryMap) out.u32(20).u64(range.base).u64(range.length).u32(range.type);
  const memoryMapBytes = here() - memoryMap;

  const ramAt = (start: number): number =>
    (info.memoryMap.find((range) => range.base === start && range.type === E820_RAM)?.length ?? 0) / 1024;
  const flags = HAS_MEMORY | HAS_COMMAND_LINE | HAS_MODULES | HAS_MEMORY_MAP | HAS_LOADER_NAME;
  out.patch32(0, info.textScreen ? flags | HAS_FRAMEBUFFER : flags);
  out.patch32(4, Math.floor(ramAt(0))).patch32(8, Math.floor(ramAt(EXTENDED_MEMORY)));
  out.patch32(16, commandLine);
  out.patch32(20, info.modules.length).patch32(24, modules);
  out.patch32(44, memoryMapBytes).patch32(48, memoryMap);
  out.patch32(64, loaderName);
  if (info.textScreen) {
    out.patch32(88, 0xb_8000).patch32(96, 160).patch32(100, 80).patch32(104, 25);
    out.patch32(108, 16 | (FRAMEBUFFER_EGA_TEXT << 8));
  }
  return out.build();
}
