// A machine: CPU, memory and board introduced to each other, and the loop that runs them in one thread. What
// stands on the board is `pc.ts`; which thread this is and where events go, the host says.

import type { Timer } from '../base/clock.ts';
import { TimerQueue } from '../bus/timer-queue.ts';
import type { UnclaimedCounter } from '../bus/unclaimed.ts';
import type { CpuEngine, CreateCpuEngine } from '../execution/cpu-engine.ts';
import type { PageCopies } from '../snapshot/page-guard.ts';
import { StateError } from '../snapshot/codec.ts';
import type { StateSection } from '../snapshot/state-host.ts';
import { CPU_MODELS } from '../x86/models/index.ts';
import { CR0_PG, EFLAGS_IF } from '../x86/state/control-bits.ts';
import { bootKernel } from './boot.ts';
import { BoardEnvironment } from './board-environment.ts';
import { type GuestClock, HostTimeClock, InstructionClock } from './guest-clock.ts';
import { Drives } from './drives.ts';
import { displayMemoryBytes } from './display-adapter.ts';
import { checkFirmware, firmwareRomBytes } from './firmware.ts';
import { IdleGuest } from './idle-guest.ts';
import { GuestRam, ramRegions } from './guest-ram.ts';
import { KeyQueue } from './key-queue.ts';
import type { MachineHost } from './machine-host.ts';
import { type MachineStateParts, RUN_SPEC, restoreSections, saveSections } from './machine-state.ts';
import type { MachineCommand } from './messages.ts';
import type { MachineOptions, MachineStats, StopReason } from './options.ts';
import { buildPc, type Pc } from './pc.ts';
import { savedPart } from './saved-part.ts';

/** The bit of the attention word that belongs to the world outside the CPU; the engine has others. */
const ATTENTION = 1;
/** Output waits this long for more of it. */
const FLUSH_NS = 1_000_000;
/** Changes of the CMOS memory are told together. */
const NVRAM_SETTLE_NS = 1_000_000_000;
/** The longest run without a look around, should nothing set the attention word. */
const MAX_SLICE = 100_000_000;
/** Instructions after waking from HLT before an alarm is set: most guests sleep again within them. */
const WAKING_SLICE = 40_000;

/** What `runFor` came back for: the machine ended, it sleeps for good, or its instructions or time are used up. */
export type RunResult = StopReason | { readonly kind: 'idle' } | { readonly kind: 'budget' };

export class Machine {
  readonly engine: CpuEngine;
  readonly board: Pc;
  readonly ram: GuestRam;
  readonly #options: MachineOptions;
  readonly #host: MachineHost;
  readonly #clock: GuestClock;
  readonly #timers: TimerQueue;
  readonly #attention: Int32Array;
  readonly #keys: KeyQueue;
  readonly #drives: Drives;
  readonly #startedNs: number;
  #idleNs = 0;
  readonly #idle = new IdleGuest();
  /** Just woken: the next slice is short, and not cut shorter by an alarm. */
  #waking = false;
  /** The guest has run for longer than the slice it was woken for. */
  #isBusy = false;
  /** The running slice is to end at the next deadline. */
  #hasAlarm = false;
  #paused = false;
  /** Stopped for its state to be taken or given: no guest code and no timers. */
  #held = false;
  /** The `hold` that is not answered yet, as drives are at work. */
  #holding: { readonly copies: PageCopies | undefined } | undefined;
  readonly #flushTimer: Timer;
  readonly #nvramTimer: Timer;
  #isNvramTold = true;
  /** No longer waiting for the state that it was made for: a restart boots. */
  #wasReleased = false;
  /** In HLT. */
  #halted = false;
  /** Firmware waits no longer: the next or present HLT ends at once. */
  #wakeWanted = false;
  #resetWanted = false;
  #ended: StopReason | undefined;

