// A PS/2 mouse with wheel: standard, IntelliMouse (ID 3) and Explorer (ID 4) packets. Not the controller.
// Reference: IBM PS/2 Hardware Interface Technical Reference, "Mouse"; Microsoft's IntelliMouse knock
// sequences (sample rates 200-100-80 and 200-200-80).

import { bool, fifo, i32, nested, type StateOf, u8, u32 } from '../../snapshot/fields.ts';

export const MOUSE_FIELDS = {
  output: fifo(32),
  reporting: bool(),
  remote: bool(),
  wrap: bool(),
  /** 2:1 scaling. */
  scaling: bool(),
  resolution: u8(2),
  sampleRate: u8(100),
  id: u8(),
  /** The last three sample rates, newest in the low byte. */
  rates: u32(),
  awaits: u8(),
  lastSent: u8(),
  buttons: u8(),
  sentButtons: u8(),
  dx: i32(),
  dy: i32(),
  dz: i32(),
};

export const MOUSE = nested(MOUSE_FIELDS);
export type MouseState = StateOf<typeof MOUSE_FIELDS>;

const ACK = 0xfa;
const NAK = 0xfe;
/** Movement packets wait while more than this many bytes are on their way. */
const PACKET_QUEUE = 8;
const MOVEMENT_LIMIT = 32_767;
const KNOCK_WHEEL = (200 << 16) | (100 << 8) | 80;
const KNOCK_EXPLORER = (200 << 16) | (200 << 8) | 80;

export class Ps2Mouse {
  readonly state: MouseState;
  private readonly onReady: () => void;

  /** `onReady` hears that there is something to send. */
  constructor(state: MouseState, onReady: () => void) {
    this.state = state;
    this.onReady = onReady;
  }

  /** Relative movement: x right, y down, wheel towards the user; buttons as a mask: left, right, middle, 4, 5. */
  move(dx: number, dy: number, wheel: number, buttons: number): void {
    const s = this.state;
    s.dx = clamp(s.dx + Math.trunc(dx), MOVEMENT_LIMIT);
    s.dy = clamp(s.dy - Math.trunc(dy), MOVEMENT_LIMIT);
    s.dz = clamp(s.dz + Math.trunc(wheel), MOVEMENT_LIMIT);
    s.buttons = buttons & 0x1f;
    if (this.report()) this.onReady();
  }

  take(): number {
    const s = this.state;
    const byte = s.output.shift();
    if (byte >= 0) s.lastSent = byte;
    if (s.output.length === 0) this.report();
    return byte;
  }

  receive(value: number): void {
    const s = this.state;
    const command = s.awaits;
    s.awaits = 0;
    if (s.wrap && value !== 0xec && value !== 0xff) this.reply(value);
    else if (command === 0xe8) this.setResolution(value);
    else if (command === 0xf3) this.setSampleRate(value);
    else this.command(value);
    if (s.output.length > 0) this.onReady();
  }

  private command(value: number): void {
    const s = this.state;
    switch (value) {
      case 0xe6:
      case 0xe7:
        s.scaling = value === 0xe7;
        this.reply(ACK);
        break;
      case 0xe8: // set resolution
      case 0xf3: // set sample rate
        s.awaits = value;
        this.reply(ACK);
        break;
      case 0xe9: // status request
        this.reply(ACK, this.status(), s.resolution, s.sampleRate);
        break;
      case 0xea: // stream mode
      case 0xf0: // remote mode
        s.remote = value === 0xf0;
        this.clearMovement();
        this.reply(ACK);
        break;
      case 0xeb: // read data
        this.reply(ACK);
        this.pushPacket();
        break;
      case 0xec: // leave and enter wrap mode
      case 0xee:
        s.wrap = value === 0xee;
        this.clearMovement();
        this.reply(ACK);
        break;
      case 0xf2:
        this.reply(ACK, s.id);
        break;
      case 0xf4:
      case 0xf5:
        s.reporting = value === 0xf4;
        this.clearMovement();
        this.reply(ACK);
        break;
      case 0xf6:
        this.setDefaults();
        this.reply(ACK);
        break;
      case 0xfe:
        this.reply(s.lastSent);
        break;
      case 0xff:
        this.setDefaults();
        s.id = 0;
        this.reply(ACK, 0xaa, 0x00);
        break;
      default:
        this.reply(NAK);
    }
  }

  private setResolution(value: number): void {
    if (value <= 3) this.state.resolution = value;
    this.reply(value <= 3 ? ACK : NAK);
  }

  private setSampleRate(value: number): void {
    const s = this.state;
    s.sampleRate = value;
    s.rates = ((s.rates << 8) | value) & 0xff_ffff;
    if (s.rates === KNOCK_WHEEL && s.id === 0) s.id = 3;
    if (s.rates === KNOCK_EXPLORER && s.id === 3) s.id = 4;
    this.reply(ACK);
  }

  private status(): number {
    const s = this.state;
    const buttons = (s.buttons & 1 ? 4 : 0) | (s.buttons & 2 ? 1 : 0) | (s.buttons & 4 ? 2 : 0);
    return (s.remote ? 0x40 : 0) | (s.reporting ? 0x20 : 0) | (s.scaling ? 0x10 : 0) | buttons;
  }

  private setDefaults(): void {
    const s = this.state;
    s.output.clear();
    s.reporting = false;
    s.remote = false;
    s.wrap = false;
    s.scaling = false;
    s.resolution = 2;
    s.sampleRate = 100;
    s.rates = 0;
    this.clearMovement();
  }

  private clearMovement(): void {
    const s = this.state;
    s.dx = 0;
    s.dy = 0;
    s.dz = 0;
    s.sentButtons = s.buttons;
  }

  private reply(...values: readonly number[]): void {
    const { output } = this.state;
    // An answer ends whatever packet was still on its way.
    if (values[0] === ACK) output.clear();
    for (const value of values) output.push(value);
  }

  /** Stream mode: a packet per change, as long as the queue is short; until then changes add up. */
  private report(): boolean {
    const s = this.state;
    const changed = s.dx !== 0 || s.dy !== 0 || (s.dz !== 0 && s.id !== 0) || s.buttons !== s.sentButtons;
    if (!s.reporting || s.remote || !changed || s.output.length > PACKET_QUEUE) return false;
    this.pushPacket();
    return true;
  }

  private pushPacket(): void {
    const s = this.state;
    const dx = clamp(s.dx, 255);
    const dy = clamp(s.dy, 255);
    s.output.push((s.buttons & 7) | 0x08 | (dx < 0 ? 0x10 : 0) | (dy < 0 ? 0x20 : 0));
    s.output.push(dx & 0xff);
    s.output.push(dy & 0xff);
    const dz = clamp(s.dz, 7);
    if (s.id === 3) s.output.push(dz & 0xff);
    if (s.id === 4) s.output.push((dz & 0x0f) | ((s.buttons & 0x18) << 1));
    s.dx -= dx;
    s.dy -= dy;
    s.dz = s.id === 0 ? 0 : s.dz - dz;
    s.sentButtons = s.buttons;
  }
}

function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, Number.isFinite(value) ? value : 0));
}
