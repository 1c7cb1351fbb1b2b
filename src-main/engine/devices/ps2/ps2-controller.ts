// The 8042 keyboard controller of a PS/2 with both its ports, 60h and 64h. Interrupts are the pins
// 'keyboard' (IRQ 1) and 'mouse' (IRQ 12).
// Reference: IBM PS/2 Hardware Interface Technical Reference, "Keyboard/Auxiliary Device Controller".

import type { Timer } from '../../base/clock.ts';
import type { IrqLine } from '../../bus/irq-line.ts';
import { defineState } from '../../snapshot/define-state.ts';
import { bool, bytes, f64, fifo, u8 } from '../../snapshot/fields.ts';
import type { ResetControl } from '../capabilities.ts';
import type { Device, DeviceContext, Region, Width } from '../device.ts';
import { KEYBOARD, Ps2Keyboard } from './keyboard.ts';
import { MOUSE, Ps2Mouse } from './mouse.ts';
import { translateToSet1 } from './scan-codes.table.ts';

const SPEC = defineState('ps2', 1, {
  /** Output buffer and where its byte came from: 0 empty, 1 keyboard side, 2 auxiliary side. */
  output: u8(),
  source: u8(),
  /** Answers of the controller itself; they go before bytes of the devices. */
  answers: fifo(8),
  answerSource: u8(),
  /** Internal RAM; byte 0 is the command byte. */
  ram: bytes(32),
  outputPort: u8(),
  /** Command whose data byte comes next at port 60h, or 0. */
  awaits: u8(),
  lastWriteWasCommand: bool(),
  systemFlag: bool(),
  /** Translation has swallowed F0h and turns the next code into a break code. */
  breakNext: bool(),
  /** No device byte is moved into the output buffer before this time; 0: it has passed. */
  readyNs: f64(),
  keyboard: KEYBOARD,
  mouse: MOUSE,
});
type Ps2State = ReturnType<typeof SPEC.create>;

const COMMAND_REGION = 1;
const FROM_NOWHERE = 0;
const FROM_KEYBOARD = 1;
const FROM_MOUSE = 2;

const STATUS_OBF = 0x01;
const STATUS_SYS = 0x04;
const STATUS_A2 = 0x08;
const STATUS_KEYLOCK_OPEN = 0x10;
const STATUS_AUX_OBF = 0x20;
const CTR_KBD_INT = 0x01;
const CTR_AUX_INT = 0x02;
const CTR_SYS = 0x04;
const CTR_KBD_DISABLED = 0x10;
const CTR_AUX_DISABLED = 0x20;
const CTR_TRANSLATE = 0x40;
const OUTPUT_NOT_RESET = 0x01;
const OUTPUT_A20 = 0x02;
const OUTPUT_OBF = 0x10;
const OUTPUT_AUX_OBF = 0x20;
const OUTPUT_PORT_AT_RESET = 0xcf;
/**
 * A byte takes about a millisecond on the wire. A tenth is enough for interrupt handlers that read port 60h
 * twice, and spares polling drivers the wait.
 */
const WIRE_NS = 100_000;

export interface Ps2Options {
  /** Address line 20 as the controller's output port drives it. */
  readonly a20: IrqLine;
  readonly reset: ResetControl;
  /** Bit 0 scroll lock, 1 num lock, 2 caps lock. */
  readonly onLeds?: (bits: number) => void;
}

export class Ps2Controller implements Device<Ps2State> {
  readonly id = 'ps2';
  readonly spec = SPEC;
  readonly state = SPEC.create();
  readonly regions: readonly Region[] = [
    { space: 'port', base: 0x60, length: 1, maxWidth: 1 },
    { space: 'port', base: 0x64, length: 1, maxWidth: 1 },
  ];
  readonly keyboard: Ps2Keyboard;
  readonly mouse: Ps2Mouse;
  private readonly context: DeviceContext;
  private readonly options: Ps2Options;
  private readonly keyboardIrq: IrqLine;
  private readonly mouseIrq: IrqLine;
  private readonly timer: Timer;

