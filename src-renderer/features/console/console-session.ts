// One connection to a machine's screen, keyboard, mouse and serial port, from opening to closing. What the page shows
// of it is in `state`; pixels go straight to the canvas.

import { createStore, type StoreApi } from 'zustand';
import type { ByteChannel } from '../../../shared/rpc/channel.ts';
import { type DriveActivity, encodeToMachine, type TextLayer, type ToMachine } from '../../../shared/rpc/console-protocol.ts';
import { client } from '../../state/client.ts';
import { said } from '../../i18n/strings.ts';
import { messageOf } from '../../state/notices.ts';
import type { FromFrameWorker, ToFrameWorker } from './frame-worker-protocol.ts';
import { SerialOutput } from './serial-output.ts';
import { startFrameWorker } from './start-frame-worker.ts';

export interface Leds {
  readonly scrollLock: boolean;
  readonly numLock: boolean;
  readonly capsLock: boolean;
}

export interface ConsoleState {
  readonly connection: 'connecting' | 'open' | 'closed';
  /** Why it is closed, if it was not the machine that ended. */
  readonly problem: string | null;
  /** Size of the guest's screen; 0 before the first frame. */
  readonly width: number;
  readonly height: number;
  /** null in graphics modes. */
  readonly text: TextLayer | null;
  readonly leds: Leds;
  /** Drives that were read or written a moment ago, by their place in the configuration. */
  readonly activity: ReadonlyMap<number, 'read' | 'written'>;
}

/** Messages to a machine are at most 64 KiB; a pasted text may be longer. */
const SERIAL_CHUNK = 4096;
const LIGHT_MS = 250;
const NOTHING: ConsoleState['activity'] = new Map();

export class ConsoleSession {
  readonly state: StoreApi<ConsoleState> = createStore<ConsoleState>(() => ({
    connection: 'connecting',
    problem: null,
    width: 0,
    height: 0,
    text: null,
    leds: { scrollLock: false, numLock: false, capsLock: false },
    activity: NOTHING,
  }));
  readonly #worker = startFrameWorker();
  /** The shown serial port. */
  readonly serial = new SerialOutput();
  #channel: ByteChannel | undefined;
  #serialPort = 0;
  #activityTimer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(machineId: string, canvas: HTMLCanvasElement) {
    const offscreen = canvas.transferControlToOffscreen();
    this.#toWorker({ kind: 'canvas', canvas: offscreen }, [offscreen]);
    this.#worker.onmessage = ({ data }: MessageEvent<FromFrameWorker>) => this.#fromWorker(data);
    this.#worker.onerror = () => this.#fail(null);
    void this.#open(machineId);
  }

  send(message: ToMachine): void {
    if (this.state.getState().connection === 'open') this.#channel?.send(encodeToMachine(message));
  }

  sendSerial(text: string): void {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at += SERIAL_CHUNK)
      this.send({ type: 'serialIn', port: this.#serialPort, bytes: bytes.subarray(at, at + SERIAL_CHUNK) });
  }

  /** The size of the visible canvas in device pixels. */
  resize(width: number, height: number): void {
    this.#toWorker({ kind: 'size', width, height });
  }

  close(): void {
    this.#closed = true;
    this.#channel?.close();
    this.#worker.terminate();
    clearTimeout(this.#activityTimer);
  }

  async #open(machineId: string): Promise<void> {
    try {
      const channel = await client().openConsole(machineId);
      if (this.#closed) return channel.close();
      this.#channel = channel;
      channel.onMessage((bytes) => this.#toWorker({ kind: 'message', bytes }, [bytes.buffer]));
      channel.onClose(() => this.#fail(null));
      this.state.setState({ connection: 'open' });
    } catch (error) {
      this.#fail(messageOf(error));
    }
  }

  #toWorker(message: ToFrameWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #fromWorker(message: FromFrameWorker): void {
    if (message.kind === 'drawn') return this.#drawn(message);
    if (message.kind === 'broken') {
      this.#channel?.close();
      return this.#fail(said(message));
    }
    const { message: told } = message;
    switch (told.type) {
      case 'leds': {
        const { scrollLock, numLock, capsLock } = told;
        return this.state.setState({ leds: { scrollLock, numLock, capsLock } });
      }
      case 'activity':
        return this.#activity(told.drives);
      case 'serialOut':
        this.#serialPort = told.port;
        return this.serial.add(told.bytes);
    }
  }

  #drawn({ sequence, width, height, text }: FromFrameWorker & { kind: 'drawn' }): void {
    this.send({ type: 'ack', sequence });
    const now = this.state.getState();
    if (now.width !== width || now.height !== height) this.state.setState({ width, height });
    if (!sameText(now.text, text)) this.state.setState({ text });
  }

  /** A light stays on a little longer than what lit it, to be seen. */
  #activity(drives: readonly DriveActivity[]): void {
    clearTimeout(this.#activityTimer);
    this.#activityTimer = setTimeout(() => this.state.setState({ activity: NOTHING }), LIGHT_MS);
    this.state.setState({
      activity: new Map(drives.map(({ drive, written }) => [drive, written ? 'written' : 'read'])),
    });
  }

  #fail(problem: string | null): void {
    if (this.state.getState().connection !== 'closed') this.state.setState({ connection: 'closed', problem });
  }
}

function sameText(a: TextLayer | null, b: TextLayer | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.columns === b.columns &&
    a.rows.length === b.rows.length &&
    a.rows.every((row, at) => row === b.rows[at])
  );
}
