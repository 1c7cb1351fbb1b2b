// The display adapter on the board: its memory behind guest RAM, its place on PCI, and what firmware does to it.

import type { DeviceContext } from '../devices/device.ts';
import { type Bar, ROM_BAR } from '../devices/pci/bar.ts';
import { COMMAND_IO, COMMAND_MEMORY, PCI_BAR0, PCI_COMMAND } from '../devices/pci/config-space.ts';
import type { PciFunction } from '../devices/pci/pci-function.ts';
import type { PciHost } from '../devices/pci/pci-host.ts';
import { WINDOW_COPY_BYTES } from '../devices/vga/direct-window.ts';
import { setLinearMode, setTextMode3 } from '../devices/vga/firmware-modes.ts';
import { Vga, vgaPciFunction } from '../devices/vga/vga.ts';
import type { CpuEngine } from '../execution/cpu-engine.ts';
import type { LinearScreen, VideoMode } from '../firmware/linux/video-mode.ts';
import { DISPLAY_DEVICE, DISPLAY_MEMORY_END, DISPLAY_REGISTERS_BASE } from '../firmware/platform.ts';
import type { VideoRomPlace } from './firmware.ts';
import type { GuestRam } from './guest-ram.ts';
import type { MachineOptions } from './options.ts';

const WINDOW_BASE = 0xa_0000;
const WINDOW_BYTES = 0x1_0000;

/** What the engine sets aside behind guest RAM. */
export function displayMemoryBytes({ videoMemoryBytes }: MachineOptions): number {
  return videoMemoryBytes === 0 ? 0 : videoMemoryBytes + WINDOW_COPY_BYTES;
}

export interface DisplayAdapterParts {
  readonly options: MachineOptions;
  readonly engine: CpuEngine;
  readonly ram: GuestRam;
  readonly context: DeviceContext;
  /** Its expansion ROM, in the guest part of the engine's memory. */
  readonly rom: VideoRomPlace | undefined;
}

export class DisplayAdapter {
  readonly vga: Vga;
  readonly pci: PciFunction;
  readonly #options: MachineOptions;
  readonly #ram: GuestRam;
  /** Where the linear frame buffer is, while it is decoded. */
  #memoryBase: number | undefined;

  constructor({ options, engine, ram, context, rom }: DisplayAdapterParts) {
    this.#options = options;
    this.#ram = ram;
    const bytes = options.videoMemoryBytes;
    const offset = engine.ram.bytes - displayMemoryBytes(options);
    const at = engine.ram.base + offset;
    this.vga = new Vga(context, {
      memory: new Uint8Array(engine.memory.buffer, at, bytes),
      direct: {
        copy: new Uint8Array(engine.memory.buffer, at + bytes, WINDOW_COPY_BYTES),
        takeDirtyPages: (pages) => engine.takeDirtyPages(pages),
        mapWindow: (from) => this.#place('vga-window', WINDOW_BASE, WINDOW_BYTES, from && offset + from.offset),
      },
    });
    const pci = vgaPciFunction(this.vga, DISPLAY_DEVICE, (base) => {
      this.#memoryBase = base;
      this.#place('vga-memory', base, bytes, offset);
    });
    this.pci = rom === undefined ? pci : { ...pci, bars: [...(pci.bars ?? []), this.#romBar(rom)] };
  }

  /** What a BIOS does: places in PCI memory, and text mode 3. */
  programAsFirmware(pci: PciHost): void {
    const bytes = this.pci.bars?.[0]?.bytes ?? 0;
    const memoryBase = Math.floor((DISPLAY_MEMORY_END - bytes) / bytes) * bytes;
    pci.writeConfig(DISPLAY_DEVICE, 0, PCI_BAR0, 4, memoryBase);
    pci.writeConfig(DISPLAY_DEVICE, 0, PCI_BAR0 + 8, 4, DISPLAY_REGISTERS_BASE);
    pci.writeConfig(DISPLAY_DEVICE, 0, PCI_COMMAND, 2, COMMAND_IO | COMMAND_MEMORY);
    setTextMode3(this.vga);
  }

  /** A graphics mode, as a boot loader sets it by VBE; undefined when memory is too small for it. */
  setLinearMode(mode: VideoMode): LinearScreen | undefined {
    const pitch = setLinearMode(this.vga, mode);
    if (pitch === 0 || this.#memoryBase === undefined) return undefined;
    return { ...mode, address: this.#memoryBase, pitch, memoryBytes: this.#options.videoMemoryBytes };
  }

  #romBar({ offset, bytes }: VideoRomPlace): Bar {
    return {
      index: ROM_BAR, kind: 'memory', bytes,
      onMove: (base) => this.#ram.place('vga-rom', base === undefined ? [] : [{ kind: 'rom', base, bytes, offset }]),
    };
  }

  #place(owner: string, base: number | undefined, bytes: number, offset: number | undefined): void {
    const placed = base !== undefined && offset !== undefined;
    this.#ram.place(owner, placed ? [{ kind: 'video', base, bytes, offset }] : []);
  }
}
