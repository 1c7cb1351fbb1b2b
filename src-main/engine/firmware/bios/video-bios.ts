// The video BIOS: its ROM and what stands behind INT 10h. It works below the built-in BIOS as below another one that
// finds it in the display's expansion ROM.

import type { Dma } from '../../bus/dma.ts';
import type { CpuContext } from '../../x86/helpers/cpu-context.ts';
import type { RomFonts } from './rom/glyphs.ts';
import type { RomImage } from './rom/system-rom.ts';
import { assembleVideoRom, VIDEO_ROM_SEGMENT } from './rom/video-rom.ts';
import { atOnce, type FirmwareAnswer, inFrame, inRegister, ServiceTable } from './service-table.ts';
import { modeNumbers } from './services/vbe.ts';
import { initialiseVideo, staticFunctionality, videoService } from './services/video.ts';
import { type VideoRomPlaces, videoRomPlaces } from './video-places.ts';

export interface DisplayDescription {
  readonly memoryBytes: number;
  readonly edid: Uint8Array;
  readonly fonts: RomFonts;
}

export class VideoBios {
  readonly rom: RomImage;
  readonly #services: ServiceTable;

  constructor(display: DisplayDescription, memory: Dma) {
    this.rom = assembleVideoRom(display.fonts);
    const places = videoRomPlaces(this.rom);
    fillTables(this.rom, places, display);
    this.#services = new ServiceTable(memory, () => {});
    this.#services.add(this.rom, VIDEO_ROM_SEGMENT << 4, {
      videoInit: inRegister(atOnce((call) => initialiseVideo(call, places))),
      int10: inFrame(atOnce((call) => videoService(call, places))),
    });
  }

  get services(): ServiceTable {
    return this.#services;
  }

  /** See `ServiceTable`. */
  call(cpu: CpuContext, offset: number): FirmwareAnswer {
    return this.#services.call(cpu, offset);
  }
}

/** What depends on the machine, and the checksum that makes the image sum to zero. */
function fillTables(rom: RomImage, places: VideoRomPlaces, { memoryBytes, edid }: DisplayDescription): void {
  const view = new DataView(rom.bytes.buffer);
  modeNumbers(memoryBytes).forEach((number, index) => view.setUint16(places.modeList + 2 * index, number, true));
  rom.bytes.set(staticFunctionality(), places.static);
  rom.bytes.set(edid, places.edid);
  [places.pmWindow, places.pmStart, places.pmPalette, places.pmPorts].forEach((place, index) =>
    view.setUint16(places.pm + 2 * index, place - places.pm, true));
  rom.bytes[rom.bytes.length - 1] = (256 - (rom.bytes.reduce((sum, byte) => sum + byte, 0) & 0xff)) & 0xff;
}
