// INT 09h's work on a scan code, and INT 16h: the keyboard buffer and shift state in the BIOS data area.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference, INT 09h, INT 16h, data area 417h to 41Ah, 496h, 497h.

import type { BiosCall } from '../call.ts';
import {
  BDA_ALT_INPUT, BDA_BREAK, BDA_KEY_HEAD, BDA_KEY_MODE, BDA_KEY_TAIL, BDA_KEYS, BDA_KEYS_END, BDA_KEYS_END_POINTER,
  BDA_KEYS_START_POINTER, BDA_LEDS, BDA_RESET_FLAG, BDA_SHIFT, BDA_SHIFT2,
} from '../data-area.ts';
import type { Outcome } from '../outcome.ts';
import { GREY_KEYS, type KeyMeaning, KEYS } from './key-codes.table.ts';

const RIGHT_SHIFT = 0x01;
const LEFT_SHIFT = 0x02;
const CONTROL = 0x04;
const ALTERNATE = 0x08;
const SCROLL = 0x10;
const NUM = 0x20;
const CAPS = 0x40;
const INSERT = 0x80;
/** In 418h. */
const LEFT_CONTROL = 0x01;
const LEFT_ALTERNATE = 0x02;
const SYSTEM_REQUEST = 0x04;
const PAUSED = 0x08;
/** In 496h. */
const LAST_E1 = 0x01;
const LAST_E0 = 0x02;
const RIGHT_CONTROL = 0x04;
const RIGHT_ALTERNATE = 0x08;
const ENHANCED = 0x10;
/** In 497h: acknowledgements of the LED command. */
const LED_UPDATE = 0x40;
const LED_BITS = 0x07;

/** What INT 09h does after the code: see the ROM's `keyboardBody`. */
const NOTHING = 0;
const PRINT_SCREEN = 1;
const BREAK = 2;
const REQUEST_DOWN = 3;
const REQUEST_UP = 4;

/** Places of the shift keys: bit in 417h, in 418h (down), and the toggle. */
const TOGGLES: ReadonlyMap<number, number> = new Map([[0x3a, CAPS], [0x45, NUM], [0x46, SCROLL], [0x52, INSERT]]);

/** One scan code in AL, which INT 15h AH=4Fh may have changed. */
export function keyCode(call: BiosCall): void {
  call.al = process(call, call.al);
}

function process(call: BiosCall, code: number): number {
  const mode = call.read8(BDA_KEY_MODE);
  if (code === 0xfa || code === 0xfe) return acknowledged(call);
  if (code === 0xe0 || code === 0xe1) {
    call.write8(BDA_KEY_MODE, mode | (code === 0xe0 ? LAST_E0 : LAST_E1));
    return NOTHING;
  }
  const grey = (mode & LAST_E0) !== 0;
  if ((mode & LAST_E1) !== 0) return pauseKey(call, code, mode);
  call.write8(BDA_KEY_MODE, mode & ~LAST_E0);
  const scan = code & 0x7f;
  const isDown = code < 0x80;
  if (shiftKey(call, { scan, isDown, grey })) return NOTHING;
  const shift = call.read8(BDA_SHIFT);
  if (scan === 0x54) return isDown ? REQUEST_DOWN : REQUEST_UP;
  if (!isDown) return NOTHING;
  if ((call.read8(BDA_SHIFT2) & PAUSED) !== 0) {
    call.write8(BDA_SHIFT2, call.read8(BDA_SHIFT2) & ~PAUSED);
    return NOTHING;
  }
  if (scan === 0x53 && (shift & (CONTROL | ALTERNATE)) === (CONTROL | ALTERNATE)) return restart(call);
  if (grey && scan === 0x37) return (shift & ALTERNATE) !== 0 ? REQUEST_DOWN : (shift & CONTROL) !== 0 ? store(call, 0x7200) : PRINT_SCREEN;
  if (grey && scan === 0x46) return breakKey(call);
  return meaning(call, { scan, grey, shift });
}

/** Ctrl-Alt-Del: a warm start. */
function restart(call: BiosCall): number {
  call.write16(BDA_RESET_FLAG, 0x1234);
  call.out8(0x64, 0xfe);
  return NOTHING;
}

function breakKey(call: BiosCall): number {
  call.write8(BDA_BREAK, 0x80);
  call.write16(BDA_KEY_HEAD, call.read16(BDA_KEYS_START_POINTER));
  call.write16(BDA_KEY_TAIL, call.read16(BDA_KEYS_START_POINTER));
  store(call, 0);
  return BREAK;
}

/** E1 1D 45 E1 9D C5: only its second byte counts. */
function pauseKey(call: BiosCall, code: number, mode: number): number {
  if ((code & 0x7f) === 0x1d) return NOTHING;
  call.write8(BDA_KEY_MODE, mode & ~LAST_E1);
  return NOTHING;
}

