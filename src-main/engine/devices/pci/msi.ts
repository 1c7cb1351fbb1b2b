// Message-signalled interrupts: a function that writes to the local APICs instead of driving a pin. One message here;
// a table of many is `msix.ts`. Reference: PCI Local Bus Specification 3.0, 6.8.1.

import { CAPABILITY_MSI, type Capability, capabilityOffset } from './capability.ts';
import { COMMAND_MASTER, type ConfigSpace, PCI_COMMAND } from './config-space.ts';

/** Takes memory writes that are interrupts. */
export interface MessageSink {
  sendMsi(address: number, data: number): void;
}

/** Messages elsewhere would be writes to memory; nobody has a use for them. */
export function isInterruptAddress(low: number, high: number): boolean {
  return high === 0 && low >>> 20 === 0xfee;
}

const CONTROL = 2;
const ADDRESS_LOW = 4;
const ADDRESS_HIGH = 8;
const DATA = 12;
const CONTROL_ENABLE = 0x0001;
const CONTROL_64_BITS = 0x0080;

export class Msi {
  readonly capability: Capability = {
    id: CAPABILITY_MSI,
    length: 14,
    registers: [
      { offset: CONTROL, width: 2, value: CONTROL_64_BITS, writable: CONTROL_ENABLE },
      { offset: ADDRESS_LOW, width: 4, writable: 0xffff_fffc },
      { offset: ADDRESS_HIGH, width: 4, writable: 0xffff_ffff },
      { offset: DATA, width: 2, writable: 0xffff },
    ],
  };
  private readonly sink: MessageSink;
  private config: ConfigSpace | undefined;
  private at = 0;

  constructor(sink: MessageSink) {
    this.sink = sink;
  }

  /** The function's `configure`. */
  configure(config: ConfigSpace): void {
    this.config = config;
    this.at = capabilityOffset(config, CAPABILITY_MSI);
  }

  /** The pin is not to be used. */
  get enabled(): boolean {
    return this.config !== undefined && (this.config.u16(this.at + CONTROL) & CONTROL_ENABLE) !== 0;
  }

  send(): void {
    const { config, at } = this;
    if (config === undefined || !this.enabled || (config.u16(PCI_COMMAND) & COMMAND_MASTER) === 0) return;
    const low = config.u32(at + ADDRESS_LOW);
    if (isInterruptAddress(low, config.u32(at + ADDRESS_HIGH))) this.sink.sendMsi(low, config.u16(at + DATA));
  }
}
