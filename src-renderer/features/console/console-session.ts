// One connection to a machine's screen, keyboard, mouse and serial port, from opening to closing. What the page shows
// of it is in `state`; pixels go straight to the canvas.

import { createStore, type StoreApi } from 'zustand';
import type { ByteChannel } from '../../../shared/rpc/channel.ts';
import { encodeToMachine, type TextLayer, type ToMachine } from '../../../shared/rpc/console-protocol.ts';
import { client } from '../../state/client.ts';
import { messageOf } from '../../state/notices.ts';
import type { FromFrameWorker, ToFrameWorker } from './frame-worker-protocol.ts';
import { SerialText } from './serial-text.ts';
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
  readonly serial: string;
}

/** Messages to a machine are at most 64 KiB; a pasted text may be longer. */
const SERIAL_CHUNK = 4096;

export class ConsoleSession {
  readonly state: StoreApi<ConsoleState> = createStore<ConsoleState>(() => ({
    connection: 'connecting',
    problem: null,
    width: 0,
    height: 0,
    text: null,
    leds: { scrollLock: false, numLock: false, capsLock: false },
    serial: '',
  }));
  readonly #worker = startFrameWorker();
  readonly #serial = new SerialText();
  #channel: ByteChannel | undefined;
  #serialPort = 0;
  #serialDue = false;
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
      return this.#fail(message.message);
    }
    if (message.message.type === 'leds') {
      const { scrollLock, numLock, capsLock } = message.message;
      this.state.setState({ leds: { scrollLock, numLock, capsLock } });
    } else this.#serialOutput(message.message.port, message.message.bytes);
  }

  #drawn({ sequence, width, height, text }: FromFrameWorker & { kind: 'drawn' }): void {
    this.send({ type: 'ack', sequence });
    const now = this.state.getState();
    if (now.width !== width || now.height !== height) this.state.setState({ width, height });
    if (!sameText(now.text, text)) this.state.setState({ text });
  }

  /** Bytes may come one by one; the page is told once a frame. */
  #serialOutput(port: number, bytes: Uint8Array): void {
    this.#serialPort = port;
    this.#serial.write(bytes);
    if (this.#serialDue) return;
    this.#serialDue = true;
    requestAnimationFrame(() => {
      this.#serialDue = false;
      this.state.setState({ serial: this.#serial.text });
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