interface Stroke {
  readonly scan: number;
  readonly isDown: boolean;
  readonly grey: boolean;
}

function shiftKey(call: BiosCall, stroke: Stroke): boolean {
  const { scan, isDown, grey } = stroke;
  const set = (address: number, bit: number): void => call.write8(address, isDown ? call.read8(address) | bit : call.read8(address) & ~bit);
  if (scan === 0x2a || scan === 0x36) {
    // After E0h these frame the grey keys and are not pressed by anybody.
    if (!grey) set(BDA_SHIFT, scan === 0x2a ? LEFT_SHIFT : RIGHT_SHIFT);
    return true;
  }
  if (scan === 0x1d || scan === 0x38) {
    const isControl = scan === 0x1d;
    set(grey ? BDA_KEY_MODE : BDA_SHIFT2, isControl ? (grey ? RIGHT_CONTROL : LEFT_CONTROL) : grey ? RIGHT_ALTERNATE : LEFT_ALTERNATE);
    const either = (call.read8(BDA_KEY_MODE) & (isControl ? RIGHT_CONTROL : RIGHT_ALTERNATE)) |
      (call.read8(BDA_SHIFT2) & (isControl ? LEFT_CONTROL : LEFT_ALTERNATE));
    const bit = isControl ? CONTROL : ALTERNATE;
    call.write8(BDA_SHIFT, either !== 0 ? call.read8(BDA_SHIFT) | bit : call.read8(BDA_SHIFT) & ~bit);
    if (!isControl && !isDown && !grey) finishNumber(call);
    return true;
  }
  return toggleKey(call, stroke);
}

/** A character entered by its number while Alt was held. */
function finishNumber(call: BiosCall): void {
  const number = call.read8(BDA_ALT_INPUT);
  call.write8(BDA_ALT_INPUT, 0);
  if (number !== 0) store(call, number);
}

function toggleKey(call: BiosCall, { scan, isDown, grey }: Stroke): boolean {
  const bit = TOGGLES.get(scan);
  if (bit === undefined || (grey && bit !== INSERT)) return false;
  const shift = call.read8(BDA_SHIFT);
  // The keypad's 0 is Insert only without num lock; with Ctrl or Alt it is another key.
  if (bit === INSERT && !grey && ((shift & NUM) !== 0) !== ((shift & (LEFT_SHIFT | RIGHT_SHIFT)) !== 0)) return false;
  if ((shift & (CONTROL | ALTERNATE)) !== 0) return bit !== INSERT;
  const held = call.read8(BDA_SHIFT2);
  if (!isDown) call.write8(BDA_SHIFT2, held & ~bit);
  else if ((held & bit) === 0) {
    call.write8(BDA_SHIFT2, held | bit);
    call.write8(BDA_SHIFT, shift ^ bit);
    if (bit !== INSERT) updateLeds(call);
  }
  return bit !== INSERT;
}

/** Command EDh, then the bits once the keyboard has acknowledged it. */
function updateLeds(call: BiosCall): void {
  const leds = (call.read8(BDA_SHIFT) >> 4) & LED_BITS;
  call.write8(BDA_LEDS, (call.read8(BDA_LEDS) & ~LED_BITS) | leds | LED_UPDATE);
  call.out8(0x60, 0xed);
}

function acknowledged(call: BiosCall): number {
  const state = call.read8(BDA_LEDS);
  if ((state & LED_UPDATE) !== 0) {
    call.write8(BDA_LEDS, state & ~LED_UPDATE);
    call.out8(0x60, state & LED_BITS);
  }
  return NOTHING;
}

function meaning(call: BiosCall, { scan, grey, shift }: { scan: number; grey: boolean; shift: number }): number {
  const found = (grey ? GREY_KEYS : KEYS).get(scan);
  if (found === undefined) return NOTHING;
  const keypad = !grey && scan >= 0x47 && scan <= 0x53;
  if (keypad && (shift & ALTERNATE) !== 0 && altDigit(call, scan)) return NOTHING;
  const word = wordFor(found, shift, keypad);
  return word === 0 ? NOTHING : store(call, word);
}

const KEYPAD_DIGITS: ReadonlyMap<number, number> = new Map([
  [0x47, 7], [0x48, 8], [0x49, 9], [0x4b, 4], [0x4c, 5], [0x4d, 6], [0x4f, 1], [0x50, 2], [0x51, 3], [0x52, 0],
]);

function altDigit(call: BiosCall, scan: number): boolean {
  const digit = KEYPAD_DIGITS.get(scan);
  if (digit === undefined) return false;
  call.write8(BDA_ALT_INPUT, (call.read8(BDA_ALT_INPUT) * 10 + digit) & 0xff);
  return true;
}

