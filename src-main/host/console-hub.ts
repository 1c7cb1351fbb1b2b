// The windows that look at one machine: sends them frames as fast as each acknowledges them, the serial port's output
// with some of what came before, and passes their input on. What windows send is parsed; nonsense ends the connection.

import type { ByteChannel } from '../../shared/rpc/channel.ts';
import {
  decodeToMachine,
  encodeToWindow,
  FRAME_CREDIT,
  type FrameTile,
  MAX_SCREEN_SIDE,
  ProtocolError,
  type TextLayer,
  type ToMachine,
} from '../../shared/rpc/console-protocol.ts';
import { DirtyTiles, type Rectangle } from '../engine/display/index.ts';
import type { DriveActivityLog } from './drive-activity.ts';
import type { Frame, MachineRunner } from './machine-runner.ts';

const MAX_WINDOWS = 8;
const BACKLOG_BYTES = 256 * 1024;
const MAX_SCAN_CODES = 256;
/** Lights of drives change no faster. */
const ACTIVITY_MS = 100;
const SERIAL_CHUNK = 32 * 1024;
/** Two frames of the largest usual screens and much output: a window that is further behind does not read. */
const MAX_UNSENT_BYTES = 64 * 1024 * 1024;

/** The part of a runner that consoles use. */
export type ConsoleMachine = Pick<
  MachineRunner,
  'keyboard' | 'mouse' | 'serialWrite' | 'wantFrames' | 'frameDone' | 'on'
>;

interface Window {
  readonly channel: ByteChannel;
  readonly dirty: DirtyTiles;
  /** Frames sent and not acknowledged. */
  readonly inFlight: Set<number>;
  /** Set 1 make codes of keys that are down, to be released when the window goes. */
  readonly keysDown: Set<number>;
}

export class ConsoleHub {
  readonly #machine: ConsoleMachine;
  /** The serial port that is shown, if any. */
  readonly #port: number | undefined;
  readonly #windows = new Set<Window>();
  readonly #backlog = new Backlog(BACKLOG_BYTES);
  #leds = 0;
  readonly #drives: DriveActivityLog;
  #activityTimer: ReturnType<typeof setTimeout> | undefined;
  #sequence = 0;
  #frame: Frame | undefined;
  #frameDue = false;
  #screenWaiters: ((frame: Frame) => void)[] = [];

