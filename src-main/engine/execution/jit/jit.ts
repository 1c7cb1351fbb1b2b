// The JIT as the engine sees it: takes hot blocks, has their regions compiled, and puts the finished functions
// where the block's header record finds them.

import { isControlUsual } from '../../x86/semantics/usual-numbers.ts';
import { CPU_FIELDS } from '../../x86/state/cpu-state.ts';
import { type CodeCache, USED_PART } from '../interpreter/code-cache.ts';
import type { HandlerTable } from '../interpreter/handlers.ts';
import { jumpTarget } from '../interpreter/jump-cache.ts';
import { FIELD, HANDLER, HEADER } from '../interpreter/record.ts';
import { GUEST_PAGE, type MemoryLayout, pageOf } from '../layout.ts';
import type { MemoryViews } from '../views.ts';
import { type CodeMapping, pageNear } from './code-mapping.ts';
import { isCodeAt } from './decoded-code.ts';
import { DeviceSites } from './device-sites.ts';
import { FailingSites, WatchedSites } from './failing-sites.ts';
import { COMPILING_SLEEP_NS, HotBlocks, MOST_WARM, RESTING_ENTRIES, WARM_PART } from './hot-blocks.ts';
import { type LiveRegion, LiveRegions } from './live-regions.ts';
import type { LoadedRegion, RegionAnswer, RegionCompiler } from './region-compiler.ts';
import type { RegionFacts } from './region-request.ts';
import { placeInRegion } from './region.ts';
import { RequestMaker } from './request-maker.ts';
import { type HotBlock, type WantedRegion, WaitingRegions } from './waiting-regions.ts';
import { WarmBlocks } from './warm-blocks.ts';

const slotsOf = (regions: readonly LiveRegion[]): ReadonlySet<number> => new Set(regions.map(({ slot }) => slot));

export const DEFAULT_CODE_CACHE_BYTES = 256 * 1024 * 1024;

/** Under which regions are compiled that are only to be kept. */
const NO_TICKET = 0;

/** Entries of a block that is never asked for: it counts on below zero. */
const NEVER = 0;

/** Checks that a region may fail before it is kept to its own page. */
const MAX_FAILED_CHECKS = 4;

