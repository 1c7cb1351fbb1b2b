// The BIOS on the board: the built-in one with its services, or another's image, and where its ROM stands.

import type { Clock } from '../base/clock.ts';
import { buildEdid } from '../devices/vga/edid.ts';
import { GLYPHS_8X14, GLYPHS_8X16, GLYPHS_8X8 } from '../devices/vga/rom-fonts.table.ts';
import type { BootDrive } from '../firmware/bios/boot-drive.ts';
import { Bios } from '../firmware/bios/bios.ts';
import type { CpuContext } from '../x86/helpers/cpu-context.ts';
import type { CpuEngine } from '../execution/cpu-engine.ts';
import { SYSTEM_ROM_BYTES } from '../firmware/bios/rom/system-rom.ts';
import type { InstalledDrive } from './drives.ts';
import { displayMemoryBytes } from './display-adapter.ts';
import type { GuestRam } from './guest-ram.ts';
import type { FirmwareOptions, MachineOptions } from './options.ts';
import { platformOf } from './platform.ts';
import { romBytes, UpperMemory } from './upper-memory.ts';

export interface FirmwareParts {
  readonly options: MachineOptions;
  readonly clock: Clock;
  readonly ram: GuestRam;
  readonly engine: CpuEngine;
  readonly drives: readonly InstalledDrive[];
  /** Whether HLT ends without an interrupt. */
  readonly wake: (wanted: boolean) => void;
}

const DEFAULT: FirmwareOptions = { order: 'cad', menu: false, strict: false };

/** Bytes for the ROM behind guest RAM; 0: a kernel is started directly and there is none. */
export function firmwareRomBytes({ boot, firmware }: MachineOptions): number {
  if (boot !== undefined) return 0;
  return firmware?.image === undefined ? SYSTEM_ROM_BYTES : romBytes(firmware.image.bytes);
}

export class Firmware {
  readonly shadow: UpperMemory;
  readonly #engine: CpuEngine;
  readonly #bios: Bios | undefined;

  constructor(parts: FirmwareParts) {
    const { options, engine, ram } = parts;
    this.#engine = engine;
    const romOffset = options.memoryBytes;
    const image = options.firmware?.image?.bytes;
    this.#bios = image === undefined ? builtIn(parts, romOffset) : undefined;
    const rom = image ?? this.#bios!.system.bytes;
    this.shadow = new UpperMemory({ ram, engine, ramBytes: options.memoryBytes, rom, romOffset });
  }

  reset(): void {
    this.#bios?.reset();
  }

  call(offset: number): 'none' | 'done' | 'fault' {
    const cpu: CpuContext = this.#engine.context;
    return this.#bios?.call(cpu, offset) ?? 'none';
  }
}

function builtIn(parts: FirmwareParts, romOffset: number): Bios {
  const { options, clock, ram, engine, drives, wake } = parts;
  const memoryBytes = displayMemoryBytes(options);
  const timer = clock.timer(() => wake(true));
  const { order, once, menu, strict } = options.firmware ?? DEFAULT;
  return new Bios({
    platform: platformOf(options, engine.context), memory: ram, drives: drives.flatMap(bootDrive),
    boot: { order, menu, strict, ...(once === undefined ? {} : { once }) },
    fonts: { glyphs8x8: GLYPHS_8X8, glyphs8x14: GLYPHS_8X14, glyphs8x16: GLYPHS_8X16 },
    display: memoryBytes === 0 ? undefined : { memoryBytes, edid: buildEdid() }, wake, wakeAt: (ns) => timer.arm(ns),
  }, romOffset);
}

function bootDrive({ options, drive }: InstalledDrive): BootDrive[] {
  const { attachment, id, kind, model, bootIndex } = options;
  if (attachment.bus === 'none') return [];
  const place = attachment.bus === 'ide' ? { channel: attachment.channel, unit: attachment.unit }
    : { channel: 0, unit: attachment.bus === 'floppy' ? attachment.unit : attachment.index };
  return [{ drive, kind, name: model ?? id, bus: attachment.bus, bootIndex, ...place }];
}