  constructor(context: DeviceContext, options: Ps2Options) {
    this.context = context;
    this.options = options;
    this.keyboardIrq = context.irq('keyboard');
    this.mouseIrq = context.irq('mouse');
    this.timer = context.clock.timer(() => {
      this.state.readyNs = 0;
      this.fill();
    });
    this.keyboard = new Ps2Keyboard(this.state.keyboard, context.clock, {
      ready: () => this.fill(),
      leds: (bits) => options.onLeds?.(bits),
    });
    this.mouse = new Ps2Mouse(this.state.mouse, () => this.fill());
    this.powerOn();
  }

  read(region: number, _offset: number, _width: Width): number {
    return region === COMMAND_REGION ? this.status() : this.readData();
  }

  write(region: number, _offset: number, _width: Width, value: number): void {
    this.state.lastWriteWasCommand = region === COMMAND_REGION;
    if (region === COMMAND_REGION) this.command(value);
    else this.writeData(value);
    this.fill();
  }

  reset(): void {
    SPEC.reset(this.state);
    this.timer.cancel();
    this.powerOn();
    this.keyboard.reset();
    this.keyboardIrq.set(false);
    this.mouseIrq.set(false);
    this.options.a20.set(true);
  }

  afterRestore(): void {
    this.keyboard.afterRestore();
    this.options.a20.set((this.state.outputPort & OUTPUT_A20) !== 0);
    this.updateIrq();
    if (this.state.readyNs === 0) this.timer.cancel();
    else this.timer.arm(this.state.readyNs);
  }

  private powerOn(): void {
    this.state.outputPort = OUTPUT_PORT_AT_RESET;
    // As firmware leaves it: both interrupts off, translation on, auxiliary port closed.
    this.state.ram[0] = CTR_TRANSLATE | CTR_SYS | CTR_AUX_DISABLED;
    this.state.systemFlag = true;
  }

  private status(): number {
    const s = this.state;
    return (
      STATUS_KEYLOCK_OPEN |
      (s.source !== FROM_NOWHERE ? STATUS_OBF : 0) |
      (s.source === FROM_MOUSE ? STATUS_AUX_OBF : 0) |
      (s.systemFlag ? STATUS_SYS : 0) |
      (s.lastWriteWasCommand ? STATUS_A2 : 0)
    );
  }

  /** An empty buffer reads its last byte again. */
  private readData(): number {
    const s = this.state;
    const value = s.output;
    if (s.source !== FROM_NOWHERE) {
      s.source = FROM_NOWHERE;
      s.readyNs = this.context.clock.nowNs() + WIRE_NS;
      this.updateIrq();
      if (s.answers.length > 0) this.fill();
      else this.timer.arm(s.readyNs);
    }
    return value;
  }

  private command(value: number): void {
    const s = this.state;
    const ram = s.ram;
    s.awaits = 0;
    if (value >= 0x20 && value <= 0x3f) this.answer(ram[value & 0x1f]!);
    else if (value >= 0x60 && value <= 0x7f) s.awaits = value;
    else if (value >= 0xf0) this.pulse(value);
    else this.commandByCode(value);
  }

  private commandByCode(value: number): void {
    const s = this.state;
    const ram = s.ram;
    switch (value) {
      case 0xa4: // is a password installed? no
        this.answer(0xf1);
        break;
      case 0xa7:
        ram[0] = ram[0]! | CTR_AUX_DISABLED;
        break;
      case 0xa8:
        ram[0] = ram[0]! & ~CTR_AUX_DISABLED;
        break;
      case 0xa9: // auxiliary interface test
      case 0xab: // keyboard interface test
        this.answer(0x00);
        break;
      case 0xaa: // self test
        s.systemFlag = true;
        this.answer(0x55);
        break;
      case 0xad:
        ram[0] = ram[0]! | CTR_KBD_DISABLED;
        break;
      case 0xae:
        ram[0] = ram[0]! & ~CTR_KBD_DISABLED;
        break;
      case 0xc0: // input port: keyboard not locked, no manufacturing jumper
        this.answer(0xa0);
        break;
      case 0xd0:
        this.answer(this.readOutputPort());
        break;
      case 0xd1: // write output port
      case 0xd2: // write keyboard output buffer
      case 0xd3: // write auxiliary output buffer
      case 0xd4: // write to auxiliary device
        s.awaits = value;
        break;
      case 0xdd:
        this.writeOutputPort(s.outputPort & ~OUTPUT_A20);
        break;
      case 0xdf:
        this.writeOutputPort(s.outputPort | OUTPUT_A20);
        break;
      case 0xe0: // test inputs: clock and data lines idle
        this.answer(0x03);
        break;
    }
  }