function wordFor(key: KeyMeaning, shift: number, keypad: boolean): number {
  if ((shift & ALTERNATE) !== 0) return key.alternate;
  if ((shift & CONTROL) !== 0) return key.control;
  const shifted = (shift & (LEFT_SHIFT | RIGHT_SHIFT)) !== 0;
  const turned = key.letter ? (shift & CAPS) !== 0 : keypad && (shift & NUM) !== 0;
  return shifted !== turned ? key.shift : key.plain;
}

/** Into the ring; when it is full, the key is lost and the speaker would beep. */
function store(call: BiosCall, word: number): number {
  const tail = call.read16(BDA_KEY_TAIL);
  const next = following(call, tail);
  if (next !== call.read16(BDA_KEY_HEAD)) {
    call.write16(0x400 + tail, word);
    call.write16(BDA_KEY_TAIL, next);
  }
  return NOTHING;
}

function following(call: BiosCall, at: number): number {
  const next = at + 2;
  return next >= call.read16(BDA_KEYS_END_POINTER) || next < 0x1e ? call.read16(BDA_KEYS_START_POINTER) : next;
}

export function resetKeyboardArea(call: BiosCall): void {
  for (const pointer of [BDA_KEY_HEAD, BDA_KEY_TAIL, BDA_KEYS_START_POINTER]) call.write16(pointer, BDA_KEYS - 0x400);
  call.write16(BDA_KEYS_END_POINTER, BDA_KEYS_END - 0x400);
  call.write8(BDA_KEY_MODE, ENHANCED);
}

/** The next word in the buffer, left there or taken. */
export function nextKey(call: BiosCall, take: boolean): number | undefined {
  const head = call.read16(BDA_KEY_HEAD);
  if (head === call.read16(BDA_KEY_TAIL)) return undefined;
  const word = call.read16(0x400 + head);
  if (take) call.write16(BDA_KEY_HEAD, following(call, head));
  return word;
}

/** Functions 00h and 01h know only the 84-key keyboard: its grey keys look like the others, its new codes vanish. */
function asOldKey(word: number): number | undefined {
  const low = word & 0xff;
  const high = word >> 8;
  if (high === 0xe0) return low === 0x2f ? 0x352f : 0x1c00 | low;
  if (high > 0x84) return undefined;
  return (low === 0xe0 || low === 0xf0) && high !== 0 ? high << 8 : word;
}

export function keyboardService(call: BiosCall): Outcome {
  switch (call.ah) {
    case 0x00: return readKey(call, asOldKey);
    case 0x01: return peekKey(call, asOldKey);
    case 0x02: call.al = call.read8(BDA_SHIFT); return 'done';
    case 0x03: return setRate(call);
    case 0x05: {
      const before = call.read16(BDA_KEY_TAIL);
      store(call, call.cx);
      call.al = before === call.read16(BDA_KEY_TAIL) ? 1 : 0;
      return 'done';
    }
    case 0x09: call.al = 0x30; return 'done';
    case 0x0a: call.bx = 0x83ab; return 'done';
    case 0x10: return readKey(call, (word) => word);
    case 0x11: return peekKey(call, (word) => word);
    case 0x12: call.ax = extendedShift(call); return 'done';
    // What answers "is there a keyboard with more functions" for programs that try.
    case 0x92: call.ah = 0x80; return 'done';
    case 0xa2: return 'done';
    default: return 'done';
  }
}

function setRate(call: BiosCall): Outcome {
  if (call.al === 5) {
    call.out8(0x60, 0xf3);
    call.out8(0x60, ((call.bh & 3) << 5) | (call.bl & 0x1f));
  }
  return 'done';
}

function extendedShift(call: BiosCall): number {
  const second = call.read8(BDA_SHIFT2);
  const mode = call.read8(BDA_KEY_MODE);
  const high = (second & (LEFT_CONTROL | LEFT_ALTERNATE | SCROLL | NUM | CAPS)) | (mode & (RIGHT_CONTROL | RIGHT_ALTERNATE)) |
    ((second & SYSTEM_REQUEST) << 5);
  return (high << 8) | call.read8(BDA_SHIFT);
}

function readKey(call: BiosCall, translate: (word: number) => number | undefined): Outcome {
  for (let word = nextKey(call, true); word !== undefined; word = nextKey(call, true)) {
    const key = translate(word);
    if (key === undefined) continue;
    call.ax = key;
    return 'done';
  }
  return 'wait';
}

function peekKey(call: BiosCall, translate: (word: number) => number | undefined): Outcome {
  for (let word = nextKey(call, false); word !== undefined; word = nextKey(call, false)) {
    const key = translate(word);
    if (key !== undefined) {
      call.ax = key;
      call.zero = false;
      return 'done';
    }
    nextKey(call, true);
  }
  call.zero = true;
  return 'done';
}
