// Runs machines: one process each, whose word is taken only for what it is. States change here and nowhere else,
// along the table in shared/machine/lifecycle.ts. A process that dies, hangs or talks nonsense costs its own machine
// and nothing more.

import type { MachineId } from '../../shared/machine/config.ts';
import {
  canBecome,
  hasProcess,
  isAllowed,
  type MachineAction,
  type MachineState,
} from '../../shared/machine/lifecycle.ts';
import type { MergeLayersInput, RelinkInput } from '../../shared/machine/layer-merge.ts';
import type { SavedState, SaveStateInput } from '../../shared/machine/saved-state.ts';
import type { StartRequest } from '../../shared/machine/start-request.ts';
import type { MachineExit } from '../../shared/machine/view.ts';
import { connect } from '../../shared/rpc/connect.ts';
import type { Arguments, CallName, Client, InputOf, OutputOf } from '../../shared/rpc/contract.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say, textOf, wordOf } from '../../shared/units/phrase.ts';
import { type MachineContract, machineContract } from '../../shared/rpc/machine-contract.ts';
import { formatBytes } from '../../shared/units/bytes.ts';
import type { LogStore } from './log-store.ts';
import { PreparedProcesses } from './prepared-processes.ts';
import type { LaunchProcess, ProcessExit, ProcessHandle } from './process-handle.ts';
import { within } from './within.ts';

export interface Limits {
  readonly startMs: number;
  readonly callMs: number;
  readonly saveMs: number;
  readonly mergeMs: number;
  /** Between an orderly end, or the request for one, and the kill. */
  readonly endMs: number;
}

const LIMITS: Limits = { startMs: 120_000, callMs: 10_000, saveMs: 600_000, mergeMs: 24 * 3600_000, endMs: 5_000 };
const CRASH_LINES = 20;
/** The machine stands still meanwhile, which is no state of its own. */
const HELD_BY_US: readonly MachineState[] = ['saving', 'restoring'];

/** A state file to go on from. */
export interface SavedStart {
  readonly path: string;
  /** Everything is in place, and the guest about to run. */
  beforeRun(): Promise<void>;
}

export interface Run {
  readonly id: MachineId;
  readonly handle: ProcessHandle;
  readonly client: Client<MachineContract>;
  readonly startedAtMs: number;
  readonly exited: Promise<void>;
  /** How it is about to end, as far as is known before the process exits. */
  ending: Omit<MachineExit, 'timeMs' | 'lastLines'> | undefined;
}

interface Machine {
  state: MachineState;
  run: Run | undefined;
  lastExit: MachineExit | null;
}

export interface MachineStatus {
  readonly state: MachineState;
  readonly startedAtMs: number | null;
  readonly lastExit: MachineExit | null;
}

export interface SupervisorOptions {
  readonly launch: LaunchProcess;
  readonly logs: LogStore;
  /** Called after every change of a machine's state. */
  readonly onChange: (id: MachineId) => void;
  /** How far the writing of a machine's state, or the merging of its layers, is. */
  readonly onProgress?: (id: MachineId, done: number, total: number) => void;
  /** What a machine is to remember when it is switched off. */
  readonly onNvram?: (id: MachineId, hex: string) => void;
  /** The small picture of a running machine. */
  readonly onThumbnail?: (id: MachineId, pngBase64: string) => void;
  readonly now?: () => number;
  readonly limits?: Partial<Limits>;
}

