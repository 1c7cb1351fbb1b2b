// One virtual CPU put together: memory, MMU, code cache and tiers, and the run loop between them.
// What the board sees of it is `CpuEngine`; how records run is `interpreter/`.
// Reference: Intel SDM vol. 3A 6.9 (priority among simultaneous exceptions and interrupts).

import type { Instruction } from '../x86/decode/instruction.ts';
import type { CpuContext } from '../x86/helpers/cpu-context.ts';
import { isStepDue, losePendingDebug, matchInstruction, recordDebug, takeDebugTrap } from '../x86/helpers/debug-register.ts';
import { deliverException } from '../x86/helpers/exception.ts';
import { FLOAT_HELPER_IMPLEMENTATIONS } from '../x86/helpers/float-helpers.ts';
import { SYSTEM_IMPLEMENTATIONS } from '../x86/helpers/index.ts';
import { EFLAGS_RF, EFLAGS_TF } from '../x86/state/control-bits.ts';
import {
  CPU_BLOCK_SIZE,
  CPU_FIELDS as F,
  EXIT_ATTENTION,
  EXIT_FAULT,
  EXIT_HALT,
  EXIT_HOT,
  EXIT_SLOW,
  MODE_FLAT_CS,
  MODE_LONG64,
  MODE_STEP,
  SEGMENT_INDEX,
  SHADOW_OF_STACK,
} from '../x86/state/cpu-state.ts';
import type { ArrivingPages } from '../snapshot/page-arrival.ts';
import type { PageCopies } from '../snapshot/page-guard.ts';
import { fromHalves } from '../x86/state/address.ts';
import { resetCpu } from '../x86/state/reset.ts';
import { Cpu } from './cpu.ts';
import { ATTENTION_COMPILED, ATTENTION_OWN, CODE_BASE, CPL, CS_BASE, CURRENT_RECORD, EXIT_REASON, MODE, RAN_USER_CODE, REGION_START, RETIRED, RIP, SHADOW } from './cpu-words.ts';
import { restoreCpu, saveCpu } from './cpu-section.ts';
import type { CpuEngine, CpuEngineOptions, CpuStats, CpuStop, PhysicalRegion } from './cpu-engine.ts';
import { defineSettleFlags } from './emit/left-flags.ts';
import { CodeCache, UNIT_FAULT } from './interpreter/code-cache.ts';
import { helperImports } from './interpreter/engine-imports.ts';
import { HandlerTable } from './interpreter/handlers.ts';
import { jumpTarget, STEP_KEY } from './interpreter/jump-cache.ts';
import { createMainLoop, type MainLoop } from './interpreter/main-loop.ts';
import { FIELD, HANDLER, RECORD_SIZE } from './interpreter/record.ts';
import { RecordCache } from './interpreter/record-cache.ts';
import type { CodePage } from './jit/code-mapping.ts';
import { Jit } from './jit/jit.ts';
import { HOT_ENTRIES, KNOWN_ENTRIES } from './jit/hot-blocks.ts';
import { OwnCompiler, SharedCompiler } from './jit/region-compiler.ts';
import { computeLayout, GUEST_PAGE, type MemoryLayout } from './layout.ts';
import { DEVICE, FAULTED, Mmu } from './mmu/mmu.ts';
import { FetchTlb } from './mmu/fetch-tlb.ts';
import { MappingEpochs } from './mmu/mapping-epochs.ts';
import { SegmentCheck } from './mmu/segment-check.ts';
import { Tlb } from './mmu/tlb.ts';
import { FLAT_TRANSFERS } from './segments/flat-transfers.ts';
import { defineMoveSegment } from './segments/move-segment.ts';
import { createSegmentRoutines } from './segments/segment-routine.ts';
import { createX87Routines } from './soft-float/x87-routines.ts';
import { loadWebAssembly } from './module-loader.ts';
import { PhysicalMap } from './physical-map.ts';
import type { RegionThreadTask } from './region-thread.ts';
import { TierTimes } from './tier-times.ts';
import { unitFaultVector } from './unit-fault.ts';
import { WaitingInterrupts } from './waiting-interrupts.ts';
import { createViews, type MemoryViews } from './views.ts';

