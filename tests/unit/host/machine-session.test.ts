// A machine process's inside, with a runner that the test plays: configuration in, contract and consoles out.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultSettings, type MachineConfig } from '../../../shared/machine/config.ts';
import { connect } from '../../../shared/rpc/connect.ts';
import { machineContract } from '../../../shared/rpc/machine-contract.ts';
import type { MachineOptions, MachineStats } from '../../../src-main/engine/machine/options.ts';
import type { MergeOptions, RelinkOptions } from '../../../src-main/host/layer-merging.ts';
import type { MachineRunner, RunnerEvents, RunnerExtras } from '../../../src-main/host/machine-runner.ts';
import type { SaveOptions } from '../../../src-main/host/save-state.ts';
import { MachineSession } from '../../../src-main/host/machine-session.ts';
import { byteChannelPair, channelPair } from '../../support/channel-pair.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const STATS: MachineStats = {
  instructions: 4_000_000,
  regionsCompiled: 5,
  regionsAwaited: 0,
  tlbMisses: 6,
  tierNs: { regions: 3e6 },
  compileWaits: { longestNs: 0, counts: {} },
  counters: {},
  hostNs: 2e9,
  idleNs: 1.5e9,
  unclaimedPorts: 1,
  unclaimedMemory: 2,
};

class PlayedRunner implements MachineRunner {
  readonly options: MachineOptions;
  readonly asked: unknown[][] = [];
  readonly #handlers = new Map<string, ((...payload: never[]) => void)[]>();
  startError: Error | undefined;

  constructor(options: MachineOptions) {
    this.options = options;
  }

  async start(state?: string) {
    if (this.startError) throw this.startError;
    if (state !== undefined) this.asked.push(['start', state]);
  }
  pause = () => queueMicrotask(() => this.raise('paused'));
  resume = () => queueMicrotask(() => this.raise('resumed'));
  reset = () => this.raise('restarted');
  powerButton = () => void this.asked.push(['powerButton']);
  powerOff = async () => void this.asked.push(['powerOff']);
  keyboard = () => undefined;
  mouse = () => undefined;
  serialWrite = () => undefined;
  wantFrames = (wanted: boolean) => void this.asked.push(['wantFrames', wanted]);
  frameDone = () => undefined;
  changeMedium = async () => undefined;
  saveState = async (options: SaveOptions) => {
    this.asked.push(['saveState', options.path, options.parent, options.layers.map(({ drive }) => drive)]);
    options.onReleased(5);
    options.onProgress(1, 2);
    return { bytes: 10, pausedMs: 5, pausedCpuMs: 1, totalMs: 6, pages: 3, ownPages: 2, usesParent: false };
  };
  cancelSave = () => void this.asked.push(['cancelSave']);
  mergeLayers = async ({ drive, direction, top, into, onProgress }: MergeOptions) => {
    this.asked.push(['mergeLayers', drive, direction, basename(top), basename(into)]);
    onProgress(1, 2);
  };
  cancelMerge = () => void this.asked.push(['cancelMerge']);
  relink = async ({ drive, rebases }: RelinkOptions) => void this.asked.push(['relink', drive, rebases.length]);
  stats = async () => STATS;
  on<K extends keyof RunnerEvents>(event: K, handler: (...payload: RunnerEvents[K]) => void) {
    this.#handlers.set(event, [
      ...(this.#handlers.get(event) ?? []),
      handler as (...payload: never[]) => void,
    ]);
    return { dispose: () => undefined };
  }
  raise<K extends keyof RunnerEvents>(event: K, ...payload: RunnerEvents[K]): void {
    for (const handler of this.#handlers.get(event) ?? []) handler(...(payload as never[]));
  }
}

function session(
  patch: Partial<MachineConfig> = {},
  prepare: (runner: PlayedRunner) => void = () => undefined,
) {
  const folder = temporaryFolder();
  const kernel = join(folder, 'vmlinuz');
  const initrd = join(folder, 'initrd.gz');
  writeFileSync(kernel, 'kernel');
  writeFileSync(initrd, 'archive');
  const config: MachineConfig = {
    ...defaultSettings('A'),
    schema: 1,
    id: 'a',
    memoryMiB: 64,
    boot: { kernel, initrd, commandLine: 'quiet' },
    ...patch,
  };
  const [main, child] = channelPair();
  const client = connect(machineContract, main);
  const runners: PlayedRunner[] = [];
  const ends: number[] = [];
  const asked: (RunnerExtras | undefined)[] = [];
  const heard: unknown[][] = [];
  for (const name of ['paused', 'resumed', 'restarted', 'log', 'ended'] as const)
    client.on(name, (payload: unknown) => void heard.push([name, payload]));
  const session = new MachineSession({
    channel: child,
    createRunner: (options, _images, extras) => {
      asked.push(extras);
      const runner = new PlayedRunner(options);
      prepare(runner);
      runners.push(runner);
      return runner;
    },
    onEnd: (code) => void ends.push(code),
  });
  return { config, client, session, runner: () => runners[0] as PlayedRunner, ends, heard, main, folder, asked };
}