  constructor(machine: ConsoleMachine, port: number | undefined, drives: DriveActivityLog) {
    this.#machine = machine;
    this.#port = port;
    this.#drives = drives;
    machine.on('driveTransfer', (...transfer) => {
      drives.add(...transfer);
      this.#activityTimer ??= setTimeout(() => this.#tellActivity(), ACTIVITY_MS);
    });
    machine.on('frame', (frame) => this.#newFrame(frame));
    machine.on('serial', (number, bytes) => {
      if (number === port) this.#serialOutput(number, bytes);
    });
    machine.on('keyboardLeds', (leds) => {
      this.#leds = leds;
      this.#toAll(encodeToWindow(ledsMessage(leds)));
    });
  }

  connect(channel: ByteChannel): void {
    if (this.#windows.size >= MAX_WINDOWS) return channel.close();
    const window: Window = { channel, dirty: new DirtyTiles(), inFlight: new Set(), keysDown: new Set() };
    this.#windows.add(window);
    channel.onClose(() => this.#disconnected(window));
    channel.onMessage((bytes) => this.#received(window, bytes));
    channel.send(encodeToWindow(ledsMessage(this.#leds)));
    for (const bytes of this.#backlog.chunks()) this.#sendSerial(window, bytes);
    // Brings a whole frame, also to those who have it already.
    this.#machine.wantFrames(true);
  }

  /** The screen as it is now, with its pixels copied. */
  screen(): Promise<Frame> {
    return new Promise((resolve) => {
      this.#screenWaiters.push(resolve);
      this.#machine.wantFrames(true);
    });
  }

  /** The screen for somebody who looks now and then: may be of a moment ago, and changes when a new frame comes. */
  glance(): Promise<Frame> {
    return this.#frame && this.#windows.size > 0 ? Promise.resolve(this.#frame) : this.screen();
  }

  /** What is kept of the shown serial port's output after a position, and the position after that. */
  serialSince(after: number): { readonly bytes: Uint8Array; readonly next: number } {
    return this.#backlog.since(after);
  }

  serialWrite(bytes: Uint8Array): void {
    if (this.#port !== undefined) this.#machine.serialWrite(this.#port, bytes);
  }

  /** The machine has ended. */
  close(): void {
    clearTimeout(this.#activityTimer);
    for (const { channel } of [...this.#windows]) channel.close();
  }

  #newFrame(frame: Frame): void {
    this.#answerWaiters(frame);
    if (this.#windows.size === 0) return this.#machine.wantFrames(false);
    if (frame.width > MAX_SCREEN_SIDE || frame.height > MAX_SCREEN_SIDE) return this.#machine.frameDone();
    this.#frame = frame;
    this.#frameDue = true;
    for (const window of this.#windows) {
      window.dirty.resize(frame.width, frame.height);
      for (const area of frame.dirty) window.dirty.mark(area);
      this.#sendFrame(window, true);
    }
    this.#askForNext();
  }

  #answerWaiters(frame: Frame): void {
    const waiters = this.#screenWaiters;
    this.#screenWaiters = [];
    for (const resolve of waiters)
      resolve({ ...frame, pixels: frame.pixels.slice(0, frame.width * frame.height * 4) });
  }

  /** Draws the next frame only when somebody can take it. */
  #askForNext(): void {
    const taker = [...this.#windows].some((window) => window.inFlight.size < FRAME_CREDIT);
    if (!this.#frameDue || !taker) return;
    this.#frameDue = false;
    this.#machine.frameDone();
  }

  #sendFrame(window: Window, textChanged: boolean): void {
    const frame = this.#frame;
    if (!frame || window.inFlight.size >= FRAME_CREDIT) return;
    const areas = window.dirty.take();
    if (areas.length === 0 && !textChanged) return;
    this.#sequence = (this.#sequence + 1) >>> 0;
    window.inFlight.add(this.#sequence);
    const { width, height } = frame;
    window.channel.send(
      encodeToWindow({
        type: 'frame',
        sequence: this.#sequence,
        width,
        height,
        tiles: areas.map((area) => cut(frame, area)),
        text: textLayer(frame),
      }),
    );
  }

  #tellActivity(): void {
    this.#activityTimer = undefined;
    this.#toAll(encodeToWindow({ type: 'activity', drives: this.#drives.take() }));
  }

  #serialOutput(port: number, bytes: Uint8Array): void {
    this.#backlog.add(bytes);
    // It gets the latest output when it connects again.
    for (const { channel } of [...this.#windows])
      if (channel.unsentBytes() > MAX_UNSENT_BYTES) channel.close();
    this.#toAll(encodeToWindow({ type: 'serialOut', port, bytes }));
  }

  #sendSerial(window: Window, bytes: Uint8Array): void {
    window.channel.send(encodeToWindow({ type: 'serialOut', port: this.#port ?? 0, bytes }));
  }

  #toAll(message: Uint8Array): void {
    for (const { channel } of this.#windows) channel.send(message);
  }

  #received(window: Window, bytes: Uint8Array): void {
    try {
      this.#obey(window, decodeToMachine(bytes));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      window.channel.close();
    }
  }

  #obey(window: Window, message: ToMachine): void {
    switch (message.type) {
      case 'ack':
        if (!window.inFlight.delete(message.sequence)) return;
        this.#sendFrame(window, false);
        return this.#askForNext();
      case 'keyboard':
        if (message.scanCodes.length > MAX_SCAN_CODES) throw new ProtocolError('Too many keys at once.');
        trackKeys(window.keysDown, message.scanCodes);
        return this.#machine.keyboard(message.scanCodes);
      case 'mouse':
        return this.#machine.mouse(message.dx, message.dy, message.wheel, message.buttons);
      case 'serialIn':
        if (message.port === this.#port) this.#machine.serialWrite(message.port, message.bytes);
        return;
      case 'refresh':
        window.dirty.markAll();
        return this.#sendFrame(window, true);
    }
  }

  #disconnected(window: Window): void {
    if (!this.#windows.delete(window)) return;
    const releases = [...window.keysDown].flatMap((code) =>
      code > 0xff ? [0xe0, (code & 0xff) | 0x80] : [code | 0x80],
    );
    if (releases.length > 0) this.#machine.keyboard(Uint8Array.from(releases));
    if (this.#windows.size === 0) {
      this.#frame = undefined;
      this.#machine.wantFrames(false);
    } else this.#askForNext();
  }
}

/** Output before a window came, oldest first; the oldest is forgotten. */
class Backlog {
  readonly #limit: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  /** Bytes ever added. */
  #total = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(bytes: Uint8Array): void {
    this.#parts.push(bytes.slice());
    this.#bytes += bytes.length;
    this.#total += bytes.length;
    while (this.#bytes > this.#limit && this.#parts.length > 1)
      this.#bytes -= this.#parts.shift()?.length ?? 0;
    // Many small writes would otherwise cost more in objects than in bytes.
    if (this.#parts.length > 1024) this.#parts = [concatenated(this.#parts, this.#bytes)];
  }

  since(position: number): { readonly bytes: Uint8Array; readonly next: number } {
    const all = concatenated(this.#parts, this.#bytes);
    const known = Math.min(all.length, Math.max(0, this.#total - position));
    return { bytes: all.subarray(all.length - known), next: this.#total };
  }

  chunks(): Uint8Array[] {
    const all = concatenated(this.#parts, this.#bytes);
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < all.length; at += SERIAL_CHUNK) chunks.push(all.subarray(at, at + SERIAL_CHUNK));
    return chunks;
  }
}

function concatenated(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function cut(frame: Frame, area: Rectangle): FrameTile {
  const rowBytes = area.width * 4;
  const pixels = new Uint8Array(rowBytes * area.height);
  for (let row = 0; row < area.height; row++) {
    const from = ((area.y + row) * frame.width + area.x) * 4;
    pixels.set(frame.pixels.subarray(from, from + rowBytes), row * rowBytes);
  }
  return { ...area, pixels };
}

function textLayer(frame: Frame): TextLayer | null {
  return frame.text ? { ...frame.text, cursor: frame.text.cursor ?? null } : null;
}

/** LEDs as the PS/2 command EDh has them: bit 0 scroll, 1 num, 2 caps. */
function ledsMessage(leds: number) {
  return {
    type: 'leds',
    scrollLock: (leds & 1) !== 0,
    numLock: (leds & 2) !== 0,
    capsLock: (leds & 4) !== 0,
  } as const;
}

/** Follows make and break codes of set 1, with E0 prefixes; the Pause sequence (E1) leaves nothing down. */
function trackKeys(down: Set<number>, scanCodes: Uint8Array): void {
  let prefix = 0;
  for (const byte of scanCodes) {
    if (byte === 0xe0) prefix = 0xe000;
    else if (byte === 0xe1) return;
    else {
      const code = prefix | (byte & 0x7f);
      if (byte & 0x80) down.delete(code);
      else down.add(code);
      prefix = 0;
    }
  }
}
