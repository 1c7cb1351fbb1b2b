// `boxwright run`: a machine in this process, its serial ports on the terminal, files or nowhere.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FailureError } from '../../shared/rpc/failure.ts';
import { BlockError } from '../engine/block/index.ts';
import { BootError, type MachineOptions, type MachineStats, type StopReason } from '../engine/index.ts';
import type { DriveOptions, FirmwareOptions } from '../engine/machine/options.ts';
import { createMachineRunner } from '../host/create-machine-runner.ts';
import type { MachineRunner } from '../host/machine-runner.ts';
import { openDrives } from '../host/open-drives.ts';
import type { ProfileRow } from '../host/thread-profile.ts';
import { FileError, readBootFile, readBootFiles } from './boot-files.ts';
import { type CharacterSink, openSink } from './character-sink.ts';
import { resolveDrives } from './drive-settings.ts';
import { parseRun, runHelp } from './parse-run.ts';
import { complain } from './plain-text.ts';
import type { RunSettings } from './run-settings.ts';
import { Screenshot } from './screenshot.ts';
import { Terminal } from './terminal.ts';
import { TextWatch } from './text-watch.ts';

const EXIT_FAILURE = 1;
const EXIT_TEXT_NOT_SEEN = 3;
const DEFAULT_WAIT_SECONDS = 60;
/** Bytes of input that may wait for the guest before we stop reading more. */
const INPUT_LIMIT = 0x1_0000;
/** SeaBIOS's video BIOS for a standard VGA, as QEMU names it. */
const VIDEO_BIOS = 'vgabios-stdvga.bin';
const VIDEO_MEMORY_BYTES = 16 * 0x10_0000;
/** As a shell reports a process ended by a signal. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** A defect of the engine; its place is of use to whoever reports it. */
class MachineCrash extends Error {
  constructor(cause: Error) {
    super(`the machine crashed: ${cause.stack ?? cause.message}`);
  }
}

/** How `boxwright profile` watches a run. */
export interface Profiling {
  /** The plug is pulled after so long. */
  readonly seconds: number | undefined;
  show(rows: readonly ProfileRow[], statistics: Record<string, unknown>): void;
}

export async function run(args: readonly string[], profiling?: Profiling): Promise<number> {
  const settings = parseRun(args);
  if (settings.help) {
    process.stdout.write(runHelp());
    return 0;
  }
  const sinks: CharacterSink[] = [];
  try {
    const serial = settings.serial.map(openSink);
    sinks.push(...serial);
    const debug = settings.debugConsole === undefined ? undefined : openSink(settings.debugConsole);
    if (debug !== undefined) sinks.push(debug);
    const specs = resolveDrives(settings.drives, settings.driveDevices, settings.snapshot, settings.ahci);
    const opened = await openDrives(specs.map((spec) => ({ ...spec, anyReference: settings.allowReferences })));
    const runner = createMachineRunner(machineOptions(settings, opened.drives), opened.images, {
      profile: profiling !== undefined,
      ...(settings.codeArchive === undefined ? {} : { codeArchive: settings.codeArchive }),
    });
    return await runMachine(settings, runner, { serial, debug }, profiling);
  } catch (error) {
    if (!(error instanceof FileError || error instanceof BlockError || error instanceof BootError || error instanceof MachineCrash || error instanceof FailureError)) throw error;
    complain(error.message);
    return EXIT_FAILURE;
  } finally {
    for (const sink of sinks) sink.close();
  }
}

function machineOptions(settings: RunSettings, drives: readonly DriveOptions[]): MachineOptions {
  const { boot, bios } = settings;
  return {
    memoryBytes: settings.memoryBytes,
    cpuModel: settings.cpuModel,
    accelerator: settings.accelerator,
    ...(settings.codeCacheBytes === undefined ? {} : { codeCacheBytes: settings.codeCacheBytes }),
    ...(settings.uuid === undefined ? {} : { uuid: settings.uuid }),
    boot: settings.kernel === undefined ? undefined : readBootFiles(settings),
    firmware: {
      order: boot.order,
      menu: boot.menu,
      strict: boot.strict,
      ...(boot.once === undefined ? {} : { once: boot.once }),
      ...(bios === undefined ? {} : readBios(bios)),
    },
    drives,
    wallClockOffsetMs: settings.wallClockOffsetMs,
    serialPorts: Math.max(1, settings.serial.length),
    debugConsole: settings.debugConsole !== undefined,
    debugExit: settings.debugExit,
    testDevice: settings.testDevice,
    entropy: settings.entropy,
    hpet: settings.hpet,
    videoMemoryBytes: settings.vga === 'none' ? 0 : VIDEO_MEMORY_BYTES,
    onReset: settings.onReset,
    time: 'host',
  };
}

/** Debian keeps SeaBIOS and the video BIOS that it comes with in one folder. */
function readBios(path: string): Pick<FirmwareOptions, 'image' | 'videoImage'> {
  const video = join(dirname(path), VIDEO_BIOS);
  return { image: readBootFile(path), ...(existsSync(video) ? { videoImage: readBootFile(video) } : {}) };
}

interface Sinks {
  readonly serial: readonly CharacterSink[];
  readonly debug: CharacterSink | undefined;
}

