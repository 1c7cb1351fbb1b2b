// An AHCI controller on PCI with up to six ports, as in the ICH9. What a port does is in `ahci-port.ts`.
// Reference: Serial ATA AHCI 1.3.1, 2.1 (PCI header), 3.1 (registers), 10.7 (interrupts).

import { extractBytes, insertBytes } from '../../base/bits.ts';
import { defineState, type StateSpec } from '../../snapshot/define-state.ts';
import { list, nested, u32 } from '../../snapshot/fields.ts';
import type { Device, DeviceContext, Region, Width } from '../device.ts';
import { IntxPin } from '../pci/intx.ts';
import { type MessageSink, Msi } from '../pci/msi.ts';
import type { PciFunction } from '../pci/pci-function.ts';
import { AhciPort, PORT_FIELDS, type PortDrive } from './ahci-port.ts';
import * as reg from './registers.ts';

export const AHCI_PORTS = 6;
const REGISTER_BYTES = 0x1000;
const REGISTERS_BAR = 5;

const specOf = (id: string) =>
  defineState(id, 1, {
    ghc: u32(reg.GHC_AHCI_ENABLE),
    is: u32(),
    ports: list(AHCI_PORTS, nested(PORT_FIELDS)),
  });
type AhciState = ReturnType<ReturnType<typeof specOf>['create']>;

export interface AhciOptions {
  readonly id: string;
  readonly slot: number;
  readonly messages: MessageSink;
  /** By port; undefined: nothing is connected. */
  readonly drives: readonly (PortDrive | undefined)[];
}

export class AhciController implements Device<AhciState> {
  readonly id: string;
  readonly spec: StateSpec<AhciState>;
  readonly state: AhciState;
  readonly regions: readonly Region[] = [
    { space: 'memory', base: 0, length: REGISTER_BYTES, unmapped: true },
  ];
  readonly pci: PciFunction;
  private readonly ports: readonly AhciPort[];
  private readonly pin: IntxPin;
  private readonly msi: Msi;
  /** A reset of the controller waits for this many ports. */
  private stopping = 0;

  constructor(context: DeviceContext, { id, slot, messages, drives }: AhciOptions) {
    this.id = id;
    this.spec = specOf(id);
    this.state = this.spec.create();
    this.pin = new IntxPin(context.irq('inta'));
    this.msi = new Msi(messages);
    this.ports = this.state.ports.map(
      (registers, port) => new AhciPort(context, registers, drives[port], () => this.portChanged(port)),
    );
    this.pci = {
      slot,
      function: 0,
      vendorId: 0x8086,
      deviceId: 0x2922,
      revision: 2,
      classCode: 0x010601,
      interruptPin: 1,
      device: this,
      bars: [{ index: REGISTERS_BAR, kind: 'memory', bytes: REGISTER_BYTES, region: 0 }],
      capabilities: [this.msi.capability],
      configure: (config) => {
        this.pin.configure(config);
        this.msi.configure(config);
      },
    };
  }

  read(_region: number, offset: number, width: Width): number {
    return extractBytes(this.word(offset & ~3), offset, width);
  }

  /** Registers are meant to be written whole; parts count as the whole with the rest unchanged, or zero where ones act. */
  write(_region: number, offset: number, width: Width, value: number): void {
    const word = offset & ~3;
    const before = width === 4 || actsOnOnes(word) ? 0 : this.word(word);
    const whole = insertBytes(before, offset, width, value);
    if (word >= reg.PORTS) {
      if (this.stopping === 0)
        this.ports[(word - reg.PORTS) >>> 7]?.write(word & (reg.PORT_BYTES - 1), whole);
    } else if (word === reg.GHC) this.writeControl(whole);
    else if (word === reg.IS) {
      this.state.is = (this.state.is & ~whole) >>> 0;
      this.ports.forEach((port, index) => {
        if (port.pending) this.state.is = (this.state.is | (1 << index)) >>> 0;
      });
      this.signal(this.state.is !== 0);
    }
  }

  reset(): void {
    this.spec.reset(this.state);
    this.stopping = 0;
    for (const port of this.ports) port.reset();
    this.signal(false);
  }

  afterRestore(): void {
    for (const port of this.ports) port.afterRestore();
    this.signal(false);
  }

  private word(word: number): number {
    if (word >= reg.PORTS)
      return this.ports[(word - reg.PORTS) >>> 7]?.read(word & (reg.PORT_BYTES - 1)) ?? 0;
    switch (word) {
      case reg.CAP:
        return (reg.CAP_VALUE | (AHCI_PORTS - 1)) >>> 0;
      case reg.GHC:
        return this.state.ghc;
      case reg.IS:
        return this.state.is;
      case reg.PI:
        return (1 << AHCI_PORTS) - 1;
      case reg.VS:
        return reg.VERSION;
      default:
        return 0;
    }
  }

  private writeControl(value: number): void {
    if ((value & reg.GHC_RESET) !== 0) return this.resetByGuest();
    this.state.ghc = ((value & reg.GHC_INTERRUPT_ENABLE) | reg.GHC_AHCI_ENABLE) >>> 0;
    this.signal(this.state.is !== 0);
  }

  /** HR stays set until no request of before can write memory any more. */
  private resetByGuest(): void {
    if (this.stopping > 0) return;
    this.state.ghc = (reg.GHC_AHCI_ENABLE | reg.GHC_RESET) >>> 0;
    this.stopping = this.ports.length;
    for (const port of this.ports) {
      port.stop(() => {
        this.stopping--;
        if (this.stopping === 0) this.reset();
      });
    }
  }

  private portChanged(index: number): void {
    const port = this.ports[index];
    if (port === undefined) return;
    const isNew = port.pending;
    if (isNew) this.state.is = (this.state.is | (1 << index)) >>> 0;
    this.signal(isNew);
  }

  /** The pin is a level; a message is sent for each cause. */
  private signal(send: boolean): void {
    const level = this.state.is !== 0 && (this.state.ghc & reg.GHC_INTERRUPT_ENABLE) !== 0;
    this.pin.set(level && !this.msi.enabled);
    if (send && level) this.msi.send();
  }
}

function actsOnOnes(word: number): boolean {
  if (word < reg.PORTS) return word === reg.IS;
  const register = word & (reg.PORT_BYTES - 1);
  return [reg.PX_IS, reg.PX_SERR, reg.PX_SACT, reg.PX_CI].includes(register);
}
