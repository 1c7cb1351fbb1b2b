// Power-on self test: what the BIOS does between the reset vector and the first boot attempt. All of it goes through
// ports and memory, as a BIOS in machine code would do it.
// Reference: IBM PC/AT Technical Reference, BIOS listing (POST); Intel 82441FX (290549) 3.2.18; PIIX3 (290550) 2.5.

import type { Dma } from '../../bus/dma.ts';
import { EBDA } from '../memory-map.ts';
import { type PlatformDescription, writePlatformTables } from '../platform-tables.ts';
import { COM_PORTS, ISA_BRIDGE_DEVICE, PIRQ_ROUTES, SCI_IRQ } from '../platform.ts';
import type { BiosCall } from './call.ts';
import {
  BDA_DISK_COUNT, BDA_EBDA_SEGMENT, BDA_EQUIPMENT, BDA_MEMORY, BDA_PARALLEL_TIMEOUT, BDA_RESET_FLAG, BDA_SERIAL, BDA_SERIAL_TIMEOUT,
  EBDA_SEGMENT,
} from './data-area.ts';
import type { DiskUnits } from './disk-units.ts';
import { writeConfig } from './pci-config.ts';
import { assignResources } from './pci-resources.ts';
import { SYSTEM_ROM_SEGMENT } from './rom/system-rom.ts';
import type { RomImage } from './rom/system-rom.ts';
import { VIDEO_ROM_SEGMENT } from './rom/video-rom.ts';
import { resetKeyboardArea } from './services/keyboard.ts';
import { initialiseTime } from './services/time.ts';

const HOST_BRIDGE = { bus: 0, function: 0 };
const ISA_BRIDGE = { bus: 0, function: ISA_BRIDGE_DEVICE << 3 };
const PAM0 = 0x59;
const PIRQ_REGISTERS = 0x60;
const ELCR = 0x4d0;
const DMA_MASK_16 = 0xd4;
const DMA_MODE_16 = 0xd6;
const DMA_CASCADE = 0xc0;
const RAM_END = 0xa_0000;

export interface PostParts {
  readonly platform: PlatformDescription;
  readonly memory: Dma;
  readonly system: RomImage;
  /** Absent: a machine without a display. */
  readonly video: Uint8Array | undefined;
  readonly units: DiskUnits;
}

export function powerOnSelfTest(call: BiosCall, parts: PostParts): void {
  shadowRoms(call, parts);
  interruptVectors(call, parts.system);
  dataAreas(call, parts);
  programChips(call);
  assignResources(call.cpu.environment, PIRQ_ROUTES);
  writePlatformTables(parts.platform, parts.memory);
  resetKeyboardArea(call);
  initialiseTime(call);
}

/** After the option ROMs have put themselves in place: from now on the upper memory area is read-only. */
export function lockRoms(call: BiosCall): void {
  setShadow(call, 1);
}

/** ROM to RAM at the same place, for the tables and because RAM is what guests expect to read fast. */
function shadowRoms(call: BiosCall, { memory, system, video }: PostParts): void {
  setShadow(call, 3);
  memory.write(SYSTEM_ROM_SEGMENT << 4, system.bytes);
  if (video !== undefined) memory.write(VIDEO_ROM_SEGMENT << 4, video);
}

/** PAM nibbles of C0000h to CFFFFh and F0000h: 1 reads RAM, 2 writes it. */
function setShadow(call: BiosCall, access: 1 | 3): void {
  const { environment } = call.cpu;
  const both = access | (access << 4);
  writeConfig(environment, HOST_BRIDGE, PAM0, 1, access << 4);
  writeConfig(environment, HOST_BRIDGE, PAM0 + 1, 1, both);
  writeConfig(environment, HOST_BRIDGE, PAM0 + 2, 1, both);
}