describe('a machine process', () => {
  it('turns the configuration into a machine', async () => {
    const { client, config, runner } = session({ cpu: { model: 'pentium3', engine: 'interpreter' } });
    await client.call('start', config);
    const { options } = runner();
    expect(options).toMatchObject({
      memoryBytes: 64 * 2 ** 20,
      cpuModel: 'pentium3',
      accelerator: 'interp',
      serialPorts: 1,
      onReset: 'restart',
      time: 'host',
      boot: { commandLine: 'quiet', kernel: { name: 'vmlinuz' } },
    });
    expect(Buffer.from(options.boot?.kernel.bytes ?? []).toString()).toBe('kernel');
    expect(options.boot?.modules.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()])).toEqual([
      ['initrd.gz', 'archive'],
    ]);
  });

  it('keeps compiled code where it is told to', async () => {
    for (const codeArchive of ['/data/compiled/a.code', undefined]) {
      const { client, config, asked } = session();
      await client.call('start', { ...config, ...(codeArchive === undefined ? {} : { codeArchive }) });
      expect(asked).toEqual([codeArchive === undefined ? {} : { codeArchive }]);
    }
  });

  it('does what it is asked and tells what happens', async () => {
    const { client, config, runner, heard } = session();
    await client.call('start', config);
    await client.call('pause');
    await client.call('resume');
    await client.call('reset');
    await client.call('powerButton');
    runner().raise('log', 'warning', 'two\nlines');
    await client.call('stats');
    expect(heard).toEqual([
      ['paused', undefined],
      ['resumed', undefined],
      ['restarted', undefined],
      ['log', { level: 'warning', text: 'two' }],
      ['log', { level: 'warning', text: 'lines' }],
    ]);
    expect(runner().asked).toEqual([['powerButton']]);
  });

  it('merges layers under a disk, and remembers the chain that it goes on with', async () => {
    const { config, client, runner, folder } = session();
    const [path, other] = [join(folder, 'top.qcow2'), join(folder, 'base.raw')];
    writeFileSync(path, new Uint8Array(1024));
    const progress: unknown[] = [];
    client.on('mergeProgress', (event) => void progress.push(event));
    await client.call('start', { ...config, drives: [{ id: 'hd', kind: 'disk', bus: 'ide', slot: 0, path, format: 'raw', readOnly: false }] });
    await client.call('mergeLayers', { drive: 'hd', direction: 'backward', into: other });
    await client.call('relink', { drive: 'hd', path: other, format: 'raw', rebases: [{ path, backing: null }] });
    await client.call('mergeLayers', { drive: 'hd', direction: 'forward', into: other });
    await client.call('cancelMerge');
    await eventually(() => progress.length === 2, 'the progress of both');
    expect(progress[0]).toEqual({ done: 1, total: 2 });
    expect(runner().asked).toEqual([
      ['mergeLayers', 'hd', 'backward', 'top.qcow2', 'base.raw'],
      ['relink', 'hd', 1],
      ['mergeLayers', 'hd', 'forward', 'base.raw', 'base.raw'],
      ['cancelMerge'],
    ]);
    await expect(client.call('mergeLayers', { drive: 'no', direction: 'forward', into: other })).rejects.toMatchObject({ code: 'machine.unsupported' });
  });

  it('computes load and speed', async () => {
    const { client, config } = session();
    await client.call('start', config);
    expect(await client.call('stats')).toMatchObject({
      runningMs: 2000,
      load: 0.25,
      mips: 2,
      instructions: 4_000_000,
      unclaimedPorts: 1,
      unclaimedMemory: 2,
      regionsMs: 3,
    });
  });

  it.each([
    [{ kind: 'power-off' }, 'guestPowerOff'],
    [{ kind: 'reset' }, 'guestReset'],
    [{ kind: 'triple-fault' }, 'tripleFault'],
    [{ kind: 'debug-exit', value: 3 }, 'debugExit'],
  ] as const)('ends when the machine stops: %j', async (reason, told) => {
    const { client, config, runner, heard, ends, session: process } = session();
    await client.call('start', config);
    const [window, channel] = byteChannelPair();
    process.connectConsole(channel);
    runner().raise('stopped', reason, STATS);
    await eventually(() => ends.length === 1, 'the end');
    expect(ends).toEqual([0]);
    expect(heard.at(-1)).toMatchObject(['ended', { reason: told }]);
    await eventually(() => window.closed, 'the console closes');
  });

  it('tells of a crash of the engine and ends with a status', async () => {
    const { client, config, runner, heard, ends } = session();
    await client.call('start', config);
    runner().raise('crashed', new Error('unreachable executed'));
    await eventually(() => ends.length === 1, 'the end');
    expect(ends).toEqual([70]);
    expect(heard.at(-1)).toEqual([
      'ended',
      { reason: 'crashed', message: 'The engine failed: unreachable executed' },
    ]);
    expect(heard.filter(([name]) => name === 'log').length).toBeGreaterThan(1);
    await expect(client.call('pause')).rejects.toMatchObject({ code: 'machine.wrongState' });
  });

  it('powers off and ends, also before it was started', async () => {
    const started = session();
    await started.client.call('start', started.config);
    await started.client.call('powerOff');
    expect(started.runner().asked).toEqual([['powerOff']]);
    expect(started.ends).toEqual([0]);
    const fresh = session();
    await fresh.client.call('powerOff');
    expect(fresh.ends).toEqual([0]);
  });

  it('ends with its parent', async () => {
    const { main, ends } = session();
    main.close();
    await eventually(() => ends.length === 1, 'the end');
  });

  it('writes serial ports to files', async () => {
    const { client, config, runner, ends, folder } = session();
    const file = join(folder, 'serial.log');
    await client.call('start', { ...config, serial: [{ kind: 'console' }, { kind: 'file', path: file }] });
    const buffer = Uint8Array.from([104, 105, 10]);
    runner().raise('serial', 1, buffer);
    buffer.fill(0);
    runner().raise('serial', 0, Uint8Array.of(33));
    runner().raise('stopped', { kind: 'power-off' }, STATS);
    await eventually(() => ends.length === 1, 'the end');
    expect(readFileSync(file, 'utf8')).toBe('hi\n');
  });

  it('goes on without a serial file it cannot write, and says so', async () => {
    const { client, config, runner, heard, ends, folder } = session();
    const file = join(folder, 'no', 'such', 'folder');
    await client.call('start', { ...config, serial: [{ kind: 'file', path: file }] });
    await eventually(() => JSON.stringify(heard).includes('Serial port 1'), 'the message');
    runner().raise('serial', 0, Uint8Array.of(33));
    runner().raise('stopped', { kind: 'power-off' }, STATS);
    await eventually(() => ends.length === 1, 'the end');
    expect(existsSync(file)).toBe(false);
  });
});