  private writeData(value: number): void {
    const s = this.state;
    const command = s.awaits;
    s.awaits = 0;
    if (command >= 0x60 && command <= 0x7f) this.writeRam(command & 0x1f, value);
    else if (command === 0xd1) this.writeOutputPort(value);
    else if (command === 0xd2) this.answer(value);
    else if (command === 0xd3) this.answer(value, FROM_MOUSE);
    else if (command === 0xd4) this.toMouse(value);
    else this.toKeyboard(value);
  }

  private toKeyboard(value: number): void {
    // Sending to the keyboard opens its clock line again.
    this.state.ram[0] = this.state.ram[0]! & ~CTR_KBD_DISABLED;
    this.state.breakNext = false;
    this.keyboard.receive(value);
  }

  private toMouse(value: number): void {
    this.state.ram[0] = this.state.ram[0]! & ~CTR_AUX_DISABLED;
    this.mouse.receive(value);
  }

  private writeRam(index: number, value: number): void {
    this.state.ram[index] = value;
    if (index !== 0) return;
    this.state.systemFlag = (value & CTR_SYS) !== 0;
    this.updateIrq();
  }

  private readOutputPort(): number {
    const { outputPort, source } = this.state;
    const obf = source === FROM_KEYBOARD ? OUTPUT_OBF : source === FROM_MOUSE ? OUTPUT_AUX_OBF : 0;
    return (outputPort & ~(OUTPUT_OBF | OUTPUT_AUX_OBF)) | obf;
  }

  private writeOutputPort(value: number): void {
    this.state.outputPort = value;
    this.options.a20.set((value & OUTPUT_A20) !== 0);
    if ((value & OUTPUT_NOT_RESET) === 0) this.options.reset.reset('processor');
  }

  /** F0h to FFh: pulses the output lines whose bit is 0; only reset has an effect on a PC. */
  private pulse(value: number): void {
    if ((value & OUTPUT_NOT_RESET) === 0) this.options.reset.reset('processor');
  }

  private answer(value: number, source = FROM_KEYBOARD): void {
    this.state.answers.push(value);
    this.state.answerSource = source;
  }

  /** Moves the next byte into the output buffer when it is free: answers first, then keyboard, then mouse. */
  private fill(): void {
    const s = this.state;
    if (s.source !== FROM_NOWHERE) return;
    if (s.answers.length > 0) {
      this.put(s.answers.shift(), s.answerSource);
      return;
    }
    if (this.context.clock.nowNs() < s.readyNs) return;
    if (this.fillFromKeyboard()) return;
    if ((s.ram[0]! & CTR_AUX_DISABLED) !== 0) return;
    const byte = this.mouse.take();
    if (byte >= 0) this.put(byte, FROM_MOUSE);
  }

  private fillFromKeyboard(): boolean {
    const s = this.state;
    if ((s.ram[0]! & CTR_KBD_DISABLED) !== 0) return false;
    for (let byte = this.keyboard.take(); byte >= 0; byte = this.keyboard.take()) {
      if ((s.ram[0]! & CTR_TRANSLATE) === 0) {
        this.put(byte, FROM_KEYBOARD);
        return true;
      }
      if (byte === 0xf0) {
        s.breakNext = true;
        continue;
      }
      this.put(translateToSet1(byte) | (s.breakNext ? 0x80 : 0), FROM_KEYBOARD);
      s.breakNext = false;
      return true;
    }
    return false;
  }

  private put(byte: number, source: number): void {
    this.state.output = byte;
    this.state.source = source;
    this.updateIrq();
  }

  private updateIrq(): void {
    const { source, ram } = this.state;
    this.keyboardIrq.set(source === FROM_KEYBOARD && (ram[0]! & CTR_KBD_INT) !== 0);
    this.mouseIrq.set(source === FROM_MOUSE && (ram[0]! & CTR_AUX_INT) !== 0);
  }
}