export class MachineSupervisor {
  readonly #options: SupervisorOptions;
  readonly #limits: Limits;
  readonly #now: () => number;
  readonly #machines = new Map<MachineId, Machine>();
  readonly #prepared: PreparedProcesses;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#now = options.now ?? Date.now;
    this.#prepared = new PreparedProcesses(options.launch);
  }

  status(id: MachineId): MachineStatus {
    const machine = this.#machines.get(id);
    if (!machine) return { state: 'off', startedAtMs: null, lastExit: null };
    return {
      state: machine.state,
      startedAtMs: machine.run?.startedAtMs ?? null,
      lastExit: machine.lastExit,
    };
  }

  /** Number of machines that a process stands behind. */
  get active(): number {
    return [...this.#machines.values()].filter(({ run }) => run !== undefined).length;
  }

  /** Those that a process stands behind. */
  get running(): MachineId[] {
    return [...this.#machines].flatMap(([id, { run }]) => (run === undefined ? [] : [id]));
  }

  isRunning(id: MachineId): boolean {
    return this.#machines.get(id)?.run !== undefined;
  }

  /** Throws unless the action is legal now. */
  require(id: MachineId, action: MachineAction): void {
    const { state } = this.status(id);
    if (!isAllowed(action, state))
      throw new FailureError('machine.wrongState', say`This cannot be done while the machine is ${wordOf(state)}.`, {
        action,
        state,
      });
  }

  /** `work` comes before a start that follows at once: the machine's process gets ready meanwhile. */
  async beforeStart<T>({ id, name }: Pick<StartRequest, 'id' | 'name'>, work: () => Promise<T>): Promise<T> {
    if (!this.isRunning(id)) this.#prepared.prepare(id, name);
    try {
      return await work();
    } catch (error) {
      this.#prepared.drop(id);
      throw error;
    }
  }

  forget(id: MachineId): void {
    this.require(id, 'delete');
    this.#machines.delete(id);
  }

  /** `saved`: where it goes on. */
  async start(config: StartRequest, saved?: SavedStart): Promise<void> {
    this.require(config.id, 'start');
    const machine: Machine = { state: saved === undefined ? 'starting' : 'restoring', run: undefined, lastExit: null };
    this.#machines.set(config.id, machine);
    const run = this.#launch(config, machine);
    this.#options.onChange(config.id);
    try {
      await within(
        saved === undefined ? run.client.call('start', config) : run.client.call('startFrom', { config, path: saved.path, paused: true }),
        this.#limits.startMs,
        'The machine did not start in time.',
      );
      if (saved !== undefined) {
        await saved.beforeRun();
        await this.#ask(run.client.call('resume'));
      }
    } catch (error) {
      const failure = await this.#startFailure(run, error);
      this.#kill(run);
      await run.exited;
      throw failure;
    }
    this.#become(run, machine, 'running');
  }

  /** Takes as long as the memory is large. */
  async saveState(id: MachineId, input: SaveStateInput): Promise<SavedState> {
    const saved = await within(this.#client(id).call('saveState', input), this.#limits.saveMs, 'The state was not written in time.');
    const { bytes, pausedMs, pausedCpuMs, totalMs, pages, ownPages } = saved;
    const held = `${ownPages} of ${pages} pages, ${formatBytes(bytes)}`;
    this.#options.logs.add(id, 'info', `Its state was written in ${Math.round(totalMs)} ms (${held}); the guest stood still for ${Math.round(pausedMs)} ms, ${Math.round(pausedCpuMs)} ms of them computing.`);
    return saved;
  }

  /** Takes as long as the layers are large. */
  mergeLayers(id: MachineId, input: MergeLayersInput): Promise<void> {
    return within(this.#client(id).call('mergeLayers', input), this.#limits.mergeMs, 'The layers were not merged in time.');
  }

  /** The guest's disk waits meanwhile; images are made durable, which may take its time. */
  async relink(id: MachineId, input: RelinkInput): Promise<void> {
    await within(this.#client(id).call('relink', input), this.#limits.startMs, 'The disk was not put on its new layers in time.');
    this.#options.logs.add(id, 'info', `The disk ${input.drive} goes on with “${input.path}”.`);
  }

  pause(id: MachineId): Promise<void> {
    return this.#passing(id, 'pause', 'pausing', 'paused');
  }

  async resume(id: MachineId): Promise<void> {
    const { run, machine } = this.#running(id, 'resume');
    await this.#ask(run.client.call('resume'));
    this.#become(run, machine, 'running');
  }

  async reset(id: MachineId): Promise<void> {
    await this.#ask(this.#running(id, 'reset').run.client.call('reset'));
  }

  async powerButton(id: MachineId): Promise<void> {
    await this.#ask(this.#running(id, 'powerButton').run.client.call('powerButton'));
  }

  /** Resolves when the process is gone; it gets `endMs` to go by itself. */
  async powerOff(id: MachineId): Promise<void> {
    const { run, machine } = this.#running(id, 'powerOff');
    await this.#end(run, machine, { reason: 'userPowerOff', message: 'The machine was powered off.' });
  }

  /** Holds a machine still while `work` keeps its state, then ends it. When that fails it goes on as before. */
  async saveAndEnd(id: MachineId, work: () => Promise<void>): Promise<void> {
    const { run, machine } = this.#running(id, 'save');
    const from = machine.state;
    this.#become(run, machine, 'saving');
    try {
      if (from === 'running') await this.#ask(run.client.call('pause'));
      await work();
    } catch (error) {
      if (from === 'running') await this.#ask(run.client.call('resume')).catch(() => undefined);
      this.#become(run, machine, from);
      throw error;
    }
    await this.#end(run, machine, { reason: 'saved', message: 'The state of the machine was saved.' });
  }

  /** Whether a machine that is off goes on from a saved state at its next start. */
  setSaved(id: MachineId, saved: boolean): void {
    const machine = this.#machines.get(id) ?? { state: 'off' as const, run: undefined, lastExit: null };
    if (machine.run !== undefined || saved === (machine.state === 'saved')) return;
    this.#machines.set(id, machine);
    machine.state = saved ? 'saved' : 'off';
    this.#options.onChange(id);
  }

  async #end(run: Run, machine: Machine, ending: Run['ending']): Promise<void> {
    run.ending = ending;
    this.#become(run, machine, 'stopping');
    const timer = setTimeout(() => this.#kill(run), this.#limits.endMs);
    run.client.call('powerOff').catch(() => this.#kill(run));
    await run.exited;
    clearTimeout(timer);
  }

  /** A call to the process of a machine that runs, whatever its state. */
  ask<K extends CallName<MachineContract>>(
    id: MachineId,
    name: K,
    ...input: Arguments<InputOf<MachineContract, K>>
  ): Promise<OutputOf<MachineContract, K>> {
    return this.#ask(this.#client(id).call(name, ...input));
  }

  #client(id: MachineId): Client<MachineContract> {
    const run = this.#machines.get(id)?.run;
    if (!run) throw new FailureError('machine.wrongState', 'The machine is not running.', { id });
    return run.client;
  }

  /** Gives a console connection to the machine's process. */
  handOver(id: MachineId, request: unknown, connection: unknown): void {
    this.#running(id, 'openConsole').run.handle.handOver(request, connection);
  }

  /** For the end of the application: all machines are powered off. */
  async shutdown(): Promise<void> {
    this.#prepared.dropAll();
    const ends = [...this.#machines].flatMap(([id, { state, run }]) => {
      if (!run || !hasProcess(state)) return [];
      return isAllowed('powerOff', state) ? [this.powerOff(id)] : [run.exited];
    });
    await Promise.all(ends);
  }

  #launch(config: StartRequest, machine: Machine): Run {
    const { launch, logs } = this.#options;
    const { id } = config;
    const handle = this.#prepared.take(id) ?? launch('machine', config.name);
    let exited: () => void = () => undefined;
    const run: Run = {
      id,
      handle,
      client: connect(machineContract, handle.channel),
      startedAtMs: this.#now(),
      exited: new Promise((resolve) => {
        exited = resolve;
      }),
      ending: undefined,
    };
    machine.run = run;
    logs.add(id, 'info', `Started as process ${handle.pid ?? '?'}.`);
    handle.onLine((line) => logs.add(id, 'error', line));
    handle.onExit((exit) => {
      this.#ended(run, machine, exit);
      exited();
    });
    run.client.on('log', ({ level, text }) => logs.add(id, level, text));
    run.client.on('paused', () => {
      if (!HELD_BY_US.includes(machine.state)) this.#follow(run, machine, 'paused');
    });
    run.client.on('resumed', () => {
      if (!HELD_BY_US.includes(machine.state)) this.#follow(run, machine, 'running');
    });
    run.client.on('restarted', () => logs.add(id, 'info', 'The machine restarted.'));
    for (const event of ['saveProgress', 'mergeProgress'] as const)
      run.client.on(event, ({ done, total }) => this.#options.onProgress?.(id, done, total));
    run.client.on('nvram', ({ hex }) => this.#options.onNvram?.(id, hex));
    run.client.on('thumbnail', ({ pngBase64 }) => this.#options.onThumbnail?.(id, pngBase64));
    run.client.on('ended', (ending) => {
      run.ending ??= ending;
      if (hasProcess(machine.state)) this.#become(run, machine, 'stopping');
      setTimeout(() => this.#kill(run), this.#limits.endMs).unref();
    });
    return run;
  }

  /** The one place where a run is over. */
  #ended(run: Run, machine: Machine, exit: ProcessExit): void {
    const { id } = run;
    const { logs, onChange } = this.#options;
    const how = exit.signal ? `signal ${exit.signal}` : `exit code ${exit.code}`;
    const unexpected = say`The machine’s process ended unexpectedly (${how}).`;
    const ending = run.ending ?? {
      reason: 'crashed' as const,
      message: textOf(unexpected),
      phrase: unexpected,
    };
    logs.add(id, ending.reason === 'crashed' ? 'error' : 'info', `${ending.message} (${how})`);
    machine.lastExit = { ...ending, timeMs: this.#now(), lastLines: logs.tail(id, CRASH_LINES) };
    machine.run = undefined;
    machine.state = ending.reason === 'crashed' ? 'crashed' : 'off';
    onChange(id);
  }

  /** Why a start failed, in the words of the process where it had any. */
  async #startFailure(run: Run, error: unknown): Promise<FailureError> {
    const failure =
      error instanceof FailureError && error.code !== 'rpc.closed'
        ? error
        : new FailureError(
            'machine.startFailed',
            run.ending?.phrase ?? run.ending?.message ?? 'The machine’s process ended at its start.',
          );
    // A process that died by itself is a crash; one that said why it cannot start is not.
    if (!(error instanceof FailureError && error.code === 'rpc.closed'))
      run.ending ??= { reason: 'startFailed', message: failure.message, phrase: failure.phrase };
    return failure;
  }

  async #passing(id: MachineId, action: 'pause', through: MachineState, to: MachineState): Promise<void> {
    const { run, machine } = this.#running(id, action);
    const from = machine.state;
    this.#become(run, machine, through);
    try {
      await this.#ask(run.client.call(action));
    } catch (error) {
      this.#follow(run, machine, from);
      throw error;
    }
    this.#follow(run, machine, to);
  }

  #running(id: MachineId, action: MachineAction): { run: Run; machine: Machine } {
    this.require(id, action);
    const machine = this.#machines.get(id);
    if (!machine?.run)
      throw new FailureError('machine.wrongState', 'The machine is not running.', { action });
    return { run: machine.run, machine };
  }

  #ask<T>(answer: Promise<T>): Promise<T> {
    return within(answer, this.#limits.callMs, 'The machine does not answer.');
  }

  /** A state the process reports: followed where the table allows it, else not believed. */
  #follow(run: Run, machine: Machine, state: MachineState): void {
    if (machine.run === run && canBecome(machine.state, state)) this.#become(run, machine, state);
  }

  #become(run: Run, machine: Machine, state: MachineState): void {
    if (machine.run !== run || machine.state === state || machine.state === 'stopping') return;
    machine.state = state;
    this.#options.onChange(run.id);
  }

  #kill(run: Run): void {
    run.handle.kill();
  }
}