describe('a start', () => {
  it.each([
    ['no kernel', { kernel: null }, 'machine.startFailed', 'neither a disk'],
    ['a kernel that is not there', { kernel: '/nowhere/vmlinuz' }, 'files.notFound', '/nowhere/vmlinuz'],
    ['a kernel that is a folder', { kernel: '/' }, 'files.wrongKind', 'folder'],
    [
      'an initial RAM disk that is not there',
      { initrd: '/nowhere/initrd' },
      'files.notFound',
      '/nowhere/initrd',
    ],
  ])('with %s fails and names it', async (_what, boot, code, words) => {
    const { client, config } = session();
    await expect(
      client.call('start', { ...config, boot: { ...config.boot, ...boot } }),
    ).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words),
    });
  });

  it('that the loader refuses fails with the loader’s words', async () => {
    const { client, config } = session({}, (runner) => {
      runner.startError = Object.assign(new Error('vmlinuz: is not a Linux kernel image'), {
        code: 'not-a-kernel',
      });
    });
    await expect(client.call('start', config)).rejects.toMatchObject({
      code: 'machine.startFailed',
      message: 'vmlinuz: is not a Linux kernel image',
      detail: { reason: 'not-a-kernel' },
    });
  });

  it('happens once', async () => {
    const { client, config } = session();
    await client.call('start', config);
    await expect(client.call('start', config)).rejects.toMatchObject({ code: 'machine.wrongState' });
  });
});
