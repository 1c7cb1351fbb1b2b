// The built-in BIOS: ROM images and what stands behind their service instructions. A service instruction is UD2 at a
// place that is known from assembling the ROM; fetched from anywhere else, or with other bytes there, it is the #UD that it is
// on every processor. Nothing of a service's state is kept here but requests to drives that are on their way.
// Not here: what each service does (`services/`), and how #UD comes here (`CpuEnvironment.firmwareCall`).

import type { Dma } from '../../bus/dma.ts';
import type { CpuContext } from '../../x86/helpers/cpu-context.ts';
import { memoryMap } from '../memory-map.ts';
import { type PlatformDescription, routingEntries } from '../platform-tables.ts';
import { PM1_CONTROL, SLP_TYP_S5 } from '../platform.ts';
import type { BootDrive } from './boot-drive.ts';
import { beginBoot, boot, bootFailed, type BootParts } from './boot.ts';
import type { BootOptions } from './boot-order.ts';
import { BiosCall, type FlagsPlace, GuestFault } from './call.ts';
import { BDA_EQUIPMENT, BDA_FLOPPY_MOTOR, BDA_FLOPPY_RECALIBRATED, BDA_MEMORY } from './data-area.ts';
import { DiskTransfers } from './disk-transfer.ts';
import { DiskUnits } from './disk-units.ts';
import { OptionRoms } from './option-roms.ts';
import type { Outcome } from './outcome.ts';
import { lockRoms, type PostParts, powerOnSelfTest } from './post.ts';
import { EXIT_DONE, EXIT_HALT, EXIT_SPIN } from './rom/assembler.ts';
import type { RomFonts } from './rom/glyphs.ts';
import { assembleSystemRom, type RomImage, SYSTEM_ROM_SEGMENT } from './rom/system-rom.ts';
import { assembleVideoRom, VIDEO_ROM_SEGMENT } from './rom/video-rom.ts';
import { protectedPowerManagement } from './services/apm.ts';
import { diskService, type DiskServices } from './services/disk.ts';
import { keyboardService, keyCode } from './services/keyboard.ts';
import { mousePacket } from './services/mouse.ts';
import { bios32, pciService } from './services/pci-service.ts';
import { printerService, serialService } from './services/serial.ts';
import { systemService, type SystemServices } from './services/system.ts';
import { clockTick, timeService } from './services/time.ts';
import { modeNumbers } from './services/vbe.ts';
import { initialiseVideo, staticFunctionality, videoService } from './services/video.ts';
import { type VideoRomPlaces, videoRomPlaces } from './video-places.ts';

const SLEEP_ENABLE = 0x2000;
const UD2 = [0x0f, 0x0b] as const;
const PCI_ROUTING_OPTIONS = 0x0e;

export interface DisplayDescription {
  readonly memoryBytes: number;
  readonly edid: Uint8Array;
}

export interface BiosParts {
  readonly platform: PlatformDescription;
  readonly memory: Dma;
  readonly drives: readonly BootDrive[];
  readonly boot: BootOptions;
  readonly fonts: RomFonts;
  /** Undefined: no display. */
  readonly display: DisplayDescription | undefined;
  /** Whether the HLT of a stub that waits ends without an interrupt, as the drive has answered. */
  readonly wake: (wanted: boolean) => void;
  /** `wake(true)` at a time of the guest's clock. */
  readonly wakeAt: (ns: number) => void;
}

/** What the run loop is to do about a #UD. */
export type FirmwareAnswer = 'none' | 'done' | 'fault';

interface Service {
  readonly flags: FlagsPlace;
  run(call: BiosCall): Outcome;
}

export class Bios {
  readonly system: RomImage;
  readonly video: RomImage | undefined;
  readonly #parts: BiosParts;
  /** By place in the guest part of the linear memory. */
  readonly #services = new Map<number, Service>();
  readonly #transfers: DiskTransfers;
  readonly #units: DiskUnits;
  readonly #optionRoms = new OptionRoms();
  #starts = 0;

