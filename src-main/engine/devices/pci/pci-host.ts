// PCI bus 0: configuration mechanism #1 at CF8h and CFCh, and the configuration spaces of all functions.
// It moves the regions of devices as their BARs say. What the host bridge's own registers do is in
// `host-bridge.ts`. Reference: PCI Local Bus Specification 2.2, 3.2.2.3.2.

import { assert } from '../../base/assert.ts';
import { allOnes } from '../../base/bits.ts';
import type { Bus } from '../../bus/address-space.ts';
import type { Region, Width } from '../../bus/region.ts';
import { defineState, type StateSpec } from '../../snapshot/define-state.ts';
import { bytes, type Field, u32 } from '../../snapshot/fields.ts';
import type { Device } from '../device.ts';
import { barAddress } from './bar.ts';
import { CONFIG_BYTES, type ConfigSpace } from './config-space.ts';
import { createConfigSpace, type PciFunction } from './pci-function.ts';

type PciState = Record<string, unknown> & { address: number };

interface Slot {
  readonly pci: PciFunction;
  readonly config: ConfigSpace;
  /** Present place of each BAR, so that only real moves are passed on. */
  readonly places: (number | undefined)[];
}

const ADDRESS = 0;
const DATA = 4;
const ENABLE = 0x8000_0000;
const FUNCTIONS = 256;

export interface PciHostOptions {
  readonly functions: readonly PciFunction[];
  readonly ports: Pick<Bus, 'move'>;
  readonly memory: Pick<Bus, 'move'>;
}

export class PciHost implements Device<PciState> {
  readonly id = 'pci';
  readonly spec: StateSpec<PciState>;
  readonly state: PciState;
  /** CF9h inside is the reset control register, a device of its own with priority. */
  readonly regions: readonly Region[] = [{ space: 'port', base: 0xcf8, length: 8 }];
  private readonly options: PciHostOptions;
  private readonly slots: (Slot | undefined)[] = new Array(FUNCTIONS).fill(undefined);

  constructor(options: PciHostOptions) {
    this.options = options;
    const fields: Record<string, Field<unknown>> = { address: u32() };
    for (const pci of options.functions) {
      const name = fieldName(pci);
      assert(!(name in fields), `two PCI functions at ${name}`);
      fields[name] = bytes(CONFIG_BYTES);
    }
    this.spec = defineState('pci', 1, fields) as unknown as StateSpec<PciState>;
    this.state = this.spec.create();
    for (const pci of options.functions) {
      const multiFunction = options.functions.some(
        (other) => other.slot === pci.slot && other.function !== 0,
      );
      const config = createConfigSpace(this.state[fieldName(pci)] as Uint8Array, pci, multiFunction);
      this.slots[index(pci.slot, pci.function)] = {
        pci,
        config,
        places: (pci.bars ?? []).map(() => undefined),
      };
    }
  }

  /** Configuration access by place, as firmware does it; absent functions read all ones. */
  readConfig(slot: number, fn: number, offset: number, width: Width): number {
    return this.slots[index(slot, fn)]?.config.read(offset, width) ?? allOnes(width);
  }

  writeConfig(slot: number, fn: number, offset: number, width: Width, value: number): void {
    const target = this.slots[index(slot, fn)];
    if (target === undefined) return;
    target.config.write(offset, width, value);
    this.apply(target);
  }

  read(_region: number, offset: number, width: Width): number {
    const { address } = this.state;
    if (offset < DATA) return offset === ADDRESS && width === 4 ? address : allOnes(width);
    const target = this.selected();
    return target === undefined ? allOnes(width) : target.config.read(register(address, offset), width);
  }

  write(_region: number, offset: number, width: Width, value: number): void {
    if (offset < DATA) {
      // Only a doubleword access is the address register; others are not for the bridge.
      if (offset === ADDRESS && width === 4) this.state.address = (value & 0x80ff_fffc) >>> 0;
      return;
    }
    const target = this.selected();
    if (target === undefined) return;
    target.config.write(register(this.state.address, offset), width, value);
    this.apply(target);
  }

  /** Reset of the chipset functions comes with it; BARs are gone until firmware sets them again. */
  reset(): void {
    this.state.address = 0;
    for (const target of this.slots) target?.config.reset();
    this.applyAll();
  }

  afterRestore(): void {
    this.applyAll();
  }

  private selected(): Slot | undefined {
    const { address } = this.state;
    const onBusZero = (address & 0xff_0000) === 0;
    return (address & ENABLE) !== 0 && onBusZero ? this.slots[(address >>> 8) & 0xff] : undefined;
  }

  private applyAll(): void {
    for (const target of this.slots) if (target !== undefined) this.apply(target);
  }

  private apply({ pci, config, places }: Slot): void {
    const bars = pci.bars ?? [];
    for (let i = 0; i < bars.length; i++) {
      const bar = bars[i]!;
      const base = barAddress(config, bar);
      if (base === places[i]) continue;
      places[i] = base;
      if (bar.region !== undefined && pci.device !== undefined) {
        (bar.kind === 'io' ? this.options.ports : this.options.memory).move(pci.device, bar.region, base);
      }
      bar.onMove?.(base);
    }
    pci.configure?.(config);
  }
}

function index(slot: number, fn: number): number {
  return ((slot & 31) << 3) | (fn & 7);
}

function register(address: number, offset: number): number {
  return (address & 0xfc) | (offset & 3);
}

/** Name of the function in the snapshot: "01.3". */
function fieldName(pci: PciFunction): string {
  return `${pci.slot.toString(16).padStart(2, '0')}.${pci.function}`;
}
