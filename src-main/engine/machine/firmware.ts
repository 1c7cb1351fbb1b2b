// The BIOS on the board: the built-in one with its services or another's image, the same for the video BIOS in the
// display's expansion ROM, and where these ROMs stand.

import type { Clock, Timer } from '../base/clock.ts';
import { fromUtf8, utf8 } from '../base/utf8.ts';
import { buildEdid } from '../devices/vga/edid.ts';
import { GLYPHS_8X14, GLYPHS_8X16, GLYPHS_8X8 } from '../devices/vga/rom-fonts.table.ts';
import type { CpuEngine } from '../execution/cpu-engine.ts';
import type { ServicePlace } from '../firmware/bios/service-table.ts';
import type { BootDrive } from '../firmware/bios/boot-drive.ts';
import { BootError } from '../firmware/boot-error.ts';
import { Bios } from '../firmware/bios/bios.ts';
import { SYSTEM_ROM_BYTES } from '../firmware/bios/rom/system-rom.ts';
import { VideoBios } from '../firmware/bios/video-bios.ts';
import type { InstalledDrive } from './drives.ts';
import type { GuestRam } from './guest-ram.ts';
import type { FirmwareOptions, MachineOptions } from './options.ts';
import { defineState } from '../snapshot/define-state.ts';
import { blob, f64, u32 } from '../snapshot/fields.ts';
import { platformOf } from './platform.ts';
import { armAgain, type SavedPart, savedPart } from './saved-part.ts';
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

/** Where the display's expansion ROM stands in the guest part of the engine's memory. */
export interface VideoRomPlace {
  readonly offset: number;
  readonly bytes: number;
}

export const DEFAULT_FIRMWARE: FirmwareOptions = { order: 'cad', menu: false, strict: false };
/** The largest video BIOS; a power of two, as expansion ROMs are. */
const ROM_UNIT = 0x1_0000;
/** What ends at 4 GiB must leave room for the APICs. */
const MAX_ROM_BYTES = 0x100_0000;
const VIDEO_ROM_ROOM = 0x1_0000;
const FONTS = { glyphs8x8: GLYPHS_8X8, glyphs8x14: GLYPHS_8X14, glyphs8x16: GLYPHS_8X16 };

const systemRomBytes = ({ firmware }: MachineOptions): number =>
  firmware?.image === undefined ? SYSTEM_ROM_BYTES : romBytes(firmware.image.bytes);

/** Throws `BootError` when an image cannot be a BIOS. */
export function checkFirmware({ boot, firmware }: MachineOptions): void {
  const image = boot === undefined ? firmware?.image : undefined;
  if (image === undefined) return;
  const { name, bytes } = image;
  if (bytes.length > 0 && bytes.length <= MAX_ROM_BYTES && bytes.length % ROM_UNIT === 0) return;
  throw new BootError('bios-size', `${name}: is no BIOS image: ${bytes.length} bytes, where a multiple of 64 KiB up to 16 MiB is needed`, { file: name });
}

/** Bytes for ROMs behind guest RAM; 0: a kernel is started directly and there are none. */
export function firmwareRomBytes(options: MachineOptions): number {
  return options.boot === undefined ? systemRomBytes(options) + VIDEO_ROM_ROOM : 0;
}

/** `services` and `video`: names and places, one a line. */
const SPEC = defineState('firmware', 1, {
  starts: u32(), wakeNs: f64(Number.POSITIVE_INFINITY), services: blob(0x1_0000), video: blob(0x1_0000),
});

export class Firmware {
  readonly shadow: UpperMemory;
  /** Undefined: no display. */
  readonly videoRom: VideoRomPlace | undefined;
  readonly #engine: CpuEngine;
  readonly #bios: Bios | undefined;
  readonly #video: VideoBios | undefined;
  readonly #wake: Timer;

