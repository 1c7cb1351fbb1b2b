// The board: which devices stand on it, where, and how their pins are wired. The classic PC with an i440FX-like
// PCI host. Reference: Intel 82371SB (PIIX3) and 82371AB (PIIX4) datasheets; IBM PC/AT technical reference.

import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { type IrqLine, WiredOr } from '../bus/irq-line.ts';
import { MemorySpace } from '../bus/memory-space.ts';
import { PortSpace } from '../bus/port-space.ts';
import type { InterruptController, PowerControl, ResetControl } from '../devices/capabilities.ts';
import { Cmos } from '../devices/cmos/cmos.ts';
import { DebugConsole } from '../devices/debug-console.ts';
import { DebugExit } from '../devices/debug-exit.ts';
import type { Device, DeviceContext } from '../devices/device.ts';
import { Dma8237 } from '../devices/dma8237.ts';
import { FwCfg } from '../devices/fw-cfg.ts';
import { FloatError } from '../devices/float-error.ts';
import { IoApic } from '../devices/ioapic/io-apic.ts';
import { ApicBus } from '../devices/lapic/apic-bus.ts';
import { LocalApic } from '../devices/lapic/local-apic.ts';
import { hostBridge } from '../devices/pci/host-bridge.ts';
import { PciHost } from '../devices/pci/pci-host.ts';
import { Pic } from '../devices/pic/pic.ts';
import { AcpiPm } from '../devices/piix/acpi-pm.ts';
import { IsaBridge } from '../devices/piix/isa-bridge.ts';
import { ResetControlPort } from '../devices/piix/reset-control.ts';
import { Pit } from '../devices/pit/pit.ts';
import { Port92 } from '../devices/port92.ts';
import { Ps2Controller } from '../devices/ps2/ps2-controller.ts';
import { TestDevice } from '../devices/test-device.ts';
import { Uart16550 } from '../devices/uart16550/uart16550.ts';
import type { CpuEngine } from '../execution/cpu-engine.ts';
import type { LinearScreen, VideoMode } from '../firmware/linux/video-mode.ts';
import {
  COM_PORTS, ISA_BRIDGE_DEVICE, PIRQ_ROUTES, pirqOf, PM_BASE, PM_FUNCTION, SCI_IRQ,
} from '../firmware/platform.ts';
import { cmosMemory, keptNvram } from './cmos-memory.ts';
import { DisplayAdapter } from './display-adapter.ts';
import { DisplayFeed } from './display-feed.ts';
import type { InstalledDrive } from './drives.ts';
import { DEFAULT_FIRMWARE, Firmware } from './firmware.ts';
import { cmosBootOrder, fwCfgContent } from './fw-cfg-content.ts';
import type { GuestRam } from './guest-ram.ts';
import { HpetWiring } from './hpet-wiring.ts';
import { IsaInterrupts } from './interrupt-wiring.ts';
import type { MachineEvent } from './messages.ts';
import type { MachineOptions } from './options.ts';
import { OutputBuffer } from './output-buffer.ts';
import { createPciCards } from './pci-cards.ts';
import { platformOf } from './platform.ts';
import type { SavedPart } from './saved-part.ts';
import { SerialPort } from './serial-port.ts';
import { floppyController, floppyTypes, ideController } from './storage.ts';

/** Edge/level control of the interrupt controllers. */
const ELCR = 0x4d0;
const PIC_MASTER_MASK = 0x21;
const PIC_SLAVE_MASK = 0xa1;
/** All of C0000h to FFFFFh is RAM, read and written: without a BIOS there is no ROM behind it. */
const PAM_ALL_RAM = 3;

/** The DMA controller of words; its first channel is the cascade of the other. */
const DMA_MASK_16 = 0xd4;
const DMA_MODE_16 = 0xd6;
const DMA_CASCADE = 0xc0;
const FLOPPY_DMA = 2;

/** What the board gets from the machine. */
export interface PcParts {
  readonly options: MachineOptions;
  readonly clock: Clock;
  readonly log: Logger;
  readonly ram: GuestRam;
  readonly engine: CpuEngine;
  readonly drives: readonly InstalledDrive[];
  /** Whether the present or next HLT ends without an interrupt: what firmware waits for is there. */
  readonly endHalt: (wanted: boolean) => void;
  readonly random: (bytes: number) => Uint8Array;
  readonly reset: ResetControl;
  readonly power: PowerControl;
  /** Exit status asked for by the debug exit device. */
  readonly debugExit: (status: number) => void;
  /** The first byte of serial or debug output waits to be sent on. */
  readonly onOutput: () => void;
  readonly onNvramChange: () => void;
  readonly onSerialDrained: (port: number) => void;
  readonly onKeyboardLeds: (leds: number) => void;
  /** Takes the pictures of the screen. */
  readonly emit: (event: MachineEvent) => void;
}