const PAGE_MASK = GUEST_PAGE - 1;
const VECTOR_DB = 1;
const VECTOR_UD = 6;

export class Engine implements CpuEngine {
  readonly memory: WebAssembly.Memory;
  readonly ram: { readonly base: number; readonly bytes: number };
  readonly attentionAddress: number;
  readonly #layout: MemoryLayout;
  readonly #cpu: Cpu;
  readonly #views: MemoryViews;
  /** The CPU block as 32-bit words. */
  readonly #block: Uint32Array;
  readonly #map: PhysicalMap;
  readonly #mmu: Mmu;
  readonly #code: CodeCache;
  readonly #times: TierTimes;
  /** Why generated code came back to the run loop, how often, and what else costs time there. */
  readonly #counters = { lookups: 0, slowSteps: 0, hotBlocks: 0, attentions: 0, faults: 0, interrupts: 0, translationChanges: 0 };
  readonly #handlers: HandlerTable;
  readonly #run: MainLoop;
  readonly #fetches = new FetchTlb();
  readonly #steps = new RecordCache(4096);
  readonly #attention: number;
  readonly #epochs: MappingEpochs;
  readonly #jit: Jit | undefined;
  readonly #shared: SharedCompiler | undefined;
  readonly #isChained: boolean;
  /** The next instruction is one that a region left to the interpreter. */
  #slow = false;
  readonly #waiting: WaitingInterrupts;
  /** The record that execution left to look its target up, and its code base; 0 for a region, and when anything came between. */
  readonly #left = { record: 0, base: 0 };

