// The two 8237A DMA controllers of a PC with their page registers, including the diagnostic port 80h. Devices move data
// through the channel they are wired to. Not here: transfers from memory to memory, which no PC board supports.
// Reference: Intel 8237A datasheet (231466), "Register Description"; IBM PC/AT Technical Reference, I/O map.

import type { Dma } from '../bus/dma.ts';
import { defineState } from '../snapshot/define-state.ts';
import { bool, bytes, list, nested, u8, u32s } from '../snapshot/fields.ts';
import type { Device, Region, Width } from './device.ts';

const SPEC = defineState('dma8237', 1, {
  chips: list(
    2,
    nested({
      /** Base and current registers: address and count of channels 0 to 3. */
      base: u32s(8),
      current: u32s(8),
      highByteNext: bool(),
      command: u8(),
      status: u8(),
      requests: u8(),
      masks: u8(0x0f),
      modes: bytes(4),
    }),
  ),
  pages: bytes(16),
});
type DmaState = ReturnType<typeof SPEC.create>;
type ChipState = DmaState['chips'][number];

const PAGE_REGION = 2;
const ALL_CHANNELS = 0x0f;

const COMMAND_DISABLE = 0x04;
const MODE_TYPE = 0x0c;
const MODE_VERIFY = 0x00;
const MODE_TO_MEMORY = 0x04;
const MODE_FROM_MEMORY = 0x08;
const MODE_AUTOINITIALIZE = 0x10;
const MODE_DECREMENT = 0x20;
const MODE_SELECT = 0xc0;
const MODE_CASCADE = 0xc0;
/** Page register of each channel, 0 to 7. */
const PAGES = [0x07, 0x03, 0x01, 0x02, 0x0f, 0x0b, 0x09, 0x0a];
const CASCADE_CHANNEL = 4;

/** What became of a request for transfer. */
export interface DmaProgress {
  /** Bytes moved; 0 while the channel is masked or set up for the other direction. */
  readonly bytes: number;
  /** TC: the count ran out with the last of them. */
  readonly terminal: boolean;
}

/** A channel as the device at its DREQ and DACK pins sees it. */
export interface DmaChannel {
  /** The channel takes `data`, or as much of it as its count says. */
  toMemory(data: Uint8Array): DmaProgress;
  fromMemory(data: Uint8Array): DmaProgress;
  /** Called when a channel that had refused may have become ready. */
  onReady(handler: () => void): void;
}

export interface Dma8237Options {
  readonly dma: Dma;
  /** Hears power-on self test codes written to port 80h. */
  readonly onPostCode?: (code: number) => void;
}

export class Dma8237 implements Device<DmaState> {
  readonly id = 'dma8237';
  readonly spec = SPEC;
  readonly state = SPEC.create();
  readonly regions: readonly Region[] = [
    { space: 'port', base: 0x00, length: 0x10, maxWidth: 1 },
    { space: 'port', base: 0xc0, length: 0x20, maxWidth: 1 },
    { space: 'port', base: 0x80, length: 0x10, maxWidth: 1 },
  ];
  private readonly onPostCode: ((code: number) => void) | undefined;
  private readonly dma: Dma;
  private readonly waiting: (() => void)[] = [];

  constructor(options: Dma8237Options) {
    this.onPostCode = options.onPostCode;
    this.dma = options.dma;
  }

  /** 0 to 3 move bytes, 5 to 7 words. */
  channel(number: number): DmaChannel {
    return {
      toMemory: (data) => this.transfer(number, data, MODE_TO_MEMORY),
      fromMemory: (data) => this.transfer(number, data, MODE_FROM_MEMORY),
      onReady: (handler) => void this.waiting.push(handler),
    };
  }

  read(region: number, offset: number, _width: Width): number {
    if (region === PAGE_REGION) return this.state.pages[offset]!;
    return readChip(this.state.chips[region]!, region === 0 ? offset : offset >>> 1);
  }

  write(region: number, offset: number, _width: Width, value: number): void {
    if (region === PAGE_REGION) {
      this.state.pages[offset] = value;
      if (offset === 0) this.onPostCode?.(value);
    } else {
      const register = region === 0 ? offset : offset >>> 1;
      writeChip(this.state.chips[region]!, register, value);
      // Command, mask and mode may let a channel go on.
      if (register >= 8) for (const handler of this.waiting) handler();
    }
  }

  reset(): void {
    SPEC.reset(this.state);
  }