  constructor(parts: FirmwareParts) {
    const { options, engine, ram } = parts;
    this.#wake = parts.clock.timer(() => parts.wake(true));
    this.#engine = engine;
    const romOffset = options.memoryBytes;
    const videoOffset = romOffset + systemRomBytes(options);
    const videoImage = options.firmware?.videoImage?.bytes;
    const hasDisplay = options.videoMemoryBytes > 0;
    this.#video = hasDisplay && videoImage === undefined ? videoBios(options, ram) : undefined;
    const videoBytes = hasDisplay ? videoImage ?? this.#video?.rom.bytes : undefined;
    const image = options.firmware?.image?.bytes;
    this.#bios = image === undefined ? builtIn(parts, this.#wake, romOffset, videoBytes) : undefined;
    const rom = image ?? this.#bios!.system.bytes;
    this.shadow = new UpperMemory({ ram, engine, ramBytes: options.memoryBytes, rom, romOffset });
    this.videoRom = videoBytes && this.#placeVideoRom(videoBytes, videoOffset);
  }

  reset(): void {
    this.#bios?.reset();
  }

  /** The ROMs themselves are part of memory; where their services stand goes with them. */
  get section(): SavedPart {
    const bios = this.#bios;
    return savedPart(SPEC, () => ({
      starts: bios?.starts ?? 0, wakeNs: this.#wake.deadlineNs ?? Number.POSITIVE_INFINITY,
      services: placesAsText(bios?.services.places ?? []), video: placesAsText(this.#video?.services.places ?? []),
    }), ({ starts, wakeNs, services, video }) => {
      if (bios !== undefined) bios.starts = starts;
      bios?.services.replace(placesFromText(services));
      this.#video?.services.replace(placesFromText(video));
      armAgain(this.#wake, wakeNs);
    });
  }

  call(offset: number): 'none' | 'done' | 'fault' {
    const cpu = this.#engine.context;
    const answer = this.#bios?.call(cpu, offset) ?? 'none';
    return answer === 'none' ? this.#video?.call(cpu, offset) ?? 'none' : answer;
  }

  #placeVideoRom(bytes: Uint8Array, offset: number): VideoRomPlace {
    const room = new Uint8Array(this.#engine.memory.buffer, this.#engine.ram.base + offset, VIDEO_ROM_ROOM);
    room.fill(0xff).set(bytes.subarray(0, VIDEO_ROM_ROOM));
    return { offset, bytes: VIDEO_ROM_ROOM };
  }
}

function videoBios({ videoMemoryBytes }: MachineOptions, ram: GuestRam): VideoBios {
  return new VideoBios({ memoryBytes: videoMemoryBytes, edid: buildEdid(), fonts: FONTS }, ram);
}

function builtIn(parts: FirmwareParts, timer: Timer, romOffset: number, video: Uint8Array | undefined): Bios {
  const { options, ram, engine, drives, wake } = parts;
  const { order, once, menu, strict } = options.firmware ?? DEFAULT_FIRMWARE;
  return new Bios({
    platform: platformOf(options, engine.context), memory: ram, drives: drives.flatMap(bootDrive),
    boot: { order, menu, strict, ...(once === undefined ? {} : { once }) },
    fonts: FONTS, video, wake, wakeAt: (ns) => timer.arm(ns),
  }, romOffset);
}

function placesAsText(places: readonly ServicePlace[]): Uint8Array {
  return utf8(places.map(({ name, at }) => `${name} ${at}`).join('\n'));
}

function placesFromText(text: Uint8Array): ServicePlace[] {
  return fromUtf8(text).split('\n').flatMap((line) => {
    const [name, at] = line.split(' ');
    return name === undefined || !Number.isInteger(Number(at)) ? [] : [{ name, at: Number(at) }];
  });
}

function bootDrive({ options, drive }: InstalledDrive): BootDrive[] {
  const { attachment, id, kind, model, bootIndex } = options;
  if (attachment.bus === 'none') return [];
  const place = attachment.bus === 'ide' ? { channel: attachment.channel, unit: attachment.unit }
    : { channel: 0, unit: attachment.bus === 'floppy' ? attachment.unit : attachment.index };
  return [{ drive, kind, name: model ?? id, bus: attachment.bus, bootIndex, ...place }];
}
