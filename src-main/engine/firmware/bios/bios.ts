// The built-in BIOS: its ROM, and which service is behind which service instruction. Nothing of a service's state is
// kept here but requests to drives that are on their way.
// Not here: what each service does (`services/`), how it is called (`service-table.ts`), and the video BIOS.

import type { Dma } from '../../bus/dma.ts';
import type { CpuContext } from '../../x86/helpers/cpu-context.ts';
import { memoryMap } from '../memory-map.ts';
import { type PlatformDescription, routingEntries } from '../platform-tables.ts';
import { PM1_CONTROL, SLP_TYP_S5 } from '../platform.ts';
import type { BootDrive } from './boot-drive.ts';
import { beginBoot, boot, bootFailed, type BootParts } from './boot.ts';
import type { BootOptions } from './boot-order.ts';
import type { BiosCall } from './call.ts';
import { BDA_EQUIPMENT, BDA_FLOPPY_MOTOR, BDA_FLOPPY_RECALIBRATED, BDA_MEMORY } from './data-area.ts';
import { DiskTransfers } from './disk-transfer.ts';
import { DiskUnits } from './disk-units.ts';
import { OptionRoms } from './option-roms.ts';
import type { Outcome } from './outcome.ts';
import { lockRoms, type PostParts, powerOnSelfTest } from './post.ts';
import type { RomFonts } from './rom/glyphs.ts';
import { assembleSystemRom, type RomImage, SYSTEM_ROM_SEGMENT } from './rom/system-rom.ts';
import { atOnce, type FirmwareAnswer, inFrame, inRegister, type Service, ServiceTable } from './service-table.ts';
import { protectedPowerManagement } from './services/apm.ts';
import { diskService, type DiskServices } from './services/disk.ts';
import { keyboardService, keyCode } from './services/keyboard.ts';
import { mousePacket } from './services/mouse.ts';
import { bios32, pciService } from './services/pci-service.ts';
import { printerService, serialService } from './services/serial.ts';
import { systemService, type SystemServices } from './services/system.ts';
import { clockTick, timeService } from './services/time.ts';

const SLEEP_ENABLE = 0x2000;
const PCI_ROUTING_OPTIONS = 0x0e;

export interface BiosParts {
  readonly platform: PlatformDescription;
  readonly memory: Dma;
  readonly drives: readonly BootDrive[];
  readonly boot: BootOptions;
  readonly fonts: RomFonts;
  /** What the display's ROM holds; undefined: no display. */
  readonly video: Uint8Array | undefined;
  /** Whether the HLT of a stub that waits ends without an interrupt, as the drive has answered. */
  readonly wake: (wanted: boolean) => void;
  /** `wake(true)` at a time of the guest's clock. */
  readonly wakeAt: (ns: number) => void;
}

export class Bios {
  readonly system: RomImage;
  readonly #parts: BiosParts;
  readonly #services: ServiceTable;
  readonly #transfers: DiskTransfers;
  readonly #units: DiskUnits;
  readonly #video: Uint8Array | undefined;
  readonly #optionRoms = new OptionRoms();
  #starts = 0;

  /** `romOffset`: where the system ROM stands in the guest part of the linear memory. */
  constructor(parts: BiosParts, romOffset: number) {
    this.#parts = parts;
    this.#units = new DiskUnits(parts.drives);
    this.#transfers = new DiskTransfers(() => parts.wake(true));
    this.system = assembleSystemRom(parts.fonts);
    this.#services = new ServiceTable(parts.memory, (outcome) => {
      if (outcome === 'done' || outcome === 'away') parts.wake(false);
    });
    const services = this.#systemServices();
    for (const base of [romOffset, SYSTEM_ROM_SEGMENT << 4]) this.#services.add(this.system, base, services);
    this.#video = parts.video;
  }

  reset(): void {
    this.#transfers.reset();
  }

  /** How often the machine was started, which decides what it starts from. */
  get starts(): number {
    return this.#starts;
  }

  set starts(count: number) {
    this.#starts = count;
  }

  get services(): ServiceTable {
    return this.#services;
  }

  /** See `ServiceTable`. */
  call(cpu: CpuContext, offset: number): FirmwareAnswer {
    return this.#services.call(cpu, offset);
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
    const bootParts: BootParts = { units: this.#units, transfers: this.#transfers, options: this.#parts.boot, ramBytes: platform.ramBytes, isFirstStart: () => this.#starts <= 1 };
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
      platform: this.#parts.platform, memory: this.#parts.memory, system: this.system, video: this.#video, units: this.#units,
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
}

function withPowerOff(call: BiosCall, system: SystemServices): SystemServices {
  return { ...system, powerOff: () => call.out16(PM1_CONTROL, SLEEP_ENABLE | (SLP_TYP_S5 << 10)) };
}

function motorsOff(call: BiosCall): void {
  call.write8(BDA_FLOPPY_MOTOR, call.read8(BDA_FLOPPY_MOTOR) & 0xf0);
  call.out8(0x3f2, 0x0c);
}