  private transfer(number: number, data: Uint8Array, direction: number): DmaProgress {
    const chip = this.state.chips[number >> 2]!;
    const channel = number & 3;
    const mode = chip.modes[channel]!;
    const type = mode & MODE_TYPE;
    const fits = type === direction || type === MODE_VERIFY;
    if (!this.isOpen(number) || !fits || (mode & MODE_SELECT) === MODE_CASCADE) return { bytes: 0, terminal: false };
    const unit = number >= CASCADE_CHANNEL ? 2 : 1;
    const units = Math.min(Math.floor(data.length / unit), chip.current[2 * channel + 1]! + 1);
    if (type !== MODE_VERIFY) this.move(number, data.subarray(0, units * unit), direction);
    return { bytes: units * unit, terminal: advance(chip, channel, units) };
  }

  /** Not masked, and neither controller on the way switched off. */
  private isOpen(number: number): boolean {
    const [low, high] = this.state.chips as [ChipState, ChipState];
    const own = number < CASCADE_CHANNEL ? low : high;
    const cascaded = (high.masks & 1) === 0 && (high.command & COMMAND_DISABLE) === 0;
    return (own.masks & (1 << (number & 3))) === 0 && (own.command & COMMAND_DISABLE) === 0 && (number >= CASCADE_CHANNEL || cascaded);
  }

  /** In runs that end where the 16-bit address wraps; downwards one unit at a time. */
  private move(number: number, data: Uint8Array, direction: number): void {
    const chip = this.state.chips[number >> 2]!;
    const words = number >= CASCADE_CHANNEL;
    const unit = words ? 2 : 1;
    const page = this.state.pages[PAGES[number]!]!;
    const base = words ? (page & 0xfe) << 16 : page << 16;
    const downwards = (chip.modes[number & 3]! & MODE_DECREMENT) !== 0;
    let address = chip.current[2 * (number & 3)]!;
    for (let at = 0; at < data.length; ) {
      const run = downwards ? unit : Math.min(data.length - at, (0x1_0000 - address) * unit);
      const part = data.subarray(at, at + run);
      if (direction === MODE_TO_MEMORY) this.dma.write(base + address * unit, part);
      else this.dma.read(base + address * unit, part);
      address = (address + (downwards ? -1 : run / unit)) & 0xffff;
      at += run;
    }
  }
}

/** Counts `units` transfers; true at terminal count, when the channel starts over or masks itself. */
function advance(chip: ChipState, channel: number, units: number): boolean {
  const mode = chip.modes[channel]!;
  const step = (mode & MODE_DECREMENT) !== 0 ? -units : units;
  const address = 2 * channel;
  const count = address + 1;
  chip.current[address] = (chip.current[address]! + step) & 0xffff;
  const left = chip.current[count]! - units;
  chip.current[count] = left & 0xffff;
  if (left >= 0) return false;
  chip.status |= 1 << channel;
  chip.requests &= ~(1 << channel);
  if ((mode & MODE_AUTOINITIALIZE) === 0) chip.masks |= 1 << channel;
  else {
    chip.current[address] = chip.base[address]!;
    chip.current[count] = chip.base[count]!;
  }
  return true;
}

function readChip(chip: ChipState, register: number): number {
  if (register < 8) {
    const value = chip.current[register]!;
    const high = chip.highByteNext;
    chip.highByteNext = !high;
    return high ? value >>> 8 : value & 0xff;
  }
  if (register === 8) {
    const status = chip.status;
    chip.status &= 0xf0; // terminal counts are cleared by reading
    return status;
  }
  if (register === 15) return chip.masks | 0xf0;
  return register === 13 ? 0 : 0xff;
}

function writeChip(chip: ChipState, register: number, value: number): void {
  const channelBit = 1 << (value & 3);
  const setBit = (old: number) => (value & 4 ? old | channelBit : old & ~channelBit);
  switch (register) {
    case 8:
      chip.command = value;
      break;
    case 9:
      chip.requests = setBit(chip.requests);
      break;
    case 10:
      chip.masks = setBit(chip.masks);
      break;
    case 11:
      chip.modes[value & 3] = value;
      break;
    case 12:
      chip.highByteNext = false;
      break;
    case 13: // master clear
      chip.command = 0;
      chip.status = 0;
      chip.requests = 0;
      chip.highByteNext = false;
      chip.masks = ALL_CHANNELS;
      break;
    case 14:
      chip.masks = 0;
      break;
    case 15:
      chip.masks = value & ALL_CHANNELS;
      break;
    default:
      writeHalf(chip, register, value);
  }
}

function writeHalf(chip: ChipState, register: number, value: number): void {
  const old = chip.base[register]!;
  chip.base[register] = chip.highByteNext ? (old & 0x00ff) | (value << 8) : (old & 0xff00) | value;
  chip.current[register] = chip.base[register]!;
  chip.highByteNext = !chip.highByteNext;
}
