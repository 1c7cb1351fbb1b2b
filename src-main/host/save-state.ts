// Saving the state of a running machine, step by step: layers for its drives are opened, the guest is held, its drives put
// on them, and let go again. Then a thread of its own writes the file from memory as it was, while what is below the
// layers is made durable. Nothing waits for a disk while the guest stands still.

import type { Worker } from 'node:worker_threads';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { SavedState } from '../../shared/machine/saved-state.ts';
import { FailureError, fromFailure } from '../../shared/rpc/failure.ts';
import { type PageCopies, STATE_PAGE, type WrittenState } from '../engine/snapshot/index.ts';
import type { MachineCommand, MachineEvent } from '../engine/machine/messages.ts';
import type { DriveLayering, DriveServer, OpenedLayer } from './drive-server.ts';
import type { SaverMessage, SaverTask } from './state-saver.ts';
import type { AttentionWord, GuestPart, WorkerTask } from './worker-protocol.ts';

export interface SaveOptions {
  readonly path: string;
  /** A state in the same folder that this one may refer to. */
  readonly parent: string | undefined;
  readonly layers: readonly DriveLayering[];
  /** The guest goes on. */
  readonly onReleased: (pausedMs: number) => void;
  readonly onProgress: (done: number, total: number) => void;
}

/** The machine that is saved, as its runner has it. */
export interface SavingMachine {
  readonly cpuModel: string;
  /** Whole pages. */
  readonly ramBytes: number;
  readonly guest: GuestPart;
  readonly attention: AttentionWord;
  readonly drives: DriveServer;
  send(command: MachineCommand): void;
  startWorker(task: WorkerTask, transfer: MessagePort[]): Worker;
}

type Held = Extract<MachineEvent, { kind: 'held' }>;

export class StateSaving {
  readonly #machine: SavingMachine;
  readonly #options: SaveOptions;
  readonly #cancel = new SharedArrayBuffer(4);
  readonly #copies: PageCopies;
  #isOver = false;
  #held: { resolve(event: Held): void; reject(error: Error): void } | undefined;

  constructor(machine: SavingMachine, options: SaveOptions) {
    this.#machine = machine;
    this.#options = options;
    const { ramBytes, guest } = machine;
    const tail = new SharedArrayBuffer(guest.bytes - ramBytes);
    // The host gives memory when it is first touched: now, not while the guest stands still.
    new Uint8Array(tail).fill(0);
    this.#copies = { marks: new SharedArrayBuffer((ramBytes / STATE_PAGE) * 4), copies: new SharedArrayBuffer(ramBytes), tail };
  }

  cancel(): void {
    Atomics.store(new Int32Array(this.#cancel), 0, 1);
  }

  /** The machine's answer to `hold`. */
  held(event: Held): void {
    this.#held?.resolve(event);
  }

  /** The machine has ended: nothing answers any more. */
  ended(): void {
    this.#isOver = true;
    this.#held?.reject(endedMeanwhile());
  }

  async run(): Promise<SavedState> {
    const begin = performance.now();
    const { drives } = this.#machine;
    // What takes long is done before the guest stands still, or when it goes on.
    const layers = await drives.openLayers(this.#options.layers);
    const { event, pausedMs, pausedCpuMs } = await this.#pause(layers);
    this.#options.onReleased(pausedMs);
    const settled = drives.settle(layers);
    try {
      const { bytes, pages, ownPages, usesParent } = await this.#write(event);
      await settled;
      return { bytes, pages, ownPages, usesParent, pausedMs, pausedCpuMs, totalMs: performance.now() - begin };
    } finally {
      this.#machine.send({ kind: 'unguard' });
      // A new layer may come only when this one lies on what is durable.
      await settled.catch(() => undefined);
    }
  }

  /** All that happens while the guest stands still. */
  async #pause(layers: readonly OpenedLayer[]): Promise<{ event: Held; pausedMs: number; pausedCpuMs: number }> {
    const { send, drives } = bound(this.#machine);
    const stopped = performance.now();
    const cpu = process.cpuUsage();
    try {
      const event = await this.#hold();
      drives.layer(layers);
      send({ kind: 'release' });
      const { user, system } = process.cpuUsage(cpu);
      return { event, pausedMs: performance.now() - stopped, pausedCpuMs: (user + system) / 1000 };
    } catch (error) {
      send({ kind: 'unguard' });
      send({ kind: 'release' });
      await drives.closeLayers(layers);
      throw error;
    }
  }

  #hold(): Promise<Held> {
    return new Promise((resolve, reject) => {
      this.#held = { resolve, reject };
      if (this.#isOver) reject(endedMeanwhile());
      this.#machine.send({ kind: 'hold', copies: this.#copies });
    });
  }

  #write({ sections }: Held): Promise<WrittenState> {
    const { cpuModel, ramBytes, guest, attention } = this.#machine;
    const { path, parent, onProgress } = this.#options;
    const task: SaverTask = {
      path, parent, sections, cancel: this.#cancel, copies: this.#copies,
      machine: { cpuModel, memoryBytes: ramBytes, tailBytes: guest.bytes - ramBytes },
      memory: attention.buffer, base: guest.base,
    };
    const { port1, port2 } = new MessageChannel();
    return new Promise((resolve, reject) => {
      port1.on('message', (message: SaverMessage) => {
        if (message.kind === 'progress') onProgress(message.done, message.total);
        else if (message.kind === 'saved') resolve(message.written);
        else reject(message.defect === undefined ? fromFailure(message.failure) : new Error(message.defect));
      });
      const worker = this.#machine.startWorker({ role: 'saver', task, port: port2 }, [port2]);
      worker.once('error', reject);
      worker.once('exit', (code) => {
        // Its last message may still be on the way.
        setImmediate(() => {
          port1.close();
          reject(new Error(`the thread that saves the state ended with code ${code}`));
        });
      });
    });
  }
}

const endedMeanwhile = (): FailureError => new FailureError('machine.wrongState', 'The machine ended while its state was to be saved.');

function bound(machine: SavingMachine) {
  return { drives: machine.drives, send: (command: MachineCommand) => machine.send(command) };
}
