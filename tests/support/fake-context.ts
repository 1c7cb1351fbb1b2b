// A DeviceContext for device tests: a clock stepped by hand, pins that remember level and edges, and a
// small memory behind DMA. Not a board: nothing is wired to anything.

import type { LogLevel } from '../../src-main/engine/base/logger.ts';
import type { IrqLine } from '../../src-main/engine/bus/irq-line.ts';
import { ManualClock } from '../../src-main/engine/bus/manual-clock.ts';
import type { Device, DeviceContext, Width } from '../../src-main/engine/devices/device.ts';
import { FlatMemory } from './flat-memory.ts';

export class FakePin implements IrqLine {
  level = false;
  rises = 0;

  set(level: boolean): void {
    if (level && !this.level) this.rises++;
    this.level = level;
  }
}

export interface FakeContext extends DeviceContext {
  readonly clock: ManualClock;
  readonly memory: Uint8Array;
  readonly messages: { level: LogLevel; message: string }[];
  irq(pin: string): FakePin;
}

export function fakeContext(wallStartMs = 0, memoryBytes = 0x1_0000): FakeContext {
  const pins = new Map<string, FakePin>();
  const flat = new FlatMemory(memoryBytes);
  const memory = flat.bytes;
  const messages: { level: LogLevel; message: string }[] = [];
  return {
    clock: new ManualClock(wallStartMs),
    memory,
    messages,
    log: { log: (level, message) => messages.push({ level, message }) },
    dma: flat,
    irq(pin) {
      let line = pins.get(pin);
      if (line === undefined) {
        line = new FakePin();
        pins.set(pin, line);
      }
      return line;
    },
  };
}

/** Port-style access by absolute address, for devices tested without a bus. */
export function accessor(device: Device) {
  const find = (address: number) => {
    const region = device.regions.findIndex(({ base, length }) => address >= base && address < base + length);
    if (region < 0) throw new Error(`${device.id} has no region at ${address.toString(16)}h`);
    return { region, offset: address - device.regions[region]!.base };
  };
  return {
    in(address: number, width: Width = 1): number {
      const { region, offset } = find(address);
      return device.read(region, offset, width);
    },
    out(address: number, value: number, width: Width = 1): void {
      const { region, offset } = find(address);
      device.write(region, offset, width, value);
    },
  };
}
