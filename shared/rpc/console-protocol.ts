// The binary messages between a window and a machine process: frames, text layer, keyboard, mouse, serial port.
// Little-endian. Every message begins with its type (u8) and CONSOLE_VERSION (u8). The same over WebSocket and
// MessagePort. Both sides parse defensively: a malformed message is a ProtocolError, after which one hangs up.
//
// machine → window                                   window → machine
//   1 frame   sequence u32, width u16, height u16,      65 ack       sequence u32
//             flags u8, pad u8, tiles u16, then tiles:  66 keyboard  scan codes of set 1
//             x y w h u16, RGBA; then the text layer    67 mouse     dx i16, dy i16, wheel i8, buttons u8
//             if flagged: columns rows cursor-column    68 serial-in port u8, bytes
//             cursor-row u16, UTF-16 cells              69 refresh   (send a whole frame next)
//   2 serial-out  port u8, bytes
//   3 leds    bit 0 scroll, 1 num, 2 caps
//   4 activity  for each active drive: index u8, bit 0 read, 1 written
//
// The first frame after connecting covers the whole screen. A window acknowledges each frame once it is drawn; with
// FRAME_CREDIT frames unacknowledged the machine sends none and merges what becomes dirty.

export const CONSOLE_VERSION = 1;
export const FRAME_CREDIT = 2;
export const MAX_SCREEN_SIDE = 4096;
/** Bigger messages are refused by every receiver and transport. */
export const MAX_TO_WINDOW_BYTES = 72 * 1024 * 1024;
export const MAX_TO_MACHINE_BYTES = 64 * 1024;
const MAX_TILES = 16384;
const MAX_TEXT_SIDE = 512;
/** Cursor position when it is not shown. */
const HIDDEN = 0xffff;

export interface FrameTile {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** RGBA, rows without gap; when received, a view of the message. */
  readonly pixels: Uint8Array;
}

/** What the screen says, in text modes: for reading aloud, copying and tests. */
export interface TextLayer {
  readonly columns: number;
  /** One string of `columns` UTF-16 units a row. */
  readonly rows: readonly string[];
  readonly cursor: { readonly column: number; readonly row: number } | null;
}

export interface FrameMessage {
  readonly type: 'frame';
  readonly sequence: number;
  /** Size of the whole screen; a change means that everything is drawn anew. */
  readonly width: number;
  readonly height: number;
  readonly tiles: readonly FrameTile[];
  /** null in graphics modes. */
  readonly text: TextLayer | null;
}

/** What happened to a drive, by its place in the configuration. */
export interface DriveActivity {
  readonly drive: number;
  readonly read: boolean;
  readonly written: boolean;
}

export type ToWindow =
  | FrameMessage
  | { readonly type: 'serialOut'; readonly port: number; readonly bytes: Uint8Array }
  | {
      readonly type: 'leds';
      readonly scrollLock: boolean;
      readonly numLock: boolean;
      readonly capsLock: boolean;
    }
  | { readonly type: 'activity'; readonly drives: readonly DriveActivity[] };

export type ToMachine =
  | { readonly type: 'ack'; readonly sequence: number }
  | { readonly type: 'keyboard'; readonly scanCodes: Uint8Array }
  /** Relative movement, y downwards; buttons: bit 0 left, 1 right, 2 middle. */
  | {
      readonly type: 'mouse';
      readonly dx: number;
      readonly dy: number;
      readonly wheel: number;
      readonly buttons: number;
    }
  | { readonly type: 'serialIn'; readonly port: number; readonly bytes: Uint8Array }
  | { readonly type: 'refresh' };

const FRAME = 1;
const SERIAL_OUT = 2;
const LEDS = 3;
const ACTIVITY = 4;
const ACK = 65;
const KEYBOARD = 66;
const MOUSE = 67;
const SERIAL_IN = 68;
const REFRESH = 69;

const FRAME_HEADER = 14;
const TILE_HEADER = 8;
const TEXT_HEADER = 8;
const FLAG_TEXT = 1;

export class ProtocolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProtocolError';
  }
}

