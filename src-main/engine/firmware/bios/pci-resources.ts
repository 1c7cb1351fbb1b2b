// Places for the base address registers of bus 0 and interrupt lines for its pins.
// Reference: PCI Local Bus Specification 2.2, 6.2.5.1 (sizing); PCI Firmware 3.0.

import { pirqOf } from '../platform.ts';
import { functionsOfBus, type PciPlace, type Ports, readConfig, writeConfig } from './pci-config.ts';

const COMMAND = 0x04;
const CLASS = 0x0a;
const BAR0 = 0x10;
const BARS = 6;
const INTERRUPT_LINE = 0x3c;
const INTERRUPT_PIN = 0x3d;
const COMMAND_IO = 1;
const COMMAND_MEMORY = 2;
const COMMAND_MASTER = 4;
const CLASS_IDE = 0x0101;
const CLASS_VGA = 0x0300;
const IDE_TIMING = 0x40;
const IDE_DECODE = 0x8000;
/** Where memory and I/O BARs go, the largest first. The I/O APIC stands above the memory. */
const MEMORY_BASE = 0xe000_0000;
const MEMORY_END = 0xfec0_0000;
const IO_BASE = 0xc000;
const IO_END = 0x1_0000;

interface BarRequest {
  readonly place: PciPlace;
  readonly offset: number;
  readonly kind: 'io' | 'memory';
  readonly bytes: number;
  readonly wide: boolean;
}

export function assignResources(ports: Ports, routes: readonly number[]): void {
  const functions = [...functionsOfBus(ports)];
  const requests = functions.flatMap((place) => sizeBars(ports, place)).sort((a, b) => b.bytes - a.bytes);
  const next = { memory: MEMORY_BASE, io: IO_BASE };
  const end = { memory: MEMORY_END, io: IO_END };
  for (const { place, offset, kind, bytes, wide } of requests) {
    const base = Math.ceil(next[kind] / bytes) * bytes;
    if (base + bytes > end[kind]) continue;
    next[kind] = base + bytes;
    writeConfig(ports, place, offset, 4, base);
    if (wide) writeConfig(ports, place, offset + 4, 4, 0);
  }
  for (const place of functions) enable(ports, place, requests, routes);
}

/** Writes ones, reads back what is decoded, and puts the old value in place. */
function sizeBars(ports: Ports, place: PciPlace): BarRequest[] {
  const found: BarRequest[] = [];
  if ((readConfig(ports, place, 0x0e, 1) & 0x7f) !== 0) return found;
  for (let index = 0; index < BARS; index++) {
    const offset = BAR0 + 4 * index;
    const before = readConfig(ports, place, offset, 4);
    writeConfig(ports, place, offset, 4, 0xffff_ffff);
    const mask = readConfig(ports, place, offset, 4);
    writeConfig(ports, place, offset, 4, before);
    const isIo = (mask & 1) !== 0;
    const wide = !isIo && (mask & 6) === 4;
    const decoded = isIo ? (mask | 0xffff_0000) & ~3 : mask & ~15;
    const bytes = -decoded >>> 0;
    if (mask !== 0 && bytes !== 0) found.push({ place, offset, kind: isIo ? 'io' : 'memory', bytes, wide });
    if (wide) index += 1;
  }
  return found;
}

function enable(ports: Ports, place: PciPlace, requests: readonly BarRequest[], routes: readonly number[]): void {
  const own = requests.filter((request) => request.place.function === place.function);
  const storage = readConfig(ports, place, CLASS + 1, 1) === 0x01;
  const display = readConfig(ports, place, CLASS, 2) === CLASS_VGA;
  const command = readConfig(ports, place, COMMAND, 2) |
    (own.some(({ kind }) => kind === 'io') ? COMMAND_IO : 0) | (own.some(({ kind }) => kind === 'memory') ? COMMAND_MEMORY : 0) |
    (storage ? COMMAND_IO | COMMAND_MASTER : 0) | (display ? COMMAND_IO : 0);
  if (own.length > 0 || storage) writeConfig(ports, place, COMMAND, 2, command);
  const pin = readConfig(ports, place, INTERRUPT_PIN, 1);
  if (pin >= 1 && pin <= 4) writeConfig(ports, place, INTERRUPT_LINE, 1, routes[pirqOf(place.function >> 3, pin - 1)] ?? 0);
  if (readConfig(ports, place, CLASS, 2) !== CLASS_IDE) return;
  for (const channel of [0, 2]) writeConfig(ports, place, IDE_TIMING + channel, 2, IDE_DECODE);
}
