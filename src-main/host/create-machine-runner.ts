// Runs a machine on a thread of its own, with a second, sleeping one for its timers.

import { availableParallelism } from 'node:os';
import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import type { Disposable } from '../engine/base/disposable.ts';
import { BootError } from '../engine/firmware/index.ts';
import type { BootErrorCode } from '../engine/index.ts';
import type { RegionThreadTask } from '../engine/execution/index.ts';
import type { MachineCommand, MachineEvent } from '../engine/machine/messages.ts';
import type { MachineOptions, MachineStats } from '../engine/machine/options.ts';
import { allocateAlarm, raiseAttention } from './alarm.ts';
import type { SavedState } from '../../shared/machine/saved-state.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { guardedBytes, type PageBringer } from '../engine/snapshot/index.ts';
import { type DriveImage, DriveServer } from './drive-server.ts';
import { LayerMerging, type MergeOptions, type RelinkOptions, relink } from './layer-merging.ts';
import { GuestThread, startWorker } from './guest-thread.ts';
import { StateLoading } from './load-state.ts';
import type { CreateMachineRunner, MachineRunner, RunnerEvents, RunnerExtras } from './machine-runner.ts';
import { type SaveOptions, StateSaving } from './save-state.ts';
import { type AttentionWord, attentionView, type GuestPart, type StartFailure, type WorkerMessage } from './worker-protocol.ts';

/** How long a guest that has switched itself off is not seen to have ended, so that what it ran often is compiled for the next time. */
const KEEPING_MS = 2000;
/** A machine that does not stop when told to is ended after this long. */
const STOP_PATIENCE_MS = 2000;

/** What runners have of their process and its host. */
export interface RunnerHost {
  /** The one that is to run the next guest, which may have been started before its machine was known. */
  guestThread(): GuestThread;
  readonly startWorker: typeof startWorker;
  /** How many threads can run at once. */
  processors(): number;
}

export const createMachineRunner = runnersOn({});

/** What `host` leaves out is as everywhere. */
export function runnersOn(host: Partial<RunnerHost>): CreateMachineRunner {
  const whole = { guestThread: () => new GuestThread(), startWorker, processors: availableParallelism, ...host };
  return (options, images, extras = {}) => new ThreadedRunner(options, images ?? new Map(), extras, whole);
}

type Handlers = { [K in keyof RunnerEvents]: Set<(...payload: RunnerEvents[K]) => void> };