export function encodeToWindow(message: ToWindow): Uint8Array {
  switch (message.type) {
    case 'frame':
      return encodeFrame(message);
    case 'serialOut':
      return encodeSerial(SERIAL_OUT, message.port, message.bytes);
    case 'leds':
      return Uint8Array.of(
        LEDS,
        CONSOLE_VERSION,
        (message.scrollLock ? 1 : 0) | (message.numLock ? 2 : 0) | (message.capsLock ? 4 : 0),
      );
    case 'activity': {
      const bytes = start(ACTIVITY, 2 + message.drives.length * 2);
      message.drives.forEach(({ drive, read, written }, index) => {
        bytes.set([drive, (read ? 1 : 0) | (written ? 2 : 0)], 2 + index * 2);
      });
      return bytes;
    }
  }
}

export function decodeToWindow(bytes: Uint8Array): ToWindow {
  const reader = new Reader(bytes, MAX_TO_WINDOW_BYTES);
  switch (reader.header()) {
    case FRAME:
      return decodeFrame(reader);
    case SERIAL_OUT:
      return { type: 'serialOut', port: reader.u8(), bytes: reader.rest() };
    case LEDS: {
      const bits = reader.u8();
      return {
        type: 'leds',
        scrollLock: (bits & 1) !== 0,
        numLock: (bits & 2) !== 0,
        capsLock: (bits & 4) !== 0,
      };
    }
    case ACTIVITY:
      return { type: 'activity', drives: decodeActivity(reader.rest()) };
    default:
      throw new ProtocolError('Unknown message from the machine.');
  }
}

export function encodeToMachine(message: ToMachine): Uint8Array {
  switch (message.type) {
    case 'ack': {
      const bytes = start(ACK, 6);
      view(bytes).setUint32(2, message.sequence, true);
      return bytes;
    }
    case 'keyboard': {
      const bytes = start(KEYBOARD, 2 + message.scanCodes.length);
      bytes.set(message.scanCodes, 2);
      return bytes;
    }
    case 'mouse': {
      const bytes = start(MOUSE, 8);
      const data = view(bytes);
      data.setInt16(2, clamp(message.dx, 0x7fff), true);
      data.setInt16(4, clamp(message.dy, 0x7fff), true);
      data.setInt8(6, clamp(message.wheel, 0x7f));
      data.setUint8(7, message.buttons & 7);
      return bytes;
    }
    case 'serialIn':
      return encodeSerial(SERIAL_IN, message.port, message.bytes);
    case 'refresh':
      return start(REFRESH, 2);
  }
}

export function decodeToMachine(bytes: Uint8Array): ToMachine {
  const reader = new Reader(bytes, MAX_TO_MACHINE_BYTES);
  switch (reader.header()) {
    case ACK:
      return { type: 'ack', sequence: reader.u32() };
    case KEYBOARD:
      return { type: 'keyboard', scanCodes: reader.rest() };
    case MOUSE:
      return {
        type: 'mouse',
        dx: reader.i16(),
        dy: reader.i16(),
        wheel: reader.i8(),
        buttons: reader.u8() & 7,
      };
    case SERIAL_IN:
      return { type: 'serialIn', port: reader.u8(), bytes: reader.rest() };
    case REFRESH:
      return { type: 'refresh' };
    default:
      throw new ProtocolError('Unknown message from the window.');
  }
}

function decodeActivity(bytes: Uint8Array): DriveActivity[] {
  if (bytes.length % 2 !== 0) throw new ProtocolError('The message ends too early.');
  return Array.from({ length: bytes.length / 2 }, (_, index) => {
    const [drive = 0, bits = 0] = bytes.subarray(index * 2);
    return { drive, read: (bits & 1) !== 0, written: (bits & 2) !== 0 };
  });
}