  /** `romOffset`: where the system ROM stands in the guest part of the linear memory. */
  constructor(parts: BiosParts, romOffset: number) {
    this.#parts = parts;
    this.#units = new DiskUnits(parts.drives);
    this.#transfers = new DiskTransfers(() => parts.wake(true));
    this.system = assembleSystemRom(parts.fonts);
    const services = this.#systemServices();
    for (const { offset, name } of this.system.services) {
      const service = services[name];
      if (service === undefined) throw new RangeError(`the BIOS has no service ${name}`);
      this.#services.set(romOffset + offset, service);
      this.#services.set((SYSTEM_ROM_SEGMENT << 4) + offset, service);
    }
    this.video = parts.display === undefined ? undefined : this.#videoRom(parts.display);
  }

  reset(): void {
    this.#transfers.reset();
  }

  /** A UD2 was decoded at `offset` of the guest part of the linear memory. */
  call(cpu: CpuContext, offset: number): FirmwareAnswer {
    const service = this.#services.get(offset);
    if (service === undefined) return 'none';
    const call = new BiosCall(cpu, this.#parts.memory);
    try {
      if (call.read8(call.codeLinear(0)) !== UD2[0] || call.read8(call.codeLinear(1)) !== UD2[1]) return 'none';
      const outcome = service.run(call.begin(service.flags));
      if (outcome === 'done' || outcome === 'away') this.#parts.wake(false);
      this.#leave(call, outcome);
      return 'done';
    } catch (error) {
      if (error instanceof GuestFault) return 'fault';
      throw error;
    }
  }

  #leave(call: BiosCall, outcome: Outcome): void {
    if (outcome === 'away') return;
    const exit = outcome === 'done' ? EXIT_DONE : outcome === 'wait' && call.canHalt ? EXIT_HALT : EXIT_SPIN;
    call.cpu.setHalves('rip', call.cpu.low('rip') + exit, 0);
  }