  constructor(options: CpuEngineOptions) {
    const layout = computeLayout({ ramBytes: options.ramBytes, vramBytes: options.videoMemoryBytes });
    this.#layout = layout;
    this.memory = new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages, shared: true });
    this.ram = { base: layout.ramBase, bytes: layout.ramBytes + layout.vramBytes };
    const views = createViews(this.memory);
    this.#views = views;
    this.#epochs = new MappingEpochs(views, layout);
    this.#block = new Uint32Array(this.memory.buffer, layout.cpuBlock, CPU_BLOCK_SIZE / 4);
    this.#cpu = new Cpu(views, layout, options.model, options.environment);
    this.#waiting = new WaitingInterrupts(this.#cpu, this.#block);
    this.#map = new PhysicalMap(layout.ramBase, options.regions);
    const tlb = new Tlb(views, layout);
    const segmentCheck = new SegmentCheck(this.#cpu);
    const slowPaths: Record<string, unknown> = {
      memory: this.memory,
      ...helperImports<CpuContext>(this.#cpu, { ...SYSTEM_IMPLEMENTATIONS, ...FLOAT_HELPER_IMPLEMENTATIONS }),
      checkSegment: segmentCheck.check,
    };
    const segments = createSegmentRoutines(layout, slowPaths, [defineMoveSegment, ...FLAT_TRANSFERS, defineSettleFlags]);
    Object.assign(slowPaths, createX87Routines(layout, slowPaths), segments);
    const load = options.load ?? loadWebAssembly;
    this.#times = new TierTimes(options.stopwatchNs ?? (() => this.#cpu.environment.nowNs()));
    this.#handlers = new HandlerTable(layout, slowPaths, options.load);
    slowPaths['table'] = this.#handlers.table;
    this.#isChained = options.load === undefined && options.copiesTables !== true;
    const { features } = options.model;
    this.#code = new CodeCache({ views, tlb, handlers: this.#handlers, features, times: this.#times }, layout);
    this.#mmu = new Mmu({ views, cpu: this.#cpu, map: this.#map, tlb, code: this.#code }, layout);
    if (options.accelerator === 'jit') {
      const mapping = { codePage: (linear: number, user: boolean) => this.#codePage(linear, user) };
      const leavesBlock = (instruction: Instruction, mode: number) => this.#handlers.numbers.leavesBlock(instruction, mode);
      const own = new OwnCompiler({ memory: views.u8, layout, features, isChained: this.#isChained, leavesBlock }, load, slowPaths);
      this.#code.hotThreshold = options.hotThreshold ?? HOT_ENTRIES;
      this.#shared = options.regionChannel && new SharedCompiler(own, options.regionChannel, slowPaths);
      if (this.#shared !== undefined) this.#code.known = { keys: this.#shared.known, entries: KNOWN_ENTRIES };
      this.#jit = new Jit(
        { views, code: this.#code, handlers: this.#handlers, mapping, compiler: this.#shared ?? own },
        { layout, ...(options.codeCacheBytes === undefined ? {} : { codeCacheBytes: options.codeCacheBytes }) },
      );
    }
    this.#code.onInvalidate = (hostPage) => {
      this.#left.record = 0;
      if (hostPage === undefined) this.#steps.clear();
      this.#jit?.invalidated(hostPage);
    };
    const { slowRead, slowWrite, slowUpdate, slowProbe, deviceRead, deviceWrite, deviceUpdate } = this.#mmu;
    Object.assign(slowPaths, { slowRead, slowWrite, slowUpdate, slowProbe });
    Object.assign(slowPaths, { deviceRead, deviceWrite, deviceUpdate });
    this.#cpu.attach(this.#mmu, tlb, {
      translationsChanged: (scope) => this.#translationsChanged(scope),
      pageInvalidated: (address) => { if (this.#fetches.knows(address)) this.#translationsChanged('all'); },
    });
    this.#run = createMainLoop({ layout, imports: slowPaths, usual: this.#handlers.numbers.usual });
    this.attentionAddress = this.#cpu.address(F.attention);
    this.#attention = this.attentionAddress >> 2;
    this.#translationsChanged('all');
    this.reset('power-on');
  }

  get context(): CpuContext {
    return this.#cpu;
  }
  get stats(): CpuStats {
    const code = this.#code.stats;
    const jit = this.#jit?.stats;
    return {
      instructions: Number(this.#cpu.get64(F.retired)),
      regionsCompiled: this.#jit?.stats.installed ?? 0,
      regionsAwaited: this.#jit?.awaited ?? 0,
      tlbMisses: this.#mmu.stats.misses,
      tierNs: { ...this.#times.ns, ...(this.#shared && { compilerThread: this.#shared.elsewhereNs }) },
      compileWaits: this.#times.compileWaits,
      counters: {
        ...this.#counters,
        deviceAccesses: this.#mmu.stats.deviceAccesses,
        blocksDecoded: code.blocks,
        codePagesWritten: code.invalidations,
        codeResets: code.resets,
        regionsDropped: jit?.dropped ?? 0,
        regionsEvicted: jit?.evicted ?? 0,
        regionsRenewed: jit?.renewed ?? 0,
        regionBytes: jit?.bytes ?? 0,
        largestRegionBytes: jit?.largest ?? 0,
      },
    };
  }
  /** Counters and names that only tests and profiles look at. */
  get inspection() {
    return { code: this.#code.stats, jit: this.#jit?.stats, regions: this.#jit?.live, mmu: this.#mmu.stats };
  }

  get regionThread(): RegionThreadTask {
    return { memory: this.memory.buffer as SharedArrayBuffer, layout: this.#layout, features: this.#cpu.model.features, isChained: this.#isChained };
  }
  loseRegionThread(): void {
    this.#shared?.lose();
    this.#jit?.recall();
  }

  takeUserCode(): boolean {
    const ran = this.#block[RAN_USER_CODE] !== 0;
    this.#block[RAN_USER_CODE] = 0;
    return ran;
  }
  keepWarmCode(): void {
    this.#jit?.keepWarm();
  }
  rest(isTicking: boolean, ns: number): void {
    Atomics.and(this.#views.i32, this.#attention, ~ATTENTION_COMPILED);
    this.#jit?.rest(isTicking, ns);
  }
  setInterrupt(pending: boolean): void {
    this.#waiting.interrupt = pending;
    if (pending) this.#ask();
  }
  nmi(): void {
    this.#waiting.nmi = true;
    this.#ask();
  }
  setA20(enabled: boolean): void {
    if (this.#mmu.a20 === enabled) return;
    this.#mmu.setA20(enabled);
    this.#translationsChanged('all');
    this.#ask();
  }
  #ask(): void {
    Atomics.or(this.#views.i32, this.#attention, ATTENTION_OWN);
  }

  reset(kind: 'power-on' | 'init'): void {
    resetCpu(this.#cpu, kind);
    this.#cpu.updateMode();
    this.#cpu.flushTlb('all');
    this.#waiting.nmi = false;
    this.#ask();
  }
  saveState(): Uint8Array {
    return saveCpu(this.#cpu, this.#waiting.nmi);
  }
  restoreState(version: number, bytes: Uint8Array): void {
    this.#waiting.nmi = restoreCpu(this.#cpu, version, bytes);
    this.#cpu.updateMode();
    this.forgetCode();
  }
  forgetCode(): void {
    this.#slow = false;
    this.#code.reset();
    this.#cpu.flushTlb('all');
    this.#ask();
  }
  guardPages(copies: PageCopies | undefined): void {
    this.#mmu.guardPages(this.ram.base, copies);
  }
  awaitPages(pages: ArrivingPages | undefined): void {
    this.#mmu.awaitPages(this.ram.base, pages);
  }
  beforeRead(offset: number, length: number): void {
    this.#mmu.arrival?.waitAll(this.ram.base + offset, length);
  }
  beforeWrite(offset: number, length: number): void {
    this.beforeRead(offset, length);
    this.#mmu.guard?.beforeWrites(this.ram.base + offset, length);
  }
  invalidate(physical: number, length: number): void {
    for (let at = physical - (physical % GUEST_PAGE); at < physical + length; at += GUEST_PAGE) {
      const host = this.#map.host(at);
      if (host < 0) continue;
      this.#code.invalidatePage(host / GUEST_PAGE);
      this.#mmu.markVideoPage(host);
    }
  }
  setRegions(regions: readonly PhysicalRegion[]): void {
    this.#map.replace(regions);
    this.#cpu.flushTlb('all');
    this.#ask();
  }
  takeDirtyPages(pages: Uint8Array): boolean {
    return this.#mmu.collectVideoDirty(pages);
  }

  #translationsChanged(scope: 'all' | 'non-global'): void {
    this.#counters.translationChanges++;
    this.#epochs.countUp(scope);
    this.#left.record = 0;
    const space = this.#mmu.spaces.current;
    if (scope === 'non-global') {
      this.#code.jumps.enterSpace(space.number, this.#fetches.enterSpace(space));
      return;
    }
    this.#fetches.flush();
    this.#code.jumps.flush();
    space.beginCode();
  }

  run(maxInstructions: number): { readonly stop: CpuStop } {
    this.#times.begin();
    const stop = this.#runUntilStop(maxInstructions);
    // By whether the code to go on with is compiled.
    this.#times.end(this.#code.leadsToRegion(jumpTarget(this.#linearRip(), this.#block[MODE] as number)));
    return { stop };
  }

  #runUntilStop(maxInstructions: number): CpuStop {
    const cpu = this.#cpu;
    if (maxInstructions >= 2 ** 31) throw new RangeError(`more instructions than a region counts: ${maxInstructions}`);
    const limit = this.#wide(RETIRED) + maxInstructions;
    cpu.set64(F.retireLimit, BigInt(limit));
    for (;;) {
      // A plain look first: the exchange costs as much as a block.
      const asked = this.#views.i32[this.#attention] === 0 ? 0 : Atomics.exchange(this.#views.i32, this.#attention, 0);
      if ((asked & ATTENTION_COMPILED) !== 0) this.#takeRegions();
      if ((asked & ~(ATTENTION_OWN | ATTENTION_COMPILED)) !== 0) return 'attention';
      if (this.#takeInterrupt() === 'shutdown') return 'shutdown';
      if (this.#wide(RETIRED) >= limit) return 'budget';
      const stop = this.#runOnce();
      if (stop !== undefined) return stop;
    }
  }

  #takeInterrupt(): 'delivered' | 'shutdown' | undefined {
    const taken = this.#waiting.take();
    if (taken === undefined) return undefined;
    this.#left.record = 0;
    this.#counters.interrupts++;
    return taken;
  }

  /** Runs records until something must be looked at; the stop to report, if that is one. */
  #runOnce(): CpuStop | undefined {
    if ((this.#block[MODE] as number) & MODE_STEP) return this.#stepTraced();
    if (this.#slow) return this.#stepSlow();
    if (this.#waiting.isShadowed()) return this.#step();
    const header = this.#find(false);
    // Whether linked or not, it leads to nothing that comes later.
    this.#left.record = 0;
    if (header === undefined) return this.#deliverFault();
    this.#run(header);
    return this.#afterRun();
  }

  #afterRun(): CpuStop | undefined {
    switch (this.#block[EXIT_REASON]) {
      case EXIT_FAULT:
        this.#counters.faults++;
        this.#ripOfCurrentRecord();
        return this.#deliverFault();
      case EXIT_HALT:
        return this.#waiting.wakes() ? undefined : 'halt';
      case EXIT_SLOW:
        this.#counters.slowSteps++;
        this.#slow = true;
        return undefined;
      case EXIT_HOT:
        this.#counters.hotBlocks++;
        this.#compile();
        return undefined;
      case EXIT_ATTENTION:
        this.#counters.attentions++;
        return undefined;
      default:
        this.#counters.lookups++;
        this.#left.record = this.#block[CURRENT_RECORD] as number;
        // A region would come back to the stale record of an instruction over and over.
        if (this.#code.isStale(this.#left.record))
          this.#code.jumps.forget(jumpTarget(this.#linearRip(), (this.#block[MODE] as number) | STEP_KEY));
        this.#left.base = this.#wide(CODE_BASE);
        return undefined;
    }
  }

  /**
   * An instruction that a region left to the interpreter. Those that reach devices are noted; the dispatch loop finds
   * the others by itself the next time.
   */
  #stepSlow(): CpuStop | undefined {
    const linear = this.#linearRip();
    const mode = this.#block[MODE] as number;
    const user = this.#block[CPL] === 3;
    const { deviceAccesses } = this.#mmu.stats;
    const site = this.#fetches.lookup(linear, user);
    const left = this.#headerOfRegion();
    const stop = this.#step();
    if (site >= 0 && this.#jit?.leftSlowly(left, site) === true) this.#takeRegions();
    if (this.#mmu.stats.deviceAccesses !== deviceAccesses) {
      const host = this.#mmu.translate(linear, 'execute', user);
      if (host >= 0 && this.#jit?.reachedDevice(left, host) === true) this.#takeRegions();
    } else {
      const host = this.#fetches.lookup(linear, user);
      const header = host < 0 ? 0 : this.#knownStep(host, mode);
      if (header !== 0)
        this.#code.jumps.add(jumpTarget(linear, mode | STEP_KEY), this.#fetches.isGlobal(linear), header + RECORD_SIZE);
    }
    return stop;
  }

  /** Exactly one instruction, in the interpreter. */
  #step(): CpuStop | undefined {
    const cpu = this.#cpu;
    cpu.set32(F.interruptShadow, 0);
    this.#slow = false;
    const header = this.#find(true);
    this.#left.record = 0;
    if (header === undefined) return this.#deliverFault();
    // The block's own header is passed over and every other one is out of budget: a taken branch stops there.
    const low = cpu.low(F.retireLimit);
    const high = cpu.high(F.retireLimit);
    cpu.setHalves(F.retireLimit, 0, 0);
    this.#run(header + RECORD_SIZE);
    cpu.setHalves(F.retireLimit, low, high);
    const stop = this.#afterRun();
    this.#left.record = 0;
    return stop;
  }

  /** One instruction under TF or with breakpoints armed. SDM vol. 3B 18.3.1. */
  #stepTraced(): CpuStop | undefined {
    const cpu = this.#cpu;
    if (isStepDue(cpu) && takeDebugTrap(cpu, false)) return this.#deliverDebug();
    const flags = cpu.get32(F.flagRest);
    const behindStackLoad = this.#block[SHADOW] === SHADOW_OF_STACK;
    if ((flags & EFLAGS_RF) === 0 && !behindStackLoad) {
      const causes = matchInstruction(cpu, this.#linearRip());
      if (causes !== 0) {
        recordDebug(cpu, causes);
        return this.#deliverDebug();
      }
    }
    // RF is spent on this instruction; afterwards it is what IRET or a task switch has set.
    cpu.set32(F.flagRest, flags & ~EFLAGS_RF);
    // Accesses must come by the MMU, which looks for data breakpoints; and REP pauses after each pass.
    this.#mmu.flush();
    this.#ask();
    const stop = this.#step();
    const faulted = cpu.get32(F.exitReason) === EXIT_FAULT;
    if (faulted) losePendingDebug(cpu);
    if (stop === 'shutdown' || faulted) return stop;
    // MOV SS and POP SS hold traps back until the next instruction has ended; only the first of several does.
    if (this.#block[SHADOW] === SHADOW_OF_STACK && !behindStackLoad) return stop;
    return takeDebugTrap(cpu, (flags & EFLAGS_TF) !== 0) ? this.#deliverDebug() : stop;
  }

  #deliverDebug(): CpuStop | undefined {
    return deliverException(this.#cpu, VECTOR_DB, -1) === 'shutdown' ? 'shutdown' : undefined;
  }

  #linearRip(): number {
    return this.#linear(this.#wide(RIP));
  }
  #linear(rip: number): number {
    return (this.#block[MODE] as number) & MODE_LONG64 ? rip : (rip + (this.#block[CS_BASE] as number)) >>> 0;
  }

  /** Of the block whose region was left last; 0 where none is known there any more. */
  #headerOfRegion(): number {
    const [linear, mode] = [this.#linear(this.#wide(REGION_START)), this.#block[MODE] as number];
    const known = this.#code.findJump(jumpTarget(linear, mode));
    if (known !== 0) return known;
    const host = this.#fetches.lookup(linear, this.#block[CPL] === 3);
    return host < 0 ? 0 : (this.#code.block({ host, mode, single: false }) ?? 0);
  }

  /** The block at rip is hot, or its region reaches into pages that have to be checked first. */
  #compile(): void {
    const cpu = this.#cpu;
    const linear = this.#linearRip();
    const host = this.#fetch(linear);
    if (host === undefined) return;
    const block = { header: cpu.get32(F.currentRecord), host, linear, mode: cpu.get32(F.mode) };
    if (this.#views.u16[(block.header + FIELD.handler) >> 1] === HANDLER.spanning) {
      this.#jit?.check(block, { low: cpu.low(F.codeBase), high: cpu.high(F.codeBase) });
      return;
    }
    if (this.#jit?.isDue(block.header, cpu.environment.nowNs()) !== true) return;
    const done = this.#times.beginCompilation();
    this.#jit.request(block);
    done();
  }

  /** What another thread has compiled. */
  #takeRegions(): void {
    const done = this.#times.beginCompilation();
    this.#jit?.attend();
    done();
  }

  #ripOfCurrentRecord(): void {
    const cpu = this.#cpu;
    const record = cpu.get32(F.currentRecord);
    const offset = this.#views.u16[(record + FIELD.pageOffset) >> 1] as number;
    const rip = fromHalves(cpu.low(F.codeBase), cpu.high(F.codeBase)) + offset;
    cpu.setHalves(F.rip, rip | 0, Math.floor(rip / 0x1_0000_0000) | 0);
  }

  #deliverFault(): CpuStop | undefined {
    const cpu = this.#cpu;
    if (cpu.get32(F.faultVector) === VECTOR_UD && this.#isFirmwareCall()) return undefined;
    let vector = cpu.get32(F.faultVector);
    let errorCode = cpu.get32(F.faultError) | 0;
    if (vector === UNIT_FAULT) {
      vector = unitFaultVector(cpu, errorCode);
      errorCode = -1;
    }
    return deliverException(cpu, vector, errorCode) === 'shutdown' ? 'shutdown' : undefined;
  }

  /** Whether #UD came from a service instruction of the board's firmware, which is then done with. */
  #isFirmwareCall(): boolean {
    const { environment } = this.#cpu;
    if (environment.firmwareCall === undefined) return false;
    const host = this.#fetch(this.#linearRip());
    return host !== undefined && environment.firmwareCall(host - this.ram.base) === 'done';
  }

  /** Header record for rip; undefined after a fault was raised. Sets `codeBase`. */
  #find(single: boolean): number | undefined {
    const block = this.#block;
    const mode = block[MODE] as number;
    const rip = this.#wide(RIP);
    const linear = this.#linear(rip);
    const base = rip - (linear & PAGE_MASK);
    block[CODE_BASE] = base | 0;
    block[CODE_BASE + 1] = Math.floor(base / 0x1_0000_0000) | 0;
    const target = jumpTarget(linear, mode);
    if (!single) {
      const known = this.#code.findJump(target);
      if (known !== 0) return this.#linkTo(known);
    }
    if ((mode & (MODE_LONG64 | MODE_FLAT_CS)) === 0 && rip > this.#cpu.get32(F.segmentLimit, SEGMENT_INDEX.cs)) {
      this.#cpu.raise(13, 0);
      return undefined;
    }
    const host = this.#fetch(linear);
    if (host === undefined) return undefined;
    const known = single ? this.#knownStep(host, mode) : 0;
    if (known !== 0) return known;
    const request = { host, mode, single };
    const header = this.#code.block(request);
    if (header === undefined) return this.#crossing(linear, request);
    if (single) {
      this.#steps.add(host, mode, header);
      return header;
    }
    this.#code.jumps.add(target, this.#fetches.isGlobal(linear), header);
    return this.#linkTo(header);
  }

  /** Header of a block of one instruction that was run before, or 0. Regions leave few places to the interpreter, again and again. */
  #knownStep(host: number, mode: number): number {
    const header = this.#steps.find(host, mode);
    return header === 0 || this.#code.isStale(header) ? 0 : header;
  }

  /** Links the branch that was left through a look-up just now, if its target is in its own page. */
  #linkTo(header: number): number {
    const { record, base } = this.#left;
    if (record !== 0 && base === this.#wide(CODE_BASE)) this.#code.link(record, header);
    this.#left.record = 0;
    return header;
  }

  /** A 64-bit field as a signed number, exact below 2^53. */
  #wide(at: number): number {
    return fromHalves(this.#block[at] as number, this.#block[at + 1] as number);
  }

  #crossing(linear: number, request: { host: number; mode: number; single: boolean }): number | undefined {
    const nextPage = linear - (linear & PAGE_MASK) + GUEST_PAGE;
    const nextHost = this.#fetch(nextPage);
    if (nextHost === undefined) return undefined;
    const header = this.#code.crossing(request, nextHost);
    const isGlobal = this.#fetches.isGlobal(linear) && this.#fetches.isGlobal(nextPage);
    if (!request.single) this.#code.jumps.add(jumpTarget(linear, request.mode), isGlobal, header);
    return header;
  }

  /** Host address of an instruction byte; undefined after a fault. Code in device memory is not run. */
  #fetch(linear: number): number | undefined {
    const user = this.#block[CPL] === 3;
    const known = this.#fetches.lookup(linear, user);
    if (known >= 0) return known;
    const host = this.#mmu.translate(linear, 'execute', user);
    if (host === FAULTED) return undefined;
    if (host === DEVICE) {
      // Fetching from unmapped space reads all ones, which is no instruction (FF /7).
      this.#cpu.raise(6);
      return undefined;
    }
    this.#fetches.insert(linear, host, user, this.#mmu.walkedGlobal);
    if (!this.#mmu.walkedGlobal) this.#mmu.noteCode(linear, host, user);
    return host;
  }

  /** As `CodeMapping` has it; what is found out is only good for as long as the page stays where it is. */
  #codePage(linear: number, user: boolean): CodePage | undefined {
    const host = this.#mmu.codePage(linear, user);
    if (host !== undefined) this.#fetches.note(linear, this.#mmu.walkedGlobal);
    return host === undefined ? undefined : { host, isGlobal: this.#mmu.walkedGlobal };
  }
}

export const createCpuEngine = (options: CpuEngineOptions): CpuEngine => new Engine(options);
