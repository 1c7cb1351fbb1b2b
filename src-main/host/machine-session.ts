// A machine process's one machine: turns the user's configuration into the engine's options, serves the machine
// contract and connects consoles and serial files. How the guest runs is the runner's business.

import { createWriteStream, type WriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { DriveConfig, ImageFormatName, MachineConfig } from '../../shared/machine/config.ts';
import { BOOT_LETTERS } from '../../shared/machine/run-command.ts';
import type { StartRequest } from '../../shared/machine/start-request.ts';
import type { MergeLayersInput, RelinkInput } from '../../shared/machine/layer-merge.ts';
import type { SavedState, SaveStateInput } from '../../shared/machine/saved-state.ts';
import type { MachineScreen, MachineStats } from '../../shared/machine/view.ts';
import type { ByteChannel, Channel } from '../../shared/rpc/channel.ts';
import type { Handlers, Server } from '../../shared/rpc/contract.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import { type MachineContract, machineContract } from '../../shared/rpc/machine-contract.ts';
import { serve } from '../../shared/rpc/serve.ts';
import { MIB } from '../../shared/units/bytes.ts';
import type {
  BootFile,
  MachineOptions,
  MachineStats as RunnerStats,
  StopReason,
} from '../engine/machine/options.ts';
import { ConsoleHub } from './console-hub.ts';
import { DriveActivityLog } from './drive-activity.ts';
import type { DriveLayering } from './drive-server.ts';
import { fileFailure } from './file-failure.ts';
import type { CreateMachineRunner, Frame, MachineRunner } from './machine-runner.ts';
import { openMachineDrives, openMedium, openMediumLayers } from './machine-drives.ts';
import type { OpenedDrives } from './open-drives.ts';
import { encodePng } from './png.ts';
import { Thumbnails } from './thumbnails.ts';

export interface SessionOptions {
  readonly createRunner: CreateMachineRunner;
  readonly channel: Channel;
  /** Called when everything is said and written; ends the process. */
  readonly onEnd: (code: number) => void;
}

interface Running {
  readonly runner: MachineRunner;
  readonly consoles: ConsoleHub;
  readonly drives: DriveActivityLog;
  readonly files: readonly WriteStream[];
  readonly thumbnails: Thumbnails;
}

const MAX_LOG_TEXT = 2000;
/** A boot file larger than the largest guest memory cannot be loaded. */
const MAX_BOOT_FILE_BYTES = 2048 * MIB;

export class MachineSession {
  readonly #options: SessionOptions;
  readonly #server: Server<MachineContract>;
  #running: Running | undefined;
  #config: StartRequest | undefined;
  /** Images that drives write to now, other than the configuration says. */
  readonly #layers = new Map<string, { readonly path: string; readonly format: ImageFormatName | null }>();
  #started = false;
  #ended = false;
  #previous: { readonly stats: RunnerStats; readonly atMs: number } | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#server = serve(machineContract, options.channel, this.#handlers(), {
      onUnexpected: (name, error) => this.#log('error', `${name}: ${describe(error)}`),
    });
    // Without its parent a machine has no one to serve.
    options.channel.onClose(() => options.onEnd(0));
  }

  connectConsole(console: ByteChannel): void {
    if (this.#running) this.#running.consoles.connect(console);
    else console.close();
  }

  #handlers(): Handlers<MachineContract> {
    return {
      start: (config) => this.#start(config),
      startFrom: ({ config, path, paused }) => this.#start(config, path, paused),
      saveState: (input) => this.#saveState(input),
      cancelSave: () => this.#machine().cancelSave(),
      mergeLayers: (input) => this.#mergeLayers(input),
      cancelMerge: () => this.#machine().cancelMerge(),
      relink: (input) => this.#relink(input),
      pause: () => this.#until('paused', (runner) => runner.pause()),
      resume: () => this.#until('resumed', (runner) => runner.resume()),
      reset: () => this.#machine().reset(),
      powerButton: () => this.#machine().powerButton(),
      powerOff: async () => {
        await this.#running?.runner.powerOff();
        await this.#end('userPowerOff', 'The machine was powered off.', 0);
      },
      insert: ({ drive, path, format }) => this.#changeMedium(drive, path, format),
      eject: ({ drive }) => this.#changeMedium(drive, null, null),
      stats: async () => this.#stats(await this.#machine().stats()),
      keyboard: (codes) => this.#machine().keyboard(Uint8Array.from(codes)),
      screen: async ({ png }) => screenOf(await this.#consoles().screen(), png),
      serialRead: ({ after }) => {
        const { bytes, next } = this.#consoles().serialSince(after);
        return { base64: Buffer.from(bytes).toString('base64'), next };
      },
      serialWrite: ({ base64 }) => this.#consoles().serialWrite(Buffer.from(base64, 'base64')),
    };
  }

  /** `state`: where it goes on. */
  async #start(config: StartRequest, state?: string, paused = false): Promise<void> {
    if (this.#started) throw new FailureError('machine.wrongState', 'The machine was started already.');
    this.#started = true;
    const { drives, images } = await openMachineDrives(config, config.imageFolders);
    const runner = await this.#createRunner(config, drives, images);
    this.#config = config;
    const port = config.serial.findIndex(({ kind }) => kind === 'console');
    const activity = new DriveActivityLog(config.drives.map(({ id }) => id));
    const consoles = new ConsoleHub(runner, port < 0 ? undefined : port, activity);
    const thumbnails = new Thumbnails(
      () => consoles.glance(),
      (pngBase64) => this.#server.emit('thumbnail', { pngBase64 }),
    );
    this.#running = { runner, consoles, drives: activity, files: this.#serialFiles(config, runner), thumbnails };
    this.#follow(runner);
    try {
      await runner.start(state, { paused });
    } catch (error) {
      throw startFailure(error);
    }
    thumbnails.start();
  }

  async #createRunner(
    config: StartRequest,
    drives: OpenedDrives['drives'],
    images: OpenedDrives['images'],
  ): Promise<MachineRunner> {
    try {
      const { nvram, codeArchive } = config;
      const options = { ...(await machineOptions(config)), drives, ...(nvram === undefined ? {} : { nvram: Buffer.from(nvram, 'hex') }) };
      return this.#options.createRunner(options, images, codeArchive === undefined ? {} : { codeArchive });
    } catch (error) {
      for (const { node } of images.values()) await node.close();
      throw error;
    }
  }

  async #saveState({ path, parent, layers }: SaveStateInput): Promise<SavedState> {
    const runner = this.#machine();
    const folders = this.#config?.imageFolders;
    const layerings = layers.map(({ drive, path, format }): DriveLayering => {
      const layer = { ...this.#disk(drive), path, format };
      return { drive, open: (below) => openMedium(layer, folders, below), reopen: () => openMedium(layer, folders) };
    });
    return await runner.saveState({
      path, parent: parent ?? undefined, layers: layerings,
      onReleased: (pausedMs) => {
        for (const { drive, path, format } of layers) this.#layers.set(drive, { path, format });
        this.#server.emit('saveReleased', { pausedMs });
      },
      onProgress: (done, total) => this.#server.emit('saveProgress', { done, total }),
    });
  }

  /** The drive with the image it has now. */
  #disk(id: string): DriveConfig & { path: string } {
    const drive = this.#config?.drives.find((one) => one.id === id);
    if (drive === undefined || drive.path === null)
      throw new FailureError('machine.unsupported', say`The machine has no drive “${id}” with an image.`, { drive: id });
    return { ...drive, path: drive.path, ...this.#layers.get(id) };
  }

  async #mergeLayers(input: MergeLayersInput): Promise<void> {
    const disk = this.#disk(input.drive);
    const folders = this.#config?.imageFolders;
    await this.#machine().mergeLayers({
      ...input,
      top: disk.path,
      open: () => openMediumLayers(disk, folders, input.into),
      reopen: () => openMedium(disk, folders),
      onProgress: (done, total) => this.#server.emit('mergeProgress', { done, total }),
    });
  }

  async #relink({ drive, path, format, rebases }: RelinkInput): Promise<void> {
    const disk = { ...this.#disk(drive), path, format };
    this.#layers.set(drive, { path, format });
    await this.#machine().relink({ drive, rebases, open: () => openMedium(disk, this.#config?.imageFolders) });
  }

  /** `path` null: takes the medium out. */
  async #changeMedium(drive: string, path: string | null, format: ImageFormatName | null): Promise<void> {
    const runner = this.#machine();
    const found = this.#config?.drives.find(({ id }) => id === drive);
    if (found === undefined || found.kind === 'disk')
      throw new FailureError('machine.unsupported', say`The machine has no drive “${drive}” with a changeable medium.`, { drive });
    const image = path === null ? undefined : await openMedium({ ...found, path, format }, this.#config?.imageFolders);
    await runner.changeMedium(drive, image);
  }

  #follow(runner: MachineRunner): void {
    runner.on('trayOpened', (drive) => this.#server.emit('trayOpened', { drive }));
    runner.on('nvram', (bytes) => this.#server.emit('nvram', { hex: Buffer.from(bytes).toString('hex') }));
    runner.on('driveFailed', (drive, error) => this.#log('error', `Drive ${drive}: ${error.message}`));
    runner.on('paused', () => this.#server.emit('paused', undefined));
    runner.on('resumed', () => this.#server.emit('resumed', undefined));
    runner.on('restarted', () => this.#server.emit('restarted', undefined));
    runner.on('log', (level, message) => this.#log(level, message));
    runner.on('stopped', (reason) => void this.#stopped(reason));
    runner.on('crashed', (error) => {
      this.#log('error', describe(error));
      void this.#end('crashed', `The engine failed: ${error.message}`, 70);
    });
  }

  #serialFiles(config: MachineConfig, runner: MachineRunner): WriteStream[] {
    return config.serial.flatMap((port, number) => {
      if (port.kind !== 'file') return [];
      const stream = createWriteStream(port.path);
      stream.on('error', (error) =>
        this.#log('error', `Serial port ${number + 1}: ${describe(fileFailure(error, port.path))}`),
      );
      runner.on('serial', (from, bytes) => {
        // The stream keeps what it is given until it is written; the machine reuses its buffer.
        if (from === number && !stream.errored) stream.write(Uint8Array.from(bytes));
      });
      return [stream];
    });
  }

  #stopped(reason: StopReason): Promise<void> {
    switch (reason.kind) {
      case 'power-off':
        return this.#end('guestPowerOff', 'The guest switched the machine off.', 0);
      case 'reset':
        return this.#end('guestReset', 'The guest reset the machine.', 0);
      case 'triple-fault':
        return this.#end('tripleFault', 'The guest crashed its processor (triple fault).', 0);
      case 'debug-exit':
        return this.#end('debugExit', `The guest ended the machine with value ${reason.value}.`, 0);
      case 'stopped':
        return this.#end('userPowerOff', 'The machine was powered off.', 0);
    }
  }

  async #end(reason: Parameters<typeof emitEnd>[1], message: string, code: number): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    emitEnd(this.#server, reason, message.slice(0, MAX_LOG_TEXT));
    this.#running?.thumbnails.stop();
    this.#running?.consoles.close();
    await Promise.all((this.#running?.files ?? []).map(finished));
    this.#options.onEnd(code);
  }

  /** Answers when it has happened: a late event must not be taken for news. */
  #until(event: 'paused' | 'resumed', ask: (runner: MachineRunner) => void): Promise<void> {
    const runner = this.#machine();
    return new Promise((resolve) => {
      const listener = runner.on(event, () => {
        listener.dispose();
        resolve();
      });
      ask(runner);
    });
  }

  #machine(): MachineRunner {
    return this.#now().runner;
  }

  #consoles(): ConsoleHub {
    return this.#now().consoles;
  }

  #now(): Running {
    if (!this.#running || this.#ended)
      throw new FailureError('machine.wrongState', 'The machine is not running.');
    return this.#running;
  }

  #log(level: 'debug' | 'info' | 'warning' | 'error', text: string): void {
    for (const line of text.split('\n'))
      this.#server.emit('log', { level, text: line.slice(0, MAX_LOG_TEXT) });
  }

  #stats(stats: RunnerStats): MachineStats {
    const atMs = performance.now();
    const before = this.#previous?.stats;
    this.#previous = { stats, atMs };
    const spanNs = stats.hostNs - (before?.hostNs ?? 0);
    const idleNs = stats.idleNs - (before?.idleNs ?? 0);
    const instructions = stats.instructions - (before?.instructions ?? 0);
    return {
      runningMs: stats.hostNs / 1e6,
      load: spanNs > 0 ? Math.min(1, Math.max(0, 1 - idleNs / spanNs)) : 0,
      instructions: stats.instructions,
      mips: spanNs > 0 ? (instructions * 1000) / spanNs : 0,
      regionsCompiled: stats.regionsCompiled,
      tlbMisses: stats.tlbMisses,
      unclaimedPorts: stats.unclaimedPorts,
      unclaimedMemory: stats.unclaimedMemory,
      interpreterMs: (stats.tierNs['interpreter'] ?? 0) / 1e6,
      regionsMs: (stats.tierNs['regions'] ?? 0) / 1e6,
      compilerMs: (stats.tierNs['compiler'] ?? 0) / 1e6,
      drives: this.#running?.drives.counters ?? [],
      processBytes: process.memoryUsage.rss(),
    };
  }
}

