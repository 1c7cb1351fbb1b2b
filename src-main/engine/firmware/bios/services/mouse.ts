// The PS/2 mouse by INT 15h AH=C2h, and IRQ 12's work: bytes become packets for the program's handler.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference, INT 15h AH=C2h; data at 22h of the extended data area.

import { EBDA } from '../../memory-map.ts';
import type { BiosCall } from '../call.ts';
import { EBDA_MOUSE_FLAGS, EBDA_MOUSE_FLAGS2, EBDA_MOUSE_HANDLER, EBDA_MOUSE_PACKET } from '../data-area.ts';
import type { Outcome } from '../outcome.ts';

const DATA = 0x60;
const COMMAND = 0x64;
const OUTPUT_FULL = 0x01;
const FROM_MOUSE = 0x20;
const HAS_HANDLER = 0x80;
const RESEND = 0xfe;
const ACKNOWLEDGE = 0xfa;

const BAD_FUNCTION = 1;
const BAD_INPUT = 2;
const INTERFACE_ERROR = 3;
const NO_HANDLER = 5;
const RATES = [10, 20, 40, 60, 80, 100, 200];
/** The time a byte takes on the wire, and the longest that an answer may take. */
const WIRE_NS = 100_000;
const TIMEOUT_US = 500_000;
/** While a conversation goes on: its position (0 none), when it began, the controller's command byte, what came back. */
const STEP = EBDA + 0xd0;
const STARTED = EBDA + 0xd4;
const COMMAND_BYTE = EBDA + 0xd8;
const REPLIES = EBDA + 0xd9;
const QUIET = 0x10;
const AUX_OFF = 0x20;
const INTERRUPTS = 0x03;
const AUX_INTERRUPT = 0x02;

/** What is said to the mouse, each byte acknowledged, and how many bytes it then answers. */
interface Conversation {
  readonly bytes: readonly number[];
  readonly replies: number;
}

/** A function ends with an error number, or it needs a conversation first. */
type Plan = number | Conversation;

export function pointingDevice(call: BiosCall, wakeAt: (ns: number) => void): Outcome {
  const plan = planOf(call);
  const error = typeof plan === 'number' ? plan : converse(call, plan);
  if (error === undefined) {
    wakeAt(call.cpu.environment.nowNs() + WIRE_NS);
    return 'wait';
  }
  if (error === 0) conclude(call);
  call.ah = error;
  call.carry = error !== 0;
  return 'done';
}

const say = (...bytes: number[]): Conversation => ({ bytes, replies: 0 });

function planOf(call: BiosCall): Plan {
  const { bh } = call;
  switch (call.al) {
    case 0x00:
      if (bh > 1) return BAD_INPUT;
      if (bh === 1 && (call.read8(EBDA + EBDA_MOUSE_FLAGS2) & HAS_HANDLER) === 0) return NO_HANDLER;
      return say(bh === 1 ? 0xf4 : 0xf5);
    case 0x01: return { bytes: [0xff], replies: 2 };
    case 0x02: return bh < RATES.length ? say(0xf3, RATES[bh]!) : BAD_INPUT;
    case 0x03: return bh < 4 ? say(0xe8, bh) : BAD_INPUT;
    case 0x04: return { bytes: [0xf2], replies: 1 };
    case 0x05: return bh === 0 || bh > 8 ? BAD_INPUT : { bytes: [0xff], replies: 2 };
    case 0x06: return bh === 0 ? { bytes: [0xe9], replies: 3 } : bh <= 2 ? say(bh === 1 ? 0xe6 : 0xe7) : BAD_INPUT;
    case 0x07: return 0;
    default: return BAD_FUNCTION;
  }
}

/** What a function leaves behind when all went well. */
function conclude(call: BiosCall): void {
  const reply = (index: number): number => call.read8(REPLIES + index);
  switch (call.al) {
    case 0x00: return call.bh === 1 ? openInterrupt(call) : undefined;
    case 0x01: call.bx = (reply(1) << 8) | reply(0); return;
    case 0x04: call.bh = reply(0); return;
    case 0x05:
      call.write8(EBDA + EBDA_MOUSE_FLAGS, 0);
      call.write8(EBDA + EBDA_MOUSE_FLAGS2, (call.read8(EBDA + EBDA_MOUSE_FLAGS2) & HAS_HANDLER) | (call.bh - 1));
      return;
    case 0x06:
      if (call.bh !== 0) return;
      call.bl = reply(0);
      call.cl = reply(1);
      call.dl = reply(2);
      return;
    case 0x07: return setHandler(call);
  }
}