  #systemServices(): Readonly<Record<string, Service>> {
    const { platform, memory } = this.#parts;
    const entry = (label: string): number => this.system.offsetOf(label);
    const system: SystemServices = {
      ramBytes: platform.ramBytes, map: memoryMap(platform.ramBytes), configuration: entry('configuration'), memory,
      apmEntries: { real: 0, protected16: entry('apm16'), protected32: entry('apm32') },
      powerOff: () => {}, wakeAt: this.#parts.wakeAt,
    };
    const disk: DiskServices = { units: this.#units, transfers: this.#transfers, floppyTable: entry('floppyTable') };
    const bootParts: BootParts = { units: this.#units, transfers: this.#transfers, options: this.#parts.boot, isFirstStart: () => this.#starts <= 1 };
    const apm = (call: BiosCall): Outcome => protectedPowerManagement(call, withPowerOff(call, system));
    return {
      post: inRegister((call) => this.#post(call)),
      nextRom: inRegister((call) => this.#nextRom(call)),
      boot: inRegister((call) => boot(call, bootParts)),
      bootFailed: inRegister(atOnce((call) => bootFailed(call))),
      int11: inFrame((call) => { call.ax = call.read16(BDA_EQUIPMENT); return 'done'; }),
      int12: inFrame((call) => { call.ax = call.read16(BDA_MEMORY); return 'done'; }),
      int13body: inFrame((call) => diskService(call, disk)),
      int14body: inFrame(atOnce((call) => serialService(call))),
      int15body: inFrame((call) => systemService(call, withPowerOff(call, system))),
      int16body: inFrame(keyboardService),
      int17body: inFrame(atOnce((call) => printerService(call))),
      int1abody: inFrame((call) => this.#int1a(call)),
      keyCode: inRegister(atOnce((call) => keyCode(call))),
      mousePacket: inRegister(atOnce((call) => mousePacket(call))),
      clockTick: inRegister(atOnce((call) => clockTick(call))),
      floppyInterrupt: inRegister(atOnce((call) => call.write8(BDA_FLOPPY_RECALIBRATED, call.read8(BDA_FLOPPY_RECALIBRATED) | 0x80))),
      motorsOff: inRegister(atOnce((call) => motorsOff(call))),
      apm16: inRegister(apm),
      apm32: inRegister(apm),
      bios32: inRegister(atOnce((call) => bios32(call, { base: SYSTEM_ROM_SEGMENT << 4, bytes: 0x1_0000 }, entry('pcibios32')))),
      pcibios32: inRegister(atOnce((call) => this.#pcibios32(call))),
    };
  }

  #int1a(call: BiosCall): Outcome {
    if (call.ah === 0xb1) pciService(call, routingEntries(), (SYSTEM_ROM_SEGMENT << 4) + this.system.offsetOf('pcibios32'));
    else if (!timeService(call)) {
      call.ah = 0x86;
      call.carry = true;
    }
    return 'done';
  }

  /** The table of function 0Eh is described by a real-mode pointer: it cannot be given out here. */
  #pcibios32(call: BiosCall): void {
    if ((call.al & 0x7f) === PCI_ROUTING_OPTIONS) {
      call.ah = 0x81;
      call.carry = true;
      return;
    }
    pciService(call, routingEntries(), (SYSTEM_ROM_SEGMENT << 4) + this.system.offsetOf('pcibios32'));
  }

  #post(call: BiosCall): Outcome {
    this.#starts += 1;
    this.#transfers.reset();
    const parts: PostParts = {
      platform: this.#parts.platform, memory: this.#parts.memory, system: this.system, video: this.video, units: this.#units,
    };
    powerOnSelfTest(call, parts);
    this.#optionRoms.begin(call);
    return 'done';
  }

  /** Carry: all option ROMs have been called, and booting begins. */
  #nextRom(call: BiosCall): Outcome {
    const found = this.#optionRoms.next(call);
    call.carry = !found;
    if (found) return 'done';
    lockRoms(call);
    beginBoot(call);
    return 'done';
  }

  #videoRom(display: DisplayDescription): RomImage {
    const rom = assembleVideoRom(this.#parts.fonts);
    const places = videoRomPlaces(rom);
    fillVideoTables(rom, places, display);
    const services: Readonly<Record<string, Service>> = {
      videoInit: inRegister(atOnce((call) => initialiseVideo(call, places))),
      int10: inFrame(atOnce((call) => videoService(call, places))),
    };
    for (const { offset, name } of rom.services) this.#services.set((VIDEO_ROM_SEGMENT << 4) + offset, services[name]!);
    return rom;
  }
}

/** For services that always end at once. */
const atOnce = (act: (call: BiosCall) => void) => (call: BiosCall): Outcome => {
  act(call);
  return 'done';
};
const inFrame = (run: (call: BiosCall) => Outcome): Service => ({ flags: 'frame', run });
const inRegister = (run: (call: BiosCall) => Outcome): Service => ({ flags: 'register', run });


function withPowerOff(call: BiosCall, system: SystemServices): SystemServices {
  return { ...system, powerOff: () => call.out16(PM1_CONTROL, SLEEP_ENABLE | (SLP_TYP_S5 << 10)) };
}

function motorsOff(call: BiosCall): void {
  call.write8(BDA_FLOPPY_MOTOR, call.read8(BDA_FLOPPY_MOTOR) & 0xf0);
  call.out8(0x3f2, 0x0c);
}

/** What depends on the machine, and the checksum that makes the image sum to zero. */
function fillVideoTables(rom: RomImage, places: VideoRomPlaces, { memoryBytes, edid }: DisplayDescription): void {
  const view = new DataView(rom.bytes.buffer);
  modeNumbers(memoryBytes).forEach((number, index) => view.setUint16(places.modeList + 2 * index, number, true));
  rom.bytes.set(staticFunctionality(), places.static);
  rom.bytes.set(edid, places.edid);
  [places.pmWindow, places.pmStart, places.pmPalette, places.pmPorts].forEach((place, index) =>
    view.setUint16(places.pm + 2 * index, place - places.pm, true));
  rom.bytes[rom.bytes.length - 1] = (256 - (rom.bytes.reduce((sum, byte) => sum + byte, 0) & 0xff)) & 0xff;
}