function emitEnd(
  server: Server<MachineContract>,
  reason: 'guestPowerOff' | 'userPowerOff' | 'guestReset' | 'tripleFault' | 'debugExit' | 'crashed',
  message: string,
): void {
  server.emit('ended', { reason, message });
}

/** What the engine needs of a configuration, with the boot files read. */
export async function machineOptions(config: MachineConfig): Promise<MachineOptions> {
  const { kernel, initrd, commandLine } = config.boot;
  if (kernel === null && config.drives.every(({ path }) => path === null))
    throw new FailureError('machine.startFailed', 'This machine has neither a disk, a CD image nor a kernel to start.');
  const modules = initrd === null ? [] : [{ ...(await readBootFile(initrd)), arguments: '' }];
  const { bootOrder, menu, clock } = config.firmware;
  return {
    memoryBytes: config.memoryMiB * MIB,
    cpuModel: config.cpu.model,
    accelerator: config.cpu.engine === 'jit' ? 'jit' : 'interp',
    ...(config.uuid === undefined ? {} : { uuid: config.uuid }),
    boot: kernel === null ? undefined : { kernel: await readBootFile(kernel), modules, commandLine },
    firmware: { order: bootOrder.map((kind) => BOOT_LETTERS[kind]).join(''), menu, strict: false },
    wallClockOffsetMs: clock === 'local' ? -new Date().getTimezoneOffset() * 60_000 : 0,
    serialPorts: config.serial.length,
    debugConsole: false,
    debugExit: undefined,
    videoMemoryBytes: config.display.memoryMiB * MIB,
    onReset: 'restart',
    time: 'host',
  };
}

async function readBootFile(path: string): Promise<BootFile> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > MAX_BOOT_FILE_BYTES)
      throw new FailureError('files.wrongKind', say`“${path}” is too large to boot.`);
    return { name: basename(path), bytes };
  } catch (error) {
    throw fileFailure(error, path);
  }
}

/** Errors with a `code` and a sentence are the loader's and the board's own; anything else is a defect. */
function startFailure(error: unknown): unknown {
  if (error instanceof FailureError || !(error instanceof Error) || !('code' in error)) return error;
  return new FailureError('machine.startFailed', error.message.slice(0, MAX_LOG_TEXT), {
    reason: String(error.code),
  });
}

function screenOf({ width, height, pixels, text }: Frame, png: boolean): MachineScreen {
  return {
    width,
    height,
    text: text ? [...text.rows] : null,
    pngBase64: png ? Buffer.from(encodePng(width, height, pixels)).toString('base64') : null,
  };
}

function finished(stream: WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.errored || stream.closed) return resolve();
    stream.once('error', () => resolve());
    stream.end(() => resolve());
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
