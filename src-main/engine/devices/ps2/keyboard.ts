// A PS/2 keyboard (MF II): commands, scan code sets, typematic repeat, LEDs. Not the controller it is
// plugged into. Reference: IBM PS/2 Hardware Interface Technical Reference, "Keyboards", commands.

import type { Clock, Timer } from '../../base/clock.ts';
import { bool, f64, fifo, nested, type StateOf, u8, u16 } from '../../snapshot/fields.ts';
import { keyBytes, PAUSE_KEY } from './key-codes.ts';

export const KEYBOARD_FIELDS = {
  /** Bytes on their way to the controller: 16 for keys, the rest for answers. */
  output: fifo(32),
  scanning: bool(true),
  set: u8(2),
  leds: u8(),
  typematic: u8(0x2b),
  /** Command whose parameter comes next, or 0. */
  awaits: u8(),
  lastSent: u8(),
  repeatKey: u16(),
  repeatNs: f64(Infinity),
};

export const KEYBOARD = nested(KEYBOARD_FIELDS);
export type KeyboardState = StateOf<typeof KEYBOARD_FIELDS>;

const ACK = 0xfa;
const RESEND = 0xfe;
const SELF_TEST_PASSED = 0xaa;
const KEY_QUEUE = 16;
const DEFAULT_TYPEMATIC = 0x2b;

export interface KeyboardHost {
  /** There is something to send. */
  ready(): void;
  leds(bits: number): void;
}

export class Ps2Keyboard {
  readonly state: KeyboardState;
  private readonly clock: Clock;
  private readonly host: KeyboardHost;
  private readonly repeat: Timer;

  constructor(state: KeyboardState, clock: Clock, host: KeyboardHost) {
    this.state = state;
    this.clock = clock;
    this.host = host;
    this.repeat = clock.timer(() => this.onRepeat());
  }

  /** A key moved. False when the keyboard's buffer has no room: nothing was taken, try again later. */
  key(key: number, down: boolean): boolean {
    const s = this.state;
    if (!s.scanning) return true;
    if (!this.send(keyBytes(key, down, s.set))) return false;
    if (!down) {
      if (s.repeatKey === key) this.stopRepeat();
    } else if (key !== PAUSE_KEY) {
      s.repeatKey = key;
      s.repeatNs = this.clock.nowNs() + this.delayNs();
      this.repeat.arm(s.repeatNs);
    }
    return true;
  }

  /** The next byte for the controller, or -1. */
  take(): number {
    const byte = this.state.output.shift();
    if (byte >= 0) this.state.lastSent = byte;
    return byte;
  }

  /** A byte from the controller: a command or a parameter. */
  receive(value: number): void {
    const s = this.state;
    const command = s.awaits;
    s.awaits = 0;
    if (command !== 0 && value < 0x80) this.parameter(command, value);
    else this.command(value);
    if (s.output.length > 0) this.host.ready();
  }

  /** Power-on: the self test reports by itself on hardware, but firmware has taken that byte. */
  reset(): void {
    this.stopRepeat();
    this.host.leds(0);
  }

  afterRestore(): void {
    if (this.state.repeatNs === Infinity) this.repeat.cancel();
    else this.repeat.arm(this.state.repeatNs);
    this.host.leds(this.state.leds);
  }

  private command(value: number): void {
    const s = this.state;
    switch (value) {
      case 0xed: // set LEDs
      case 0xf0: // select scan code set
      case 0xf3: // set typematic rate and delay
      case 0xfb: // set 3: key types, one key each
      case 0xfc:
      case 0xfd:
        s.awaits = value;
        this.reply(ACK);
        break;
      case 0xee: // echo
        this.reply(0xee);
        break;
      case 0xf2: // identify
        this.reply(ACK, 0xab, 0x83);
        break;
      case 0xf4: // enable
        s.output.clear();
        s.scanning = true;
        this.reply(ACK);
        break;
      case 0xf5: // default and disable
        this.setDefaults();
        s.scanning = false;
        this.reply(ACK);
        break;
      case 0xf6: // default
        this.setDefaults();
        this.reply(ACK);
        break;
      case 0xf7: // set 3: all keys typematic, make/break, make
      case 0xf8:
      case 0xf9:
      case 0xfa:
        this.reply(ACK);
        break;
      case 0xfe: // resend
        this.reply(s.lastSent);
        break;
      case 0xff: // reset
        this.setDefaults();
        s.leds = 0;
        s.scanning = true;
        this.host.leds(0);
        this.reply(ACK, SELF_TEST_PASSED);
        break;
      default:
        this.reply(RESEND);
    }
  }

  private parameter(command: number, value: number): void {
    const s = this.state;
    if (command === 0xed) {
      s.leds = value & 7;
      this.host.leds(s.leds);
    } else if (command === 0xf3) {
      s.typematic = value;
    } else if (command === 0xf0 && value === 0) {
      this.reply(ACK, s.set);
      return;
    } else if (command === 0xf0) {
      if (value > 3) {
        this.reply(RESEND);
        return;
      }
      s.set = value;
    }
    this.reply(ACK);
  }

  private setDefaults(): void {
    const s = this.state;
    s.output.clear();
    s.set = 2;
    s.typematic = DEFAULT_TYPEMATIC;
    this.stopRepeat();
  }

  private reply(...values: readonly number[]): void {
    for (const value of values) this.state.output.push(value);
  }

  private send(codes: readonly number[]): boolean {
    const { output } = this.state;
    if (codes.length === 0) return true;
    if (output.length + codes.length > KEY_QUEUE) return false;
    for (const code of codes) output.push(code);
    this.host.ready();
    return true;
  }

  private onRepeat(): void {
    const s = this.state;
    this.send(keyBytes(s.repeatKey, true, s.set));
    s.repeatNs = this.clock.nowNs() + this.periodNs();
    this.repeat.arm(s.repeatNs);
  }

  private stopRepeat(): void {
    this.state.repeatKey = 0;
    this.state.repeatNs = Infinity;
    this.repeat.cancel();
  }

  /** 250, 500, 750 or 1000 ms. */
  private delayNs(): number {
    return (((this.state.typematic >>> 5) & 3) + 1) * 250e6;
  }

  /** (8 + A) * 2^B * 4.17 ms with A in bits 2 to 0 and B in bits 4 and 3. */
  private periodNs(): number {
    const { typematic } = this.state;
    return (8 + (typematic & 7)) * 2 ** ((typematic >>> 3) & 3) * 4.17e6;
  }
}