export class Jit {
  readonly stats = { installed: 0, dropped: 0, remapped: 0, spanning: 0, refused: 0, evicted: 0, renewed: 0, outdated: 0, proven: 0, instructions: 0, bytes: 0, largest: 0 };
  /** What went wrong with the last region that could not be translated. */
  lastFailure: string | undefined;
  readonly #views: MemoryViews;
  readonly #layout: MemoryLayout;
  readonly #code: CodeCache;
  readonly #handlers: HandlerTable;
  readonly #sites = {
    wideChecks: new FailingSites(),
    suppositions: new FailingSites(),
    x87Entries: new FailingSites(),
    devices: new DeviceSites(),
  };
  readonly #mapping: CodeMapping;
  readonly #requests: RequestMaker;
  readonly #waiting: WaitingRegions;
  readonly #compiler: RegionCompiler;
  readonly #byPage = new Map<number, Set<LiveRegion>>();
  readonly #byHeader = new Map<number, LiveRegion>();
  /** How many regions that reach into other pages blocks have lost, by header. */
  readonly #failedChecks = new Map<number, number>();
  readonly #live: LiveRegions;
  readonly #hot = new HotBlocks();
  readonly #warm: WarmBlocks;

  constructor(
    parts: {
      views: MemoryViews;
      code: CodeCache;
      handlers: HandlerTable;
      compiler: RegionCompiler;
      mapping: CodeMapping;
    },
    options: { layout: MemoryLayout; codeCacheBytes?: number },
  ) {
    this.#views = parts.views;
    this.#code = parts.code;
    this.#handlers = parts.handlers;
    this.#compiler = parts.compiler;
    this.#mapping = parts.mapping;
    this.#layout = options.layout;
    this.#waiting = new WaitingRegions(parts.code);
    this.#warm = new WarmBlocks(parts.code);
    this.#requests = new RequestMaker({ ...parts, sites: this.#sites, layout: options.layout });
    this.#live = new LiveRegions(options.codeCacheBytes ?? DEFAULT_CODE_CACHE_BYTES, parts.handlers.table.length);
  }

  /** Regions and what they are estimated to take. */
  get live(): { readonly regions: number; readonly bytes: number } {
    return { regions: this.#live.size, bytes: this.#live.bytes };
  }

  /** Regions that are still to come. */
  get awaited(): number {
    return this.#waiting.size;
  }

  /** Whether a block whose entries are counted down is to be taken to `request` now; otherwise it counts on. */
  isDue(header: number, nowNs: number): boolean {
    if (this.#live.isOnProof(header) || this.#hot.isDue(nowNs)) return true;
    this.#code.countAnew(header, RESTING_ENTRIES);
    return false;
  }

  /**
   * The guest sleeps for so long, if nothing wakes it; `isTicking`: it does nothing but serve its ticks. Takes what another thread has compiled,
   * and has warm blocks compiled there, as long as they are not what would throw others out.
   */
  rest(isTicking: boolean, ns: number): void {
    this.#hot.isResting = isTicking;
    if (!this.#compiler.isElsewhere) return;
    this.attend();
    if (ns < COMPILING_SLEEP_NS || !this.#live.hasMuchRoom) return;
    this.#warm.search(this.#code.hotThreshold * USED_PART, this.#views.i32[(this.#layout.cpuBlock + CPU_FIELDS.retired.offset) >> 2] as number);
    while (this.#waiting.size < this.#compiler.capacity) {
      const block = this.#warm.next();
      if (block === undefined) break;
      if (!this.#live.isOnProof(block.header)) this.#want(block, block.isMapped);
    }
    this.attend();
  }

  /** Has a hot block's region compiled; or lets the block go to the one it has, which was put to the proof. */
  request(block: HotBlock): void {
    const { header } = block;
    const proven = this.#live.entered(header);
    if (proven !== undefined) {
      this.#enable(proven);
      this.stats.proven++;
      return;
    }
    this.#want(block);
    this.attend();
  }

  /** False where it is wanted already. `isMapped`: as `WarmBlock`'s. */
  #want(block: HotBlock, isMapped = true): boolean {
    if (this.#waiting.has(block.header)) return false;
    const isConfined = !isMapped || (this.#failedChecks.get(block.header) ?? 0) >= MAX_FAILED_CHECKS;
    this.#waiting.add(this.#requests.want(block, isConfined));
    this.#compiler.begin();
    return true;
  }

  /** Takes what has been compiled, and has more compiled; between two runs of guest code. */
  attend(): void {
    for (;;) {
      const answer = this.#compiler.receive();
      if (answer !== undefined) this.#take(answer);
      else if (!this.#sendNext()) return;
    }
  }

  /**
   * Has blocks that nearly became hot compiled, where that is kept for the next start; the machine runs no more. Where they are mapped is
   * not asked, so their regions end with their pages.
   */
  keepWarm(): void {
    if (!this.#compiler.keeps) return;
    for (const block of this.#code.warmBlocks(this.#code.hotThreshold * WARM_PART).slice(0, MOST_WARM)) {
      const wanted = this.#requests.want({ ...block, linear: block.host % GUEST_PAGE }, true);
      this.#compiler.submit(this.#requests.request(NO_TICKET, wanted));
    }
  }

  /** False where nothing waits, or the compiler takes no more. */
  #sendNext(): boolean {
    const next = this.#waiting.sent < this.#compiler.capacity ? this.#waiting.next() : undefined;
    if (next !== undefined) this.#send(next);
    return next !== undefined;
  }

  /**
   * The compiler answers nothing any more, and another one takes its place. Blocks become hot anew, so that the guest does not
   * wait for the regions of all of them at once.
   */
  recall(): void {
    for (const { block: { header } } of this.#waiting.takeAll()) {
      if (this.#code.countdownOf(header) !== undefined) this.#code.countAnew(header);
    }
  }

  #send(wanted: WantedRegion): void {
    this.#compiler.submit(this.#requests.request(this.#waiting.send(wanted), wanted));
  }

  #take({ ticket, outcome }: RegionAnswer): void {
    const wanted = this.#waiting.answered(ticket);
    if (wanted === undefined) return;
    const { header } = wanted.block;
    const isThere = !this.#code.isStale(header);
    if (outcome.kind === 'pages' && isThere) {
      wanted.asks--;
      this.#requests.addPages(wanted, outcome.wanted);
      this.#send(wanted);
      return;
    }
    const isCurrent = outcome.kind === 'compiled' && isThere && isCodeAt(outcome.facts.code, this.#views.u8, (offset) => placeInRegion(wanted, offset));
    const former = this.#byHeader.get(header);
    if (former !== undefined) this.#drop([former]);
    if (isCurrent) {
      this.#install(wanted, outcome.facts, outcome.function);
      return;
    }
    const isRefused = outcome.kind === 'refused';
    if (isRefused) this.lastFailure = outcome.failure;
    this.stats[isRefused ? 'refused' : 'outdated']++;
    // A refused block is not asked for again, but for one that had a region.
    if (isThere) this.#code.countAnew(header, isRefused && former === undefined ? NEVER : this.#code.hotThreshold);
  }

  /**
   * The region of a block left the instruction at a host address to the interpreter because of a device. True where there is
   * now something to `attend` to.
   */
  reachedDevice(header: number, host: number): boolean {
    const region = this.#sites.devices.note(host) ? this.#byHeader.get(header) : undefined;
    return region !== undefined && !region.deviceCalls.has(host) && this.#renew(region);
  }

  /**
   * The region of a block left the instruction at a host address to the interpreter: perhaps because of a check that was too
   * wide, or of unusual numbers or of the x87 control word. An unusual MXCSR is so for the instructions that follow, too.
   * True where there is now something to `attend` to.
   */
  leftSlowly(header: number, host: number): boolean {
    const region = this.#byHeader.get(header);
    if (region === undefined) return false;
    const isUnusual = region.watched.failed(this.#sites.suppositions, host);
    if (isUnusual && !isControlUsual(this.#views.i32[(this.#layout.cpuBlock + CPU_FIELDS.mxcsr.offset) >> 2] as number))
      this.#sites.suppositions.pageFailed(host);
    const failed = [this.#sites.wideChecks, this.#sites.x87Entries].some((sites) => region.watched.failed(sites, host));
    return (isUnusual || failed) && this.#renew(region);
  }

  /** Has a region translated anew with what has been learned; it serves until then. False where that is under way. */
  #renew(region: LiveRegion): boolean {
    const isNew = this.#want(region);
    if (isNew) this.stats.renewed++;
    return isNew;
  }

  #install({ block, pages: known }: WantedRegion, facts: RegionFacts, { module, entry, bytes }: LoadedRegion): void {
    const pages = new Map(facts.pages.map((index) => [index, known.get(index) as number]));
    const hostOf = (offset: number): number => placeInRegion({ pages }, offset);
    const { header, linear, mode } = block;
    const surplus = this.#live.surplus(module);
    this.#drop(surplus);
    for (const old of surplus) this.#code.countAnew(old.header);
    this.stats.evicted += surplus.length;
    const { places } = facts.code;
    for (let at = 0; at < places.length; at += 2) this.#code.markDecoded(hostOf(places[at] as number), places[at + 1] as number);
    const installed = this.#live.add({ ...block, pages, module, watched: this.#watched(block, facts, hostOf), deviceCalls: new Set(facts.deviceCalls.map(hostOf)) });
    this.#byHeader.set(header, installed);
    this.#handlers.table.set(installed.slot, entry);
    this.#views.i32[(header + HEADER.regionSlot) >> 2] = installed.slot;
    this.#enter(installed);
    this.stats.installed++;
    if (pages.size > 1) this.stats.spanning++;
    this.stats.instructions += facts.instructions;
    this.stats.bytes += bytes;
    this.stats.largest = Math.max(this.stats.largest, bytes);
    this.#enable(installed);
    if (pages.size === 1) this.#code.jumps.setRegion(jumpTarget(linear, mode), true, installed);
    const due = this.#live.dueForProof();
    this.#code.jumps.forgetRegions(slotsOf(due));
    for (const one of due) this.#code.countAnew(one.header, 1);
  }

  #watched({ host }: HotBlock, { wide, supposing, supposesControl }: RegionFacts, hostOf: (offset: number) => number): WatchedSites {
    const watched = new WatchedSites();
    const { wideChecks, suppositions, x87Entries } = this.#sites;
    for (const offset of wide) watched.add(wideChecks, hostOf(offset));
    for (const offset of supposing) watched.add(suppositions, hostOf(offset));
    if (supposesControl) watched.add(x87Entries, host);
    return watched;
  }

  /** Into the list of each of its pages. */
  #enter(installed: LiveRegion): void {
    for (const host of installed.pages.values()) {
      const page = pageOf(host);
      const others = this.#byPage.get(page) ?? new Set();
      others.add(installed);
      this.#byPage.set(page, others);
    }
  }

  /** From now on entries of its block go to the region, once its other pages have been checked. */
  #enable({ header, pages }: LiveRegion): void {
    const { u16, i32 } = this.#views;
    u16[(header + FIELD.handler) >> 1] = pages.size > 1 ? HANDLER.spanning : HANDLER.region;
    if (pages.size === 1) return;
    i32[(header + HEADER.epoch) >> 2] = this.#layout.mappingEpoch;
    // Code bases end in twelve zero bits or are those of a segment; all ones is none that occurs: checked at first entry.
    i32.fill(-1, (header + HEADER.checkedBase) >> 2, (header + HEADER.checkedEpoch + 8) >> 2);
  }

  /**
   * Whether a block's region reaches into other pages and may now be entered, for as long as no translation
   * changes. One whose pages are no longer where they were is dropped.
   */
  check(block: HotBlock, codeBase: { readonly low: number; readonly high: number }): boolean {
    const installed = this.#byHeader.get(block.header);
    if (installed === undefined) return false;
    let isGlobal = true;
    for (const [index, host] of installed.pages) {
      if (index === 0) continue;
      const page = pageNear(this.#mapping, block, index);
      isGlobal &&= page?.isGlobal === true;
      if (page?.host === host) continue;
      this.stats.remapped++;
      this.#failedChecks.set(block.header, (this.#failedChecks.get(block.header) ?? 0) + 1);
      this.#drop([installed]);
      this.#code.countAnew(block.header);
      return false;
    }
    const { i32 } = this.#views;
    const at = (block.header + HEADER.checkedBase) >> 2;
    i32[at] = codeBase.low;
    i32[at + 1] = codeBase.high;
    const epoch = isGlobal ? this.#layout.globalEpoch : this.#layout.mappingEpoch;
    i32[(block.header + HEADER.epoch) >> 2] = epoch;
    i32.copyWithin(at + 2, epoch >> 2, (epoch >> 2) + 2);
    this.#code.jumps.setRegion(jumpTarget(block.linear, block.mode), isGlobal, installed);
    return true;
  }

  #drop(regions: readonly LiveRegion[]): void {
    this.#code.jumps.forgetRegions(slotsOf(regions));
    for (const region of regions) {
      this.#handlers.table.set(region.slot, null);
      this.#live.remove(region);
      this.#byHeader.delete(region.header);
      for (const host of region.pages.values()) this.#byPage.get(pageOf(host))?.delete(region);
    }
    this.stats.dropped += regions.length;
  }

  /** The blocks of a host page (undefined: of every page) are stale, and their headers rewritten. */
  invalidated(hostPage: number | undefined): void {
    if (hostPage === undefined) {
      this.#failedChecks.clear();
      for (const sites of Object.values(this.#sites)) sites.clear();
      this.#waiting.clear();
      this.#warm.clear();
      this.#drop([...this.#byHeader.values()]);
      this.#byPage.clear();
      return;
    }
    const regions = [...(this.#byPage.get(hostPage) ?? [])];
    this.#drop(regions);
    // A block itself stays where only another page of its region has changed.
    for (const { header, pages } of regions) if (pageOf(pages.get(0) as number) !== hostPage) this.#code.countAnew(header);
    this.#byPage.delete(hostPage);
  }
}