class ThreadedRunner implements MachineRunner {
  readonly #options: MachineOptions;
  readonly #alarm = allocateAlarm();
  readonly #handlers: Handlers = {
    started: new Set(),
    paused: new Set(),
    resumed: new Set(),
    restarted: new Set(),
    serial: new Set(),
    serialDrained: new Set(),
    debug: new Set(),
    frame: new Set(),
    nvram: new Set(),
    keyboardLeds: new Set(),
    trayOpened: new Set(),
    driveFailed: new Set(),
    driveTransfer: new Set(),
    log: new Set(),
    stopped: new Set(),
    profiled: new Set(),
    crashed: new Set(),
  };
  readonly #extras: RunnerExtras;
  readonly #driveServer: DriveServer;
  readonly #host: RunnerHost;
  #thread: GuestThread | undefined;
  #exited: Promise<void> = Promise.resolve();
  #attention: Int32Array | undefined;
  /** The end of the thread that compiles regions, until that is started. */
  #regions: MessagePort | undefined;
  #memory: { readonly attention: AttentionWord; readonly guest: GuestPart } | undefined;
  #saving: StateSaving | undefined;
  #merging: LayerMerging | undefined;
  #restoring: { resolve(): void; reject(error: Error): void; readonly loading: StateLoading } | undefined;
  /** With the thread that compiles regions, where what it compiles is kept. */
  #keeping: Worker | undefined;
  /** Until all of the memory that the machine goes on with is in place. */
  #arriving: Promise<void> = Promise.resolve();
  #ended = false;
  #lastStats: MachineStats | undefined;
  #statsWaiters: ((stats: MachineStats) => void)[] = [];

  constructor(options: MachineOptions, images: ReadonlyMap<string, DriveImage>, extras: RunnerExtras, host: RunnerHost) {
    this.#options = options;
    this.#extras = extras;
    this.#host = host;
    this.#driveServer = new DriveServer({
      images,
      send: (command) => this.#send(command),
      onFailure: (drive, error) => this.#fire('driveFailed', drive, error),
      onTransfer: (...transfer) => this.#fire('driveTransfer', ...transfer),
    });
  }

  async start(state?: string, { paused = false }: { readonly paused?: boolean } = {}): Promise<void> {
    if (state === undefined) {
      await this.#startThread(false);
      return this.#startAlarm();
    }
    let loading: StateLoading | undefined;
    try {
      // While the other thread builds the machine this one has nothing else to do.
      const started = this.#startThread(true);
      started.catch(String);
      loading = new StateLoading(state);
      await Promise.all([started, loading.check()]);
      await this.#restore(loading, paused);
      this.#startAlarm();
    } catch (error) {
      loading?.close();
      await this.powerOff();
      throw error;
    }
  }

  async #restore(loading: StateLoading, paused: boolean): Promise<void> {
    const { attention, guest } = this.#memory!;
    const ramBytes = guardedBytes(this.#options);
    const machine = { cpuModel: this.#options.cpuModel, memoryBytes: ramBytes, tailBytes: guest.bytes - ramBytes };
    const bringer = await loading.begin(machine, new Uint8Array(attention.buffer, guest.base, guest.bytes));
    await new Promise<void>((resolve, reject) => {
      this.#restoring = { resolve, reject, loading };
      this.#send({ kind: 'restore', sections: loading.sections, pages: bringer.pages });
    });
    this.#restoring = undefined;
    if (paused) this.#send({ kind: 'pause' });
    this.#send({ kind: 'release' });
    this.#arriving = this.#bring(loading, bringer);
  }

  /** A guest that waits for a page that cannot be had is past help. */
  async #bring(loading: StateLoading, bringer: PageBringer): Promise<void> {
    try {
      await loading.rest(bringer, () => this.#ended);
      this.#send({ kind: 'arrived' });
    } catch (error) {
      this.#crash(error as Error);
      void this.#thread?.worker.terminate();
    } finally {
      loading.close();
    }
  }

  async saveState(options: SaveOptions): Promise<SavedState> {
    if (this.#memory === undefined || this.#ended) throw new FailureError('machine.wrongState', 'The machine is not running.');
    if (this.#saving !== undefined) throw new FailureError('machine.wrongState', 'A state of the machine is being saved already.');
    const saving = new StateSaving({
      ...this.#memory, cpuModel: this.#options.cpuModel, ramBytes: guardedBytes(this.#options), drives: this.#driveServer,
      send: (command) => this.#send(command), startWorker: this.#host.startWorker,
    }, options);
    this.#saving = saving;
    try {
      await this.#arriving;
      return await saving.run();
    } finally {
      this.#saving = undefined;
    }
  }

  cancelSave(): void {
    this.#saving?.cancel();
  }

  async mergeLayers(options: MergeOptions): Promise<void> {
    if (this.#merging !== undefined) throw new FailureError('machine.wrongState', 'Layers of the machine are being merged already.');
    this.#merging = new LayerMerging(this.#driveServer, options);
    try {
      await this.#merging.run();
    } finally {
      this.#merging = undefined;
    }
  }

  cancelMerge(): void {
    void this.#merging?.cancel();
  }

  relink(options: RelinkOptions): Promise<void> {
    return relink(this.#driveServer, options);
  }

  #startThread(awaitsState: boolean): Promise<void> {
    if (this.#thread !== undefined) return Promise.reject(new Error('the machine has been started before'));
    const thread = this.#host.guestThread();
    const { worker, port } = thread;
    this.#thread = thread;
    this.#exited = new Promise((resolve) => worker.once('exit', () => resolve()));
    return new Promise((resolve, reject) => {
      const receive = (message: WorkerMessage): void => {
        if (message.kind === 'event') return this.#event(message.event);
        if (message.kind === 'hot') return this.#startRegionThread(message.task);
        if (message.kind === 'profile') return this.#fire('profiled', message.rows);
        if (message.kind === 'failed') {
          this.#ended = true;
          void this.#closeImages();
          return reject(startError(message.failure));
        }
        this.#attention = attentionView(message.attention);
        this.#memory = { attention: message.attention, guest: message.guest };
        resolve();
      };
      const crashed = (error: Error): void => {
        // A thread's end may overtake its last messages.
        for (let last = receiveMessageOnPort(port); last !== undefined; last = receiveMessageOnPort(port)) {
          receive(last.message as WorkerMessage);
        }
        reject(error);
        this.#crash(error);
      };
      port.on('message', receive);
      worker.once('error', crashed);
      worker.once('exit', (code) =>
        crashed(new Error(`the machine's thread ended unexpectedly with code ${code}`)),
      );
      thread.begin({
        options: awaitsState ? { ...this.#options, awaitsState } : this.#options,
        alarm: this.#alarm, profile: this.#extras.profile === true, regions: this.#openRegions(),
        startsCompiling: this.#extras.codeArchive !== undefined,
      });
    });
  }

  /**
   * The guest's end of the way to a thread that compiles regions. None where the two would only take turns, nor where time is
   * counted in instructions: when a region comes then would decide what the guest sees.
   */
  #openRegions(): MessagePort | undefined {
    const { accelerator, time } = this.#options;
    if (accelerator !== 'jit' || time !== 'host' || this.#host.processors() === 1) return undefined;
    const { port1, port2 } = new MessageChannel();
    this.#regions = port2;
    return port1;
  }

  /**
   * When the guest has hot code: it would have to share two processors with a thread that starts, just while its first
   * instructions are decoded. A guest can do without it.
   */
  #startRegionThread(task: RegionThreadTask): void {
    const port = this.#regions;
    if (port === undefined || this.#ended) return;
    const regions = this.#host.startWorker({ role: 'regions', task, codeArchive: this.#extras.codeArchive, port }, [port]);
    regions.unref();
    regions.on('message', (warning: string) => this.#fire('log', 'warning', warning));
    regions.once('error', ({ message }: Error) => this.#fire('log', 'warning', `the thread that compiles code has ended: ${message}`));
    if (this.#extras.codeArchive !== undefined) this.#keeping = regions;
    regions.once('exit', () => {
      this.#keeping = undefined;
      this.#send({ kind: 'region-thread-lost' });
    });
  }

  /** When the guest runs already: a thread takes as long to start as much else that it would wait for. */
  #startAlarm(): void {
    if (this.#memory === undefined || this.#ended) return;
    const alarm = this.#host.startWorker({ role: 'alarm', alarm: this.#alarm, attention: this.#memory.attention }, []);
    alarm.unref();
    alarm.once('error', (error: Error) => this.#crash(error));
  }

  pause(): void {
    this.#send({ kind: 'pause' });
  }

  resume(): void {
    this.#send({ kind: 'resume' });
  }

  reset(): void {
    this.#send({ kind: 'reset' });
  }

  powerButton(): void {
    this.#send({ kind: 'power-button' });
  }

  async powerOff(): Promise<void> {
    this.#send({ kind: 'stop' });
    const impatient = setTimeout(() => void this.#thread?.worker.terminate(), STOP_PATIENCE_MS);
    await this.#exited;
    clearTimeout(impatient);
    await this.#finishFiles();
  }

  keyboard(scanCodes: Uint8Array): void {
    this.#send({ kind: 'keyboard', scanCodes });
  }

  mouse(dx: number, dy: number, wheel: number, buttons: number): void {
    this.#send({ kind: 'mouse', dx, dy, wheel, buttons });
  }

  serialWrite(port: number, bytes: Uint8Array): void {
    this.#send({ kind: 'serial-input', port, bytes });
  }

  changeMedium(drive: string, image: DriveImage | undefined): Promise<void> {
    return this.#driveServer.change(drive, image);
  }

  wantFrames(wanted: boolean): void {
    this.#send({ kind: 'display', wanted });
  }

  frameDone(): void {
    this.#send({ kind: 'frame-done' });
  }

  stats(): Promise<MachineStats> {
    if (this.#ended) {
      return this.#lastStats === undefined
        ? Promise.reject(new Error('the machine has not run'))
        : Promise.resolve(this.#lastStats);
    }
    return new Promise((resolve) => {
      this.#statsWaiters.push(resolve);
      this.#send({ kind: 'request-stats' });
    });
  }

  on<K extends keyof RunnerEvents>(event: K, handler: (...payload: RunnerEvents[K]) => void): Disposable {
    const handlers: Set<(...payload: RunnerEvents[K]) => void> = this.#handlers[event];
    handlers.add(handler);
    return { dispose: () => void handlers.delete(handler) };
  }

  #fire<K extends keyof RunnerEvents>(event: K, ...payload: RunnerEvents[K]): void {
    for (const handler of this.#handlers[event]) handler(...payload);
  }

  #send(command: MachineCommand): void {
    if (this.#ended) return;
    this.#thread?.port.postMessage(command);
    if (this.#attention !== undefined) raiseAttention(this.#attention);
  }

  #event(event: MachineEvent): void {
    switch (event.kind) {
      case 'started':
        return this.#fire('started');
      case 'paused':
        return this.#fire('paused');
      case 'resumed':
        return this.#fire('resumed');
      case 'restarted':
        return this.#fire('restarted');
      case 'serial-output':
        return this.#fire('serial', event.port, event.bytes);
      case 'serial-drained':
        return this.#fire('serialDrained', event.port);
      case 'debug-output':
        return this.#fire('debug', event.bytes);
      case 'held':
        return this.#saving?.held(event);
      case 'restored':
        return this.#restoring?.resolve();
      case 'not-restored': {
        const { section, message } = event;
        return this.#restoring?.reject(this.#restoring.loading.refusal(section, message));
      }
      case 'drive-request':
        return this.#driveServer.request(event);
      case 'tray-opened':
        return this.#fire('trayOpened', event.drive);
      case 'nvram':
        return this.#fire('nvram', event.bytes);
      case 'keyboard-leds':
        return this.#fire('keyboardLeds', event.leds);
      case 'log':
        return this.#fire('log', event.level, event.message);
      case 'frame':
        return this.#fire('frame', { ...event.update, pixels: new Uint8Array(event.pixels) });
      case 'stats':
        return this.#takeStats(event.stats);
      case 'stopped':
        this.#ended = true;
        this.#endSaving();
        this.#takeStats(event.stats);
        return void this.#finishFiles().then(() => this.#fire('stopped', event.reason, event.stats));
    }
  }

  /** What the guest has written is in the images when this resolves; a failure is told, not thrown. */
  async #closeImages(): Promise<void> {
    try {
      await this.#merging?.cancel();
      await this.#driveServer.close();
    } catch (error) {
      this.#fire('log', 'error', `an image could not be closed: ${(error as Error).message}`);
    }
  }

  async #finishFiles(): Promise<void> {
    await Promise.all([this.#closeImages(), this.#keepCode()]);
  }

  /** Until what the machine has asked for last is compiled and kept. What is cut off in between is made again at the next start. */
  async #keepCode(): Promise<void> {
    const keeping = this.#keeping;
    if (keeping === undefined) return;
    const impatient = setTimeout(() => void keeping.terminate(), KEEPING_MS);
    await new Promise((resolve) => keeping.once('exit', resolve));
    clearTimeout(impatient);
  }

  #endSaving(): void {
    this.#saving?.ended();
  }

  #takeStats(stats: MachineStats): void {
    this.#lastStats = stats;
    for (const resolve of this.#statsWaiters.splice(0)) resolve(stats);
  }

  #crash(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#endSaving();
    this.#restoring?.reject(error);
    void this.#closeImages().then(() => this.#fire('crashed', error));
  }
}

function startError(failure: StartFailure): Error {
  const error =
    failure.boot === undefined
      ? new Error(failure.message)
      : new BootError(failure.boot.code as BootErrorCode, failure.message, failure.boot.detail);
  if (failure.stack !== undefined) error.stack = failure.stack;
  return error;
}