export class Pc {
  readonly ports = new PortSpace();
  readonly memory = new MemorySpace();
  readonly devices: readonly Device[];
  /** Whom the processor acknowledges interrupts with. */
  readonly interrupts: InterruptController;
  readonly ps2: Ps2Controller;
  readonly serial: readonly SerialPort[];
  readonly debugOutput: OutputBuffer | undefined;
  readonly display: DisplayFeed | undefined;
  readonly #parts: PcParts;
  readonly #adapter: DisplayAdapter | undefined;
  readonly #pci: PciHost;
  readonly #pm: AcpiPm;
  readonly #cmos: Cmos;
  readonly #lapic: LocalApic;
  readonly #floatError: FloatError;
  readonly #firmware: Firmware | undefined;
  #isa!: IsaInterrupts;

  constructor(parts: PcParts) {
    this.#parts = parts;
    const { options, engine } = parts;
    const bus = new ApicBus();
    const pic = new Pic(this.#context('pic', { set: (level) => this.#lapic.lint0.set(level) }));
    this.#lapic = new LocalApic(this.#context('lapic0'), {
      id: 'lapic0', apicId: 0, bus, pic, memory: this.memory,
      processor: {
        interruptPending: (pending) => engine.setInterrupt(pending),
        nmi: () => engine.nmi(),
        smi: () => {},
        init: () => parts.reset.reset('processor'),
        startup: () => {},
      },
    });
    this.interrupts = this.#lapic;
    const ioApic = new IoApic(this.#context('ioapic'), { bus, apicId: 1 });
    this.#isa = new IsaInterrupts(pic, ioApic);
    const hpet = new HpetWiring(this.#isa, ioApic);
    this.#floatError = new FloatError(this.#context('float-error'));
    const a20 = new WiredOr({ set: (enabled) => engine.setA20(enabled) });
    this.ps2 = new Ps2Controller(this.#context('ps2'), {
      a20: a20.source(), reset: parts.reset, onLeds: parts.onKeyboardLeds,
    });
    const ports = Array.from({ length: options.serialPorts }, (_, index) => this.#serialPort(index));
    this.serial = ports.map(({ port }) => port);
    const debugOutput = options.debugConsole ? new OutputBuffer(parts.onOutput) : undefined;
    this.debugOutput = debugOutput;
    this.#pm = new AcpiPm(this.#context('acpi-pm'), {
      slot: ISA_BRIDGE_DEVICE, function: PM_FUNCTION, power: parts.power, ports: this.ports, initialBase: PM_BASE, acpiAtReset: true,
    });
    const isaBridge = new IsaBridge(this.#context('isa-bridge'), { slot: ISA_BRIDGE_DEVICE, initialRoutes: PIRQ_ROUTES });
    this.#firmware = options.boot === undefined ? new Firmware({ ...parts, wake: parts.endHalt }) : undefined;
    const dma = new Dma8237({ dma: parts.ram });
    // A BIOS from outside switches the channels on; ours and a kernel that is started directly find them so.
    const ide = ideController(this.#context('ide'), parts.drives, this.ports, options.firmware?.image === undefined);
    this.#adapter = this.#displayAdapter();
    this.display = this.#adapter && new DisplayFeed(this.#adapter.vga.screen, parts.clock, parts.emit);
    const cards = createPciCards({
      options, drives: parts.drives, messages: bus, random: parts.random,
      context: (id, place) => this.#context(id, isaBridge.pirq(pirqOf(place.slot, place.function & 3))),
    });
    this.#pci = new PciHost({
      functions: [
        hostBridge(this.#firmware === undefined ? { shadow: { shadow: () => {} }, initialPam: PAM_ALL_RAM } : { shadow: this.#firmware.shadow }), isaBridge.pci, ide.pci, this.#pm.pci,
        ...(this.#adapter === undefined ? [] : [this.#adapter.pci]),
        ...cards.map(({ pci }) => pci),
      ],
      ports: this.ports,
      memory: this.memory,
    });
    this.#cmos = new Cmos(this.#context('cmos', hpet.rtc), {
      // What firmware finds out at power-on it writes anew.
      nvram: [...keptNvram(options.nvram), ...cmosMemory(options.memoryBytes, floppyTypes(parts.drives)), ...cmosBootOrder(options.firmware ?? DEFAULT_FIRMWARE)],
      onNvramChange: parts.onNvramChange,
    });
    this.devices = [
      pic, this.#lapic, ioApic,
      new Pit(this.#context('pit', hpet.pit)),
      this.#cmos,
      this.ps2,
      ide,
      this.#pm, this.#pci,
      ...(this.#adapter === undefined ? [] : [this.#adapter.vga]),
      ...cards.map(({ device }) => device),
      ...(options.hpet === true ? [hpet.create(this.#context('hpet'))] : []),
      new ResetControlPort({ reset: parts.reset }),
      new Port92({ a20: a20.source(), reset: parts.reset }),
      dma,
      floppyController(this.#context('floppy'), parts.drives, dma.channel(FLOPPY_DMA)),
      this.#floatError,
      ...ports.map(({ uart }) => uart),
      ...(debugOutput === undefined ? [] : [new DebugConsole({ write: (byte) => debugOutput.push(byte) })]),
      ...(options.firmware?.image === undefined ? [] : [
        new FwCfg(this.#context('fw-cfg'), fwCfgContent(platformOf(options, engine.context), options.firmware)),
      ]),
      ...(options.testDevice === true ? [new TestDevice(this.#context('test-device'))] : []),
      ...(options.debugExit === undefined ? [] : [new DebugExit({
        base: options.debugExit.base, bytes: options.debugExit.length, exit: parts.debugExit,
      })]),
    ];
    for (const device of this.devices) {
      this.ports.attach(device);
      this.memory.attach(device);
    }
    if (this.#firmware !== undefined) this.memory.attach(this.#firmware.shadow);
  }

  reset(): void {
    this.#firmware?.reset();
    for (const device of this.devices) device.reset();
    for (const port of this.serial) port.reset();
  }

  /** What stays when the machine is switched off, as `MachineOptions.nvram`. */
  get nvram(): Uint8Array {
    return this.#cmos.nvramBytes();
  }

  /** What stands beside the devices and has a section of the state. */
  savedParts(): SavedPart[] {
    return [
      ...(this.#firmware === undefined ? [] : [this.#firmware.section]),
      ...this.serial.map((port, index) => port.section(`serial${index}`)),
    ];
  }

  /** Devices whose inputs the others drive, and which remember edges. */
  get interruptControllers(): readonly Device[] {
    return this.devices.slice(0, 3);
  }

  /** The state is about to be taken: what is not part of it goes back to where it is. A BIOS call begins its disk request anew. */
  settle(): void {
    this.#firmware?.reset();
    this.#adapter?.vga.settle();
  }

  /** What a BIOS has done by the time a system starts, as far as the devices do not start that way. */
  programAsFirmware(): void {
    const levels = [SCI_IRQ, ...PIRQ_ROUTES].reduce((mask, irq) => mask | (1 << irq), 0);
    this.ports.write(ELCR, 1, levels & 0xff);
    this.ports.write(ELCR + 1, 1, levels >> 8);
    this.ports.write(PIC_MASTER_MASK, 1, 0xff);
    this.ports.write(PIC_SLAVE_MASK, 1, 0xff);
    this.ports.write(DMA_MODE_16, 1, DMA_CASCADE);
    this.ports.write(DMA_MASK_16, 1, 0);
    this.#adapter?.programAsFirmware(this.#pci);
  }

  /** After `programAsFirmware`. */
  setLinearMode(mode: VideoMode): LinearScreen | undefined {
    return this.#adapter?.setLinearMode(mode);
  }

  /** #UD at a place of the guest part of the engine's memory: see `CpuEnvironment.firmwareCall`. */
  firmwareCall(offset: number): 'none' | 'done' | 'fault' {
    return this.#firmware?.call(offset) ?? 'none';
  }

  powerButton(): void {
    this.#pm.pressPowerButton();
  }

  serialInput(port: number, bytes: Uint8Array): void {
    this.serial[port]?.send(bytes);
  }

  apicBaseWritten(low: number, high: number): void {
    this.#lapic.writeBase(low, high);
  }

  readTaskPriority(): number {
    return this.#lapic.readTaskPriority();
  }

  writeTaskPriority(value: number): void {
    this.#lapic.writeTaskPriority(value);
  }

  /** FERR#; the guest's handler ends it by a write to port F0h. */
  floatError(): void {
    this.#floatError.raise();
  }

  #displayAdapter(): DisplayAdapter | undefined {
    const { options, engine, ram } = this.#parts;
    return options.videoMemoryBytes === 0 ? undefined : new DisplayAdapter({
      options, engine, ram, context: this.#context('vga'), rom: this.#firmware?.videoRom,
    });
  }

  #serialPort(index: number): { port: SerialPort; uart: Uart16550 } {
    const { clock, onOutput, onSerialDrained } = this.#parts;
    let uart: Uart16550;
    const port = new SerialPort(clock, {
      output: onOutput,
      drained: () => onSerialDrained(index),
      receiveInterruptEnabled: () => (uart.state.ier & 1) !== 0,
      inputAvailable: () => uart.inputAvailable(),
    });
    const { base } = COM_PORTS[index] ?? COM_PORTS[0];
    uart = new Uart16550(this.#context(`uart${index}`), { id: `uart${index}`, base, peer: port });
    return { port, uart };
  }

  /** `pins` other than ISA interrupts come as the one line given. */
  #context(device: string, only?: IrqLine): DeviceContext {
    const { clock, log, ram } = this.#parts;
    return {
      clock,
      log: { log: (level, message) => log.log(level, `${device}: ${message}`) },
      dma: ram,
      irq: (pin) => only ?? this.#isa.pin(device, pin),
    };
  }
}

export function buildPc(parts: PcParts): Pc {
  return new Pc(parts);
}
