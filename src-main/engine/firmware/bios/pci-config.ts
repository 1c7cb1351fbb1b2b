// PCI configuration space by mechanism 1, as firmware reaches it: through ports CF8h and CFCh.
// Reference: PCI Local Bus Specification 2.2, 3.2.2.3.2.

import type { CpuEnvironment } from '../../x86/helpers/cpu-context.ts';

const ADDRESS = 0xcf8;
const DATA = 0xcfc;
const ENABLE = 0x8000_0000;

export type ConfigWidth = 1 | 2 | 4;
export type Ports = Pick<CpuEnvironment, 'portRead' | 'portWrite'>;

export interface PciPlace {
  readonly bus: number;
  /** Device and function: bits 7-3 and 2-0. */
  readonly function: number;
}

export function readConfig(ports: Ports, place: PciPlace, offset: number, width: ConfigWidth): number {
  select(ports, place, offset);
  return ports.portRead(DATA + (offset & 3), width) >>> 0;
}

export function writeConfig(ports: Ports, place: PciPlace, offset: number, width: ConfigWidth, value: number): void {
  select(ports, place, offset);
  ports.portWrite(DATA + (offset & 3), width, value >>> 0);
}

function select(ports: Ports, place: PciPlace, offset: number): void {
  ports.portWrite(ADDRESS, 4, (ENABLE | (place.bus << 16) | (place.function << 8) | (offset & 0xfc)) >>> 0);
}

/** The functions of bus 0 that exist. */
export function* functionsOfBus(ports: Ports): Generator<PciPlace> {
  for (let slot = 0; slot < 32; slot++) {
    const multi = (readConfig(ports, { bus: 0, function: slot << 3 }, 0x0e, 1) & 0x80) !== 0;
    for (let fn = 0; fn < (multi ? 8 : 1); fn++) {
      const place = { bus: 0, function: (slot << 3) | fn };
      if (readConfig(ports, place, 0, 2) !== 0xffff) yield place;
    }
  }
}