async function runMachine(settings: RunSettings, runner: MachineRunner, { serial, debug }: Sinks, profiling: Profiling | undefined): Promise<number> {
  let status: number | undefined;
  const quit = (value: number): void => {
    status ??= value;
    void runner.powerOff();
  };
  const ended = new Promise<{ reason: StopReason; stats: MachineStats }>((resolve, reject) => {
    runner.on('stopped', (reason, stats) => resolve({ reason, stats }));
    runner.on('crashed', (error) => reject(new MachineCrash(error)));
    const guarded = <A extends unknown[]>(action: (...payload: A) => void) => (...payload: A): void => {
      try {
        action(...payload);
      } catch (error) {
        reject(error as Error);
        quit(EXIT_FAILURE);
      }
    };
    runner.on('serial', guarded((port, bytes) => serial[port]?.write(bytes)));
    runner.on('debug', guarded((bytes) => debug?.write(bytes)));
  });
  const profiled = new Promise<readonly ProfileRow[]>((resolve) => runner.on('profiled', resolve));
  // It is waited for only once the machine has started.
  ended.catch(() => {});
  runner.on('log', (level, message) => {
    if (level === 'warning' || level === 'error') complain(message);
  });
  runner.on('driveFailed', (drive, error) => complain(`drive ${drive}: ${error.message}`));
  runner.on('trayOpened', (drive) => complain(`the guest opened the tray of drive ${drive}`));
  const terminal = connectTerminal(settings, runner, () => quit(0));
  const screenshot = settings.screenshot === undefined ? undefined : new Screenshot(runner, {
    path: settings.screenshot,
    atSeconds: settings.atSeconds,
    onError: (error) => {
      complain(error.message);
      quit(EXIT_FAILURE);
    },
  });
  const watch = settings.waitForText === undefined ? undefined : new TextWatch(runner, {
    text: settings.waitForText,
    seconds: settings.waitSeconds ?? DEFAULT_WAIT_SECONDS,
    onSeen: () => quit(0),
    onTimeout: () => quit(EXIT_TEXT_NOT_SEEN),
  });
  for (const [signal, value] of Object.entries(SIGNALS)) process.once(signal, () => quit(value));
  // A reader that went away takes the machine with it.
  process.stdout.on('error', () => quit(EXIT_FAILURE));
  try {
    await runner.start(settings.restoreState);
    const saving = settings.saveState === undefined ? undefined : saveAt(runner, settings.saveState, settings.atSeconds ?? 0, (error) => {
      if (error !== undefined) complain(error.message);
      quit(error === undefined ? 0 : EXIT_FAILURE);
    });
    void ended.finally(() => clearTimeout(saving)).catch(() => {});
    terminal?.open();
    screenshot?.arm();
    watch?.arm();
    const limit = profiling?.seconds === undefined ? undefined : setTimeout(() => quit(0), profiling.seconds * 1000);
    const { reason, stats } = await ended;
    clearTimeout(limit);
    terminal?.close();
    screenshot?.finish();
    if (settings.stats) process.stderr.write(`${JSON.stringify(report(stats))}\n`);
    if (profiling !== undefined) profiling.show(await profiled, report(stats));
    watch?.finish();
    if (watch !== undefined && !watch.seen && (status ?? EXIT_TEXT_NOT_SEEN) === EXIT_TEXT_NOT_SEEN) {
      complain(watch.complaint());
      return EXIT_TEXT_NOT_SEEN;
    }
    return status ?? exitStatus(reason);
  } finally {
    terminal?.close();
  }
}

/** The machine stays as it was saved, so that its disks fit the state. */
function saveAt(runner: MachineRunner, path: string, seconds: number, done: (error?: Error) => void): NodeJS.Timeout {
  return setTimeout(() => {
    runner.pause();
    runner
      .saveState({ path, parent: undefined, layers: [], onReleased: () => {}, onProgress: () => {} })
      .then(() => done(), done);
  }, seconds * 1000);
}

/** The terminal serves the port that -serial stdio names. */
function connectTerminal(settings: RunSettings, runner: MachineRunner, quit: () => void): Terminal | undefined {
  const port = settings.serial.findIndex((target) => target.kind === 'stdio');
  if (port < 0) return undefined;
  let waiting = 0;
  const terminal = new Terminal({
    input: (bytes) => {
      waiting += bytes.length;
      // Below that we go on reading, so that Ctrl-A X works while the guest does not listen.
      if (waiting > INPUT_LIMIT) terminal.pause();
      runner.serialWrite(port, bytes);
    },
    quit,
  }, settings.nographic);
  runner.on('serialDrained', (drained) => {
    if (drained !== port) return;
    waiting = 0;
    terminal.resume();
  });
  return terminal;
}

function exitStatus(reason: StopReason): number {
  switch (reason.kind) {
    case 'debug-exit': return (reason.value * 2 + 1) & 0xff;
    case 'power-off': case 'reset': case 'triple-fault': case 'stopped': return 0;
  }
}

function report(stats: MachineStats): Record<string, unknown> {
  const busySeconds = (stats.hostNs - stats.idleNs) / 1e9;
  return {
    instructions: stats.instructions,
    mips: Number((stats.instructions / 1e6 / busySeconds).toFixed(1)),
    seconds: Number((stats.hostNs / 1e9).toFixed(3)),
    idleSeconds: Number((stats.idleNs / 1e9).toFixed(3)),
    regionsCompiled: stats.regionsCompiled,
    regionsAwaited: stats.regionsAwaited,
    tlbMisses: stats.tlbMisses,
    tierSeconds: Object.fromEntries(Object.entries(stats.tierNs).map(([tier, ns]) => [tier, Number((ns / 1e9).toFixed(3))])),
    compileWaits: { longestMs: Number((stats.compileWaits.longestNs / 1e6).toFixed(3)), ...stats.compileWaits.counts },
    counters: stats.counters,
    unclaimedPorts: stats.unclaimedPorts,
    unclaimedMemory: stats.unclaimedMemory,
  };
}