  /** Throws `BootError` when the kernel, its companions or the BIOS cannot be used. */
  constructor(options: MachineOptions, host: MachineHost, createCpuEngine: CreateCpuEngine) {
    checkFirmware(options);
    this.#options = options;
    this.#host = host;
    const environment = new BoardEnvironment();
    const regions = ramRegions(options.memoryBytes);
    this.engine = createCpuEngine({
      ramBytes: options.memoryBytes + firmwareRomBytes(options),
      videoMemoryBytes: displayMemoryBytes(options),
      regions,
      model: CPU_MODELS[options.cpuModel],
      environment,
      accelerator: options.accelerator,
      ...(options.codeCacheBytes === undefined ? {} : { codeCacheBytes: options.codeCacheBytes }),
      ...(host.regionChannel === undefined ? {} : { regionChannel: host.regionChannel }),
      ...(host.copiesTables === undefined ? {} : { copiesTables: host.copiesTables }),
      stopwatchNs: () => host.nowNs(),
    });
    this.#attention = new Int32Array(this.engine.memory.buffer, this.engine.attentionAddress, 1);
    this.ram = new GuestRam(this.engine, regions);
    const aheadMs = options.wallClockOffsetMs ?? 0;
    this.#clock = options.time === 'host'
      ? new HostTimeClock(host, aheadMs)
      : new InstructionClock(() => this.engine.stats.instructions, host.wallTimeMs() + aheadMs);
    this.#timers = new TimerQueue(this.#clock, (deadline) => this.#earlierDeadline(deadline));
    if (this.#clock instanceof HostTimeClock) this.#clock.follow(this.#timers);
    this.#drives = new Drives(options.drives ?? [], this.#timers, (event) => host.emit(event));
    this.#flushTimer = this.#timers.timer(() => this.#flush());
    this.#nvramTimer = this.#timers.timer(() => this.#tellNvram());
    const flushSoon = (): void => this.#flushTimer.arm(this.#timers.nowNs() + FLUSH_NS);
    this.board = buildPc({
      options,
      clock: this.#timers,
      log: { log: (level, message) => host.emit({ kind: 'log', level, message }) },
      ram: this.ram,
      engine: this.engine,
      drives: this.#drives.all,
      endHalt: (wanted) => { this.#wakeWanted = wanted; },
      random: (bytes) => host.random?.(bytes) ?? fixedBytes(bytes),
      reset: { reset: () => this.#interrupt(() => { this.#resetWanted = true; }) },
      power: { powerOff: () => this.#end({ kind: 'power-off' }) },
      debugExit: (status) => this.#end({ kind: 'debug-exit', value: (status - 1) / 2 }),
      onOutput: flushSoon,
      onNvramChange: () => {
        this.#isNvramTold = false;
        this.#nvramTimer.arm(this.#timers.nowNs() + NVRAM_SETTLE_NS);
      },
      onSerialDrained: (port) => host.emit({ kind: 'serial-drained', port }),
      onKeyboardLeds: (leds) => host.emit({ kind: 'keyboard-leds', leds }),
      emit: (event) => host.emit(event),
    });
    environment.connect(this.board, this.#timers);
    this.#keys = new KeyQueue(this.#timers, (key, down) => this.board.ps2.keyboard.key(key, down));
    this.#startedNs = host.nowNs();
    this.#powerOn();
    if (options.awaitsState === true) this.#setHeld(true);
  }

  get ended(): StopReason | undefined {
    return this.#ended;
  }

  /** Runs until the machine ends; the thread does nothing else meanwhile. */
  run(): StopReason {
    this.#host.emit({ kind: 'started' });
    // Commands posted before anybody could know the attention word.
    this.#takeCommands();
    while (this.#ended === undefined) {
      if (this.#step(MAX_SLICE) === 'idle') this.#sleep();
    }
    return this.#finish(this.#ended);
  }

  /** Runs at most so many instructions, and so much guest time, without ever blocking: for tests and tools. */
  runFor(instructions: number, guestNs = 1e10): RunResult {
    const end = this.engine.stats.instructions + instructions;
    const endNs = this.#timers.nowNs() + guestNs;
    // A slice counts as an instruction, so that a guest that resets before its first one comes to an end.
    for (let slices = 0; ; slices++) {
      if (this.#ended !== undefined) return this.#finish(this.#ended);
      const left = end - this.engine.stats.instructions - slices;
      if (left <= 0 || this.#timers.nowNs() >= endNs) return { kind: 'budget' };
      if (this.#step(left) === 'idle' && (!this.#interruptsOn() || !this.#leap())) return { kind: 'idle' };
    }
  }

  command(command: MachineCommand): void {
    switch (command.kind) {
      case 'pause': return this.#setPaused(true);
      case 'resume': return this.#setPaused(false);
      case 'reset': this.#resetWanted = true; return;
      case 'power-button': this.board.powerButton(); return;
      case 'stop': this.#ended ??= { kind: 'stopped' }; return;
      case 'keyboard': this.#keys.push(command.scanCodes); return;
      case 'mouse': this.board.ps2.mouse.move(command.dx, command.dy, command.wheel, command.buttons); return;
      case 'serial-input': this.board.serialInput(command.port, command.bytes); return;
      case 'display': this.board.display?.want(command.wanted); return;
      case 'frame-done': this.board.display?.frameDone(); return;
      case 'drive-done': case 'medium': this.#drives.command(command); return;
      case 'hold': return this.#hold(command.copies);
      case 'release': return this.#setHeld(false);
      case 'unguard': return this.engine.guardPages(undefined);
      case 'restore': this.engine.awaitPages(command.pages); return this.#takeState(command.sections);
      case 'arrived': return this.engine.awaitPages(undefined);
      case 'region-thread-lost': return this.engine.loseRegionThread();
      case 'request-stats': this.#host.emit({ kind: 'stats', stats: this.stats() }); return;
    }
  }

  stats(): MachineStats {
    return {
      ...this.engine.stats,
      hostNs: this.#host.nowNs() - this.#startedNs,
      idleNs: this.#idleNs,
      unclaimedPorts: countAll(this.board.ports.unclaimed),
      unclaimedMemory: countAll(this.board.memory.unclaimed),
    };
  }

  /** The state of everything but memory. Drives finish what they can finish in this thread; `busy` ones must have. */
  saveState(): StateSection[] {
    this.#drives.settle();
    this.board.settle();
    this.#flush();
    this.#flushTimer.cancel();
    this.#tellNvram();
    // Where blocks begin decides at which instruction a timer is seen: counted time goes on alike in every machine.
    if (this.#options.time === 'instructions') this.engine.forgetCode();
    return saveSections(this.#stateParts());
  }

  /** Into a machine made with `awaitsState`, once its memory is in place or awaited. Throws `StateError`. */
  restoreState(sections: readonly StateSection[]): void {
    restoreSections(this.#stateParts(), sections);
    this.#tellNvram();
  }

  #stateParts(): MachineStateParts {
    const { engine, board } = this;
    const run = savedPart(RUN_SPEC, () => ({
      ...this.#clock.save(), halted: this.#halted, wakeWanted: this.#wakeWanted, resetWanted: this.#resetWanted,
    }), ({ timeNs, leaptNs, halted, wakeWanted, resetWanted }) => {
      this.#clock.restore({ timeNs, leaptNs });
      this.#halted = halted;
      this.#wakeWanted = wakeWanted;
      this.#resetWanted = resetWanted;
    });
    const { devices, interruptControllers } = board;
    return { engine, devices, interruptControllers, parts: [run, this.#keys.section, ...board.savedParts()] };
  }

  #hold(copies: PageCopies | undefined): void {
    this.#setHeld(true);
    this.#holding = { copies };
    this.#answerHold();
  }

  /** Once no drive is at work. */
  #answerHold(): void {
    if (this.#holding === undefined) return;
    this.#drives.settle();
    if (this.#drives.busy) return;
    const { copies } = this.#holding;
    this.#holding = undefined;
    const sections = this.saveState();
    if (copies !== undefined) {
      const { memory, ram } = this.engine;
      const { tail } = copies;
      new Uint8Array(tail).set(new Uint8Array(memory.buffer, ram.base + ram.bytes - tail.byteLength, tail.byteLength));
      this.engine.guardPages(copies);
    }
    this.#host.emit({ kind: 'held', sections });
  }

  #takeState(sections: readonly StateSection[]): void {
    try {
      this.restoreState(sections);
      this.#host.emit({ kind: 'restored' });
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      this.#host.emit({ kind: 'not-restored', section: error.section, message: error.message });
    }
  }

  /** One slice: commands, due timers, guest code. */
  #step(limit: number): 'busy' | 'idle' {
    if ((Atomics.and(this.#attention, 0, ~ATTENTION) & ATTENTION) !== 0) this.#takeCommands();
    if (this.#ended !== undefined) return 'busy';
    if (this.#held) this.#answerHold();
    if (this.#stopped) return 'idle';
    if (this.#resetWanted) {
      // What still comes from the disks belongs to the memory before the reset.
      if (this.#drives.busy) return 'idle';
      this.#restart();
    }
    if (this.#ended !== undefined) return 'busy';
    this.#timers.runDue();
    if (this.#halted) {
      if (!this.#canWake()) return 'idle';
      this.#wakeWanted = false;
    }
    this.#halted = false;
    const { stop } = this.engine.run(this.#budget(limit));
    this.#hasAlarm = false;
    if (stop === 'attention') this.#takeCommands();
    if (stop === 'shutdown') this.#tripleFault();
    this.#halted = stop === 'halt' && !this.#wakeWanted;
    return this.#halted && !this.#resetWanted && this.#ended === undefined ? 'idle' : 'busy';
  }

  #canWake(): boolean {
    return this.#wakeWanted || (this.board.interrupts.pending() && this.#interruptsOn());
  }

  #interruptsOn(): boolean {
    return (this.engine.context.readFlags() & EFLAGS_IF) !== 0;
  }

  /**
   * Sets the alarm for the next deadline, or ends the slice there when time is counted in instructions. The first
   * slice after HLT goes without: waking the alarm's thread costs more than most such slices.
   */
  #budget(limit: number): number {
    const deadline = this.#timers.nextDeadlineNs();
    if (!(this.#clock instanceof HostTimeClock)) return Math.max(1, Math.min(limit, Math.ceil(deadline - this.#timers.nowNs())));
    if (this.#waking) {
      this.#waking = false;
      return Math.min(limit, WAKING_SLICE);
    }
    this.#isBusy = true;
    this.#hasAlarm = true;
    this.#host.alarm(this.#clock.hostTime(deadline));
    return limit;
  }

  #earlierDeadline(deadlineNs: number): void {
    if (!(this.#clock instanceof HostTimeClock)) Atomics.or(this.#attention, 0, ATTENTION);
    else if (this.#hasAlarm) this.#host.alarm(this.#clock.hostTime(deadlineNs));
  }

  /** Nothing to do before the next deadline or command. */
  #sleep(): void {
    if (this.#leap()) return;
    this.#flush();
    const deadline = this.#stopped ? Number.POSITIVE_INFINITY : this.#timers.nextDeadlineNs();
    if (this.#clock instanceof HostTimeClock) this.#clock.catchUpTo(deadline);
    const ranUserCode = this.engine.takeUserCode();
    this.#idle.slept(!ranUserCode && !this.#isBusy && this.#hasPaging());
    const before = this.#host.nowNs();
    const due = this.#clock.hostTime(deadline);
    if (due > before) this.#wait(this.#idle.sleepUntil(due), before);
    this.#waking = true;
    this.#isBusy = false;
  }

  #wait(untilNs: number, nowNs: number): void {
    for (let now = nowNs; now < untilNs; now = this.#host.nowNs()) {
      const word = Atomics.load(this.#attention, 0);
      if ((word & ATTENTION) !== 0) break;
      // It changes the word where it takes what that told: then there may be more.
      if (!this.#stopped) this.engine.rest(this.#idle.isIdle, untilNs - now);
      Atomics.wait(this.#attention, 0, word, (untilNs - now) / 1e6);
    }
    if ((Atomics.load(this.#attention, 0) & ATTENTION) !== 0) this.#idle.disturbed();
    const woken = this.#host.nowNs();
    this.#idle.woken(woken);
    this.#idleNs += woken - nowNs;
  }

  /** Guests without it may keep time for a person's ears in their timer interrupt. */
  #hasPaging(): boolean {
    return (this.engine.context.low('cr0') & CR0_PG) !== 0;
  }

  /** Time counted in instructions passes at once. False when it does not, or when nothing would ever happen. */
  #leap(): boolean {
    const deadline = this.#timers.nextDeadlineNs();
    if (this.#stopped || !(this.#clock instanceof InstructionClock) || deadline === Number.POSITIVE_INFINITY) return false;
    this.#clock.leapTo(deadline);
    return true;
  }

  #takeCommands(): void {
    for (let command = this.#host.receive(); command !== undefined; command = this.#host.receive()) this.command(command);
  }

  get #stopped(): boolean {
    return this.#paused || this.#held;
  }

  #setPaused(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#stop(() => { this.#paused = paused; });
    this.#host.emit({ kind: paused ? 'paused' : 'resumed' });
  }

  #setHeld(held: boolean): void {
    this.#stop(() => { this.#held = held; });
    if (held) return;
    this.#holding = undefined;
    this.#wasReleased = true;
  }

  /** Guest time stands still while anything keeps the machine from running. */
  #stop(change: () => void): void {
    const before = this.#stopped;
    change();
    if (this.#stopped === before) return;
    if (before) this.#clock.resume();
    else this.#clock.pause();
  }

  /** Does something and makes the running guest stop after its present block. */
  #interrupt(action: () => void): void {
    action();
    Atomics.or(this.#attention, 0, ATTENTION);
  }

  #end(reason: StopReason): void {
    this.#interrupt(() => { this.#ended ??= reason; });
  }

  #tripleFault(): void {
    this.#host.emit({ kind: 'log', level: 'warning', message: 'triple fault' });
    if (this.#options.onReset === 'stop') this.#ended ??= { kind: 'triple-fault' };
    else this.#resetWanted = true;
  }

  #restart(): void {
    this.#resetWanted = false;
    this.#halted = false;
    if (this.#options.onReset === 'stop') {
      this.#ended = { kind: 'reset' };
      return;
    }
    this.#flush();
    this.#keys.clear();
    this.ram.clear(this.#options.memoryBytes);
    this.#powerOn();
    this.#host.tidyUp?.();
    this.#host.emit({ kind: 'restarted' });
  }

  #powerOn(): void {
    this.board.reset();
    this.engine.reset('power-on');
    if (this.#options.awaitsState === true && !this.#wasReleased) return;
    if (this.#options.boot !== undefined) bootKernel(this.#options, this.#options.boot, this.engine.context, this.ram, this.board);
  }

  #flush(): void {
    this.board.serial.forEach((port, index) => {
      const bytes = port.output.take();
      if (bytes !== undefined) this.#host.emit({ kind: 'serial-output', port: index, bytes });
    });
    const debug = this.board.debugOutput?.take();
    if (debug !== undefined) this.#host.emit({ kind: 'debug-output', bytes: debug });
  }

  #tellNvram(): void {
    this.#nvramTimer.cancel();
    if (this.#isNvramTold) return;
    this.#isNvramTold = true;
    this.#host.emit({ kind: 'nvram', bytes: this.board.nvram });
  }

  #finish(reason: StopReason): StopReason {
    this.#flush();
    this.#tellNvram();
    this.board.display?.sendLast();
    if (reason.kind === 'power-off') this.engine.keepWarmCode();
    this.#host.emit({ kind: 'stopped', reason, stats: this.stats() });
    return reason;
  }
}

function fixedBytes(count: number): Uint8Array {
  let seed = 1;
  return Uint8Array.from({ length: count }, () => {
    seed = Math.imul(seed, 69069) + 1;
    return seed >>> 24;
  });
}

function countAll(counter: UnclaimedCounter): number {
  let sum = counter.others;
  for (const { reads, writes } of counter.byAddress.values()) sum += reads + writes;
  return sum;
}