const VECTORS: readonly (readonly [vector: number, label: string])[] = [
  [0x02, 'nmi'], [0x08, 'timerInterrupt'], [0x09, 'keyboardInterrupt'], [0x0a, 'irqMaster'], [0x0b, 'irqMaster'], [0x0c, 'irqMaster'],
  [0x0d, 'irqMaster'], [0x0e, 'floppyInterrupt'], [0x0f, 'irqMaster'], [0x10, 'int10'], [0x11, 'int11'], [0x12, 'int12'], [0x13, 'int13'],
  [0x14, 'int14'], [0x15, 'int15'], [0x16, 'int16'], [0x17, 'int17'], [0x18, 'int18'], [0x19, 'int19'], [0x1a, 'int1a'],
  [0x1e, 'floppyTable'], [0x1f, 'font'], [0x40, 'int40'], [0x42, 'int10'], [0x43, 'font'], [0x70, 'clockInterrupt'], [0x71, 'redirected'],
  [0x72, 'irqSlave'], [0x73, 'irqSlave'], [0x74, 'mouseInterrupt'], [0x75, 'floatInterrupt'], [0x76, 'diskInterrupt'], [0x77, 'diskInterrupt'],
];
/** Vectors of programs are empty. */
const UNUSED = [[0x1d, 0x1d], [0x41, 0x41], [0x46, 0x46], [0x60, 0x67], [0x78, 0xff]] as const;

function interruptVectors(call: BiosCall, rom: RomImage): void {
  const far = (label: string): number => SYSTEM_ROM_SEGMENT * 0x1_0000 + rom.offsetOf(label);
  const own = new Map(VECTORS);
  for (let vector = 0; vector < 0x100; vector++) {
    const unused = UNUSED.some(([from, to]) => vector >= from && vector <= to);
    call.write32(4 * vector, unused ? 0 : far(own.get(vector) ?? 'iret'));
  }
}

function dataAreas(call: BiosCall, { platform, units }: PostParts): void {
  const warm = call.read16(BDA_RESET_FLAG) === 0x1234;
  for (let at = 0x400; at < 0x500; at += 4) call.write32(at, 0);
  for (let at = EBDA; at < RAM_END; at += 4) call.write32(at, 0);
  call.write8(EBDA, 1);
  call.write16(BDA_EBDA_SEGMENT, EBDA_SEGMENT);
  call.write16(BDA_MEMORY, EBDA / 1024);
  if (warm) call.write16(BDA_RESET_FLAG, 0x1234);
  for (let index = 0; index < 4; index++) {
    call.write16(BDA_SERIAL + 2 * index, index < platform.serialPorts ? COM_PORTS[index]!.base : 0);
    call.write8(BDA_SERIAL_TIMEOUT + index, 10);
    call.write8(BDA_PARALLEL_TIMEOUT + index, 20);
  }
  const floppies = units.of('floppy').length;
  // Coprocessor, PS/2 mouse, 80x25 in colour.
  call.write16(BDA_EQUIPMENT, 0x0026 | (floppies > 0 ? 1 | ((floppies - 1) << 6) : 0) | (platform.serialPorts << 9));
  call.write8(BDA_DISK_COUNT, units.of('disk').length);
}

/** Interrupt controllers at 08h and 70h, the timer at 18.2 Hz, keyboard with interrupt and translation, PCI routes. */
function programChips(call: BiosCall): void {
  for (const [port, value] of [
    [0x20, 0x11], [0x21, 0x08], [0x21, 0x04], [0x21, 0x01], [0xa0, 0x11], [0xa1, 0x70], [0xa1, 0x02], [0xa1, 0x01],
    // Timer, keyboard, cascade, floppy; clock, mouse, coprocessor, disks.
    [0x21, 0xb8], [0xa1, 0x0e],
    [0x43, 0x36], [0x40, 0], [0x40, 0], [0x43, 0x54], [0x41, 0x12],
    [0x64, 0x60], [0x60, 0x65], [0x64, 0xae],
    [0x92, 0x02],
  ] as const) call.out8(port, value);
  const levels = [SCI_IRQ, ...PIRQ_ROUTES].reduce((mask, irq) => mask | (1 << irq), 0);
  call.out8(ELCR, levels & 0xff);
  call.out8(ELCR + 1, levels >> 8);
  // The DMA controller of words lets the other one through.
  call.out8(DMA_MODE_16, DMA_CASCADE);
  call.out8(DMA_MASK_16, 0);
  PIRQ_ROUTES.forEach((irq, line) => writeConfig(call.cpu.environment, ISA_BRIDGE, PIRQ_REGISTERS + line, 1, irq));
}