function encodeFrame(frame: FrameMessage): Uint8Array {
  const { text } = frame;
  const textBytes = text ? TEXT_HEADER + text.columns * text.rows.length * 2 : 0;
  const pixelBytes = frame.tiles.reduce((sum, tile) => sum + TILE_HEADER + tile.width * tile.height * 4, 0);
  const bytes = start(FRAME, FRAME_HEADER + pixelBytes + textBytes);
  const data = view(bytes);
  data.setUint32(2, frame.sequence, true);
  data.setUint16(6, frame.width, true);
  data.setUint16(8, frame.height, true);
  data.setUint8(10, text ? FLAG_TEXT : 0);
  data.setUint16(12, frame.tiles.length, true);
  let at = FRAME_HEADER;
  for (const tile of frame.tiles) {
    for (const value of [tile.x, tile.y, tile.width, tile.height]) {
      data.setUint16(at, value, true);
      at += 2;
    }
    bytes.set(tile.pixels.subarray(0, tile.width * tile.height * 4), at);
    at += tile.width * tile.height * 4;
  }
  if (text) encodeText(data, at, text);
  return bytes;
}

function encodeText(data: DataView, start: number, text: TextLayer): void {
  let at = start;
  for (const value of [
    text.columns,
    text.rows.length,
    text.cursor?.column ?? HIDDEN,
    text.cursor?.row ?? HIDDEN,
  ]) {
    data.setUint16(at, value, true);
    at += 2;
  }
  for (const row of text.rows)
    for (let column = 0; column < text.columns; column++) {
      data.setUint16(at, column < row.length ? row.charCodeAt(column) : 0x20, true);
      at += 2;
    }
}

function decodeFrame(reader: Reader): FrameMessage {
  const sequence = reader.u32();
  const width = reader.u16();
  const height = reader.u16();
  const flags = reader.u8();
  reader.u8();
  const count = reader.u16();
  if (width > MAX_SCREEN_SIDE || height > MAX_SCREEN_SIDE)
    throw new ProtocolError('The screen is too large.');
  if (count > MAX_TILES) throw new ProtocolError('Too many tiles in a frame.');
  const tiles: FrameTile[] = [];
  for (let index = 0; index < count; index++) tiles.push(decodeTile(reader, width, height));
  const text = flags & FLAG_TEXT ? decodeText(reader) : null;
  reader.end();
  return { type: 'frame', sequence, width, height, tiles, text };
}

function decodeTile(reader: Reader, screenWidth: number, screenHeight: number): FrameTile {
  const x = reader.u16();
  const y = reader.u16();
  const width = reader.u16();
  const height = reader.u16();
  if (width === 0 || height === 0 || x + width > screenWidth || y + height > screenHeight)
    throw new ProtocolError('A tile lies outside the screen.');
  return { x, y, width, height, pixels: reader.bytes(width * height * 4) };
}

function decodeText(reader: Reader): TextLayer {
  const columns = reader.u16();
  const rowCount = reader.u16();
  const column = reader.u16();
  const row = reader.u16();
  if (columns > MAX_TEXT_SIDE || rowCount > MAX_TEXT_SIDE)
    throw new ProtocolError('The text layer is too large.');
  const rows: string[] = [];
  for (let index = 0; index < rowCount; index++) {
    const cells = new Uint16Array(columns);
    for (let cell = 0; cell < columns; cell++) cells[cell] = reader.u16();
    rows.push(String.fromCharCode(...cells));
  }
  return { columns, rows, cursor: column < columns && row < rowCount ? { column, row } : null };
}

function encodeSerial(type: number, port: number, content: Uint8Array): Uint8Array {
  const bytes = start(type, 3 + content.length);
  bytes[2] = port;
  bytes.set(content, 3);
  return bytes;
}

function start(type: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes[0] = type;
  bytes[1] = CONSOLE_VERSION;
  return bytes;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, Math.round(value) || 0));
}

/** Reads a message from its beginning; every step beyond its end is a ProtocolError. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array, limit: number) {
    if (bytes.length > limit) throw new ProtocolError('The message is too long.');
    this.#bytes = bytes;
    this.#view = view(bytes);
  }

  header(): number {
    const type = this.u8();
    if (this.u8() !== CONSOLE_VERSION) throw new ProtocolError('The other side speaks another version.');
    return type;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  i8(): number {
    return this.#view.getInt8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  i16(): number {
    return this.#view.getInt16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  bytes(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  rest(): Uint8Array {
    return this.bytes(this.#bytes.length - this.#at);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new ProtocolError('The message has bytes too many.');
  }

  #advance(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw new ProtocolError('The message ends too early.');
    this.#at += length;
    return at;
  }
}
