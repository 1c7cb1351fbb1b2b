// The two 8237A DMA controllers of a PC with their page registers, including the diagnostic port 80h.
// Registers read back what was written; nothing is transferred yet, as no device asks.
// Reference: Intel 8237A datasheet (231466), "Register Description"; IBM PC/AT Technical Reference, I/O map.

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

export interface Dma8237Options {
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

  constructor(options: Dma8237Options = {}) {
    this.onPostCode = options.onPostCode;
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
      writeChip(this.state.chips[region]!, region === 0 ? offset : offset >>> 1, value);
    }
  }

  reset(): void {
    SPEC.reset(this.state);
  }
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