function openInterrupt(call: BiosCall): void {
  call.out8(0x21, call.in8(0x21) & ~0x04);
  call.out8(0xa1, call.in8(0xa1) & ~0x10);
  call.write8(EBDA + EBDA_MOUSE_FLAGS, call.read8(EBDA + EBDA_MOUSE_FLAGS) & 0xf8);
}

/** One look at the mouse; undefined: it has not answered yet. The keyboard is kept quiet meanwhile. */
function converse(call: BiosCall, { bytes, replies }: Conversation): number | undefined {
  const step = call.read8(STEP);
  const nowUs = Math.floor(call.cpu.environment.nowNs() / 1000) >>> 0;
  if (step === 0) {
    call.write32(STARTED, nowUs);
    begin(call);
    return sendNext(call, bytes, 0);
  }
  const answer = receive(call);
  if (answer === undefined) return (nowUs - call.read32(STARTED)) >>> 0 > TIMEOUT_US ? end(call, INTERFACE_ERROR) : undefined;
  // Steps up to the number of bytes wait for acknowledgements, those after it for replies.
  if (step <= bytes.length) {
    if (answer !== ACKNOWLEDGE) return answer === RESEND ? end(call, INTERFACE_ERROR) : undefined;
    if (step < bytes.length) return sendNext(call, bytes, step);
  } else {
    call.write8(REPLIES + step - bytes.length - 1, answer);
  }
  if (step === bytes.length + replies) return end(call, 0);
  call.write8(STEP, step + 1);
  return undefined;
}

function begin(call: BiosCall): void {
  while ((call.in8(COMMAND) & OUTPUT_FULL) !== 0) call.in8(DATA);
  call.out8(COMMAND, 0x20);
  const before = call.in8(DATA);
  call.write8(COMMAND_BYTE, before);
  writeCommandByte(call, (before & ~INTERRUPTS & ~AUX_OFF) | QUIET);
}

function sendNext(call: BiosCall, bytes: readonly number[], index: number): undefined {
  call.write8(STEP, index + 1);
  call.out8(COMMAND, 0xd4);
  call.out8(DATA, bytes[index] ?? 0);
}

function end(call: BiosCall, error: number): number {
  call.write8(STEP, 0);
  writeCommandByte(call, (call.read8(COMMAND_BYTE) & ~AUX_OFF) | AUX_INTERRUPT);
  return error;
}

function writeCommandByte(call: BiosCall, value: number): void {
  call.out8(COMMAND, 0x60);
  call.out8(DATA, value);
}

function receive(call: BiosCall): number | undefined {
  const state = call.in8(COMMAND);
  return (state & (OUTPUT_FULL | FROM_MOUSE)) === (OUTPUT_FULL | FROM_MOUSE) ? call.in8(DATA) : undefined;
}

function setHandler(call: BiosCall): void {
  const pointer = (call.selector('es') * 0x1_0000 + call.bx) >>> 0;
  const flags = call.read8(EBDA + EBDA_MOUSE_FLAGS2);
  call.write32(EBDA + EBDA_MOUSE_HANDLER, pointer);
  call.write8(EBDA + EBDA_MOUSE_FLAGS2, pointer === 0 ? flags & ~HAS_HANDLER : flags | HAS_HANDLER);
}

/** IRQ 12. Carry clear: a packet is complete; AX status, BX X, CX Y, DX 0 go to the handler. */
export function mousePacket(call: BiosCall): void {
  call.carry = true;
  const byte = receive(call);
  if (byte === undefined) return;
  const flags = EBDA + EBDA_MOUSE_FLAGS;
  const setup = call.read8(EBDA + EBDA_MOUSE_FLAGS2);
  const index = call.read8(flags) & 7;
  call.write8(EBDA + EBDA_MOUSE_PACKET + index, byte);
  if (index < (setup & 7)) {
    call.write8(flags, (call.read8(flags) & 0xf8) | (index + 1));
    return;
  }
  call.write8(flags, call.read8(flags) & 0xf8);
  if ((setup & HAS_HANDLER) === 0) return;
  call.ax = call.read8(EBDA + EBDA_MOUSE_PACKET);
  call.bx = call.read8(EBDA + EBDA_MOUSE_PACKET + 1);
  call.cx = call.read8(EBDA + EBDA_MOUSE_PACKET + 2);
  call.dx = 0;
  call.carry = false;
}
