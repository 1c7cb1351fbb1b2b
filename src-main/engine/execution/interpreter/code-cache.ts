// Decoded blocks by physical page: building them, finding them, and making them stale when their bytes change.
// A block never crosses a page; an instruction that does stands alone, and is found by its linear address only.
// Reference: Intel SDM vol. 3A, 11.6 and 12.1.3 (self-modifying code); DECISIONS.md on records.

import type { DecodeResult, Instruction } from '../../x86/decode/instruction.ts';
import { decode } from '../../x86/decode/decoder.ts';
import type { CpuFeature } from '../../x86/models/cpu-model.ts';
import { MODE_FPU, MODE_PROTECTED, MODE_SSE, MODE_USER, MODE_VM86 } from '../../x86/state/cpu-state.ts';
import { GUEST_PAGE, type MemoryLayout, pageOf, WASM_PAGE } from '../layout.ts';
import type { CodeWatcher } from '../mmu/mmu.ts';
import type { Tlb } from '../mmu/tlb.ts';
import type { TierTimes } from '../tier-times.ts';
import type { MemoryViews } from '../views.ts';
import { codeKey } from './code-key.ts';
import { codeBitsOf } from './handler-shape.ts';
import type { HandlerTable } from './handlers.ts';
import { JumpCache, type JumpTarget } from './jump-cache.ts';
import { kindOf, NO_RECORDS, PlacedRecords, type RecordPlace } from './placed-records.ts';
import { FIELD, HANDLER, HEADER, RECORD_SIZE } from './record.ts';
import { RecordCache } from './record-cache.ts';
import { RecordWriter } from './record-writer.ts';

const MAX_BLOCK_INSTRUCTIONS = 48;
const MAX_INSTRUCTION_BYTES = 15;
/** Of the entries that make a block hot; with fewer it would only make the regions of others large. */
export const USED_PART = 1 / 8;
const RECENT_BLOCKS = 0x1_0000;
/** Vector of a fault record for a disabled x87, MMX or SSE unit; which exception it is depends on CR0 and CR4. */
export const UNIT_FAULT = 0x100;
export const UNITS = ['x87', 'mmx', 'sse'] as const;

interface CodePage {
  /** Header records. */
  readonly blocks: PlacedRecords;
  /** One bit a byte of the page at which a block begins in some mode: spares most look-ups among them. */
  readonly starts: Uint8Array;
  /** Record ranges: start, end, start, end… */
  readonly ranges: number[];
  /** One bit a byte of the page that was decoded. */
  readonly decoded: Uint8Array;
}

interface CrossingBlock {
  readonly header: number;
  readonly nextHost: number;
}

/** Its header record, the host address of its first byte, and the mode it was decoded in. */
export interface DecodedBlock {
  readonly header: number;
  readonly host: number;
  readonly mode: number;
}

export class CodeCache implements CodeWatcher {
  readonly stats = { blocks: 0, invalidations: 0, resets: 0 };
  /** Entries of a block before it is reported hot; 0: never. */
  hotThreshold = 0;
  /** Keys of code that is compiled already (`code-key.ts`), and the entries that are enough for it, if they are fewer. */
  known: { readonly keys: ReadonlySet<number>; readonly entries: number } = { keys: new Set(), entries: 0 };
  /** Told of every page whose blocks became stale, and (undefined) of a full reset. */
  onInvalidate: (hostPage: number | undefined) => void = () => {};
  readonly jumps: JumpCache;
  readonly #views: MemoryViews;
  readonly #layout: MemoryLayout;
  readonly #tlb: Tlb;
  readonly #handlers: HandlerTable;
  readonly #features: ReadonlySet<CpuFeature>;
  readonly #times: TierTimes;
  readonly #writer: RecordWriter;
  /** By host page. Not a Map: it is looked at for each block that is not a recent one. */
  readonly #pages: (CodePage | undefined)[];
  readonly #crossing = new Map<number, CrossingBlock>();
  /** Of blocks: each process comes to the same code at addresses that are new. */
  readonly #recent = new RecordCache(RECENT_BLOCKS);
  readonly #crossingBytes = new Uint8Array(2 * MAX_INSTRUCTION_BYTES);
  #next: number;

  constructor(
    parts: { views: MemoryViews; tlb: Tlb; handlers: HandlerTable; features: ReadonlySet<CpuFeature>; times: TierTimes },
    layout: MemoryLayout,
  ) {
    this.#views = parts.views;
    this.#layout = layout;
    this.#tlb = parts.tlb;
    this.#handlers = parts.handlers;
    this.#features = parts.features;
    this.#times = parts.times;
    this.#writer = new RecordWriter(parts.views);
    this.#pages = new Array<CodePage | undefined>(layout.pages * (WASM_PAGE / GUEST_PAGE)).fill(undefined);
    this.#next = layout.records;
    this.jumps = new JumpCache(parts.views, layout);
  }

  isCode(hostPage: number): boolean {
    return this.#pages[hostPage] !== undefined;
  }

  codeWritten(host: number, bytes: number): void {
    const hostPage = pageOf(host);
    const page = this.#pages[hostPage];
    if (page === undefined) return;
    const first = host % GUEST_PAGE;
    for (let at = first; at < first + bytes; at++) {
      if (isMarked(page.decoded, at)) {
        this.invalidatePage(hostPage);
        return;
      }
    }
  }

  /** Drops the blocks of a host page; code that is running notices at its next record. */
  invalidatePage(hostPage: number): void {
    const page = this.#pages[hostPage];
    if (page === undefined) return;
    this.stats.invalidations++;
    const { u16 } = this.#views;
    for (let i = 0; i < page.ranges.length; i += 2) {
      const end = page.ranges[i + 1] as number;
      for (let record = page.ranges[i] as number; record < end; record += RECORD_SIZE) {
        u16[(record + FIELD.handler) >> 1] = HANDLER.stale;
      }
    }
    this.#pages[hostPage] = undefined;
    this.onInvalidate(hostPage);
  }

  /** Forgets everything; only while no record is running. */
  reset(): void {
    this.stats.resets++;
    this.#pages.fill(undefined);
    this.#crossing.clear();
    this.#recent.clear();
    this.#next = this.#layout.records;
    this.jumps.flush();
    this.onInvalidate(undefined);
    if (this.#handlers.numbers.isFull) this.#handlers.numbers.clear();
  }

  /** For so many records and their handlers. */
  #makeRoom(records: number): void {
    if (this.#layout.recordsEnd - this.#next < records * RECORD_SIZE || this.#handlers.numbers.isFull) this.reset();
  }

  /** Offsets of the blocks of a page, given by its host address, that have been decoded in a mode and were entered more than now and then. */
  usedBlocksIn(host: number, mode: number): number[] {
    const found: number[] = [];
    const most = this.hotThreshold * (1 - USED_PART);
    const { offsets, records } = this.#pages[host / GUEST_PAGE]?.blocks.in(mode) ?? NO_RECORDS;
    for (let i = 0; i < records.length; i++) if ((this.countdownOf(records[i] as number) ?? 0) <= most) found.push(offsets[i] as number);
    for (let offset = GUEST_PAGE - MAX_INSTRUCTION_BYTES + 1; offset < GUEST_PAGE; offset++)
      if (this.#crossing.has(crossingKey({ host: host + offset, mode, single: false }))) found.push(offset);
    return found;
  }

  /** Of the blocks that begin in a byte's page. */
  headersIn(host: number, mode: number): readonly number[] {
    return this.#pages[pageOf(host)]?.blocks.in(mode)?.records ?? [];
  }

  /** Blocks that were entered so often, but not until they were hot, the hottest first. */
  warmBlocks(entries: number): DecodedBlock[] {
    const found: { readonly block: DecodedBlock; readonly left: number }[] = [];
    this.#pages.forEach((page, hostPage) => {
      if (page === undefined) return;
      for (const mode of page.blocks.modes) {
        const { offsets, records } = page.blocks.in(mode);
        for (let i = 0; i < records.length; i++) {
          const header = records[i] as number;
          const left = this.countdownOf(header) ?? 0;
          if (left > 0 && left <= this.hotThreshold - entries) found.push({ block: { header, host: hostPage * GUEST_PAGE + (offsets[i] as number), mode }, left });
        }
      }
    });
    return found.sort((a, b) => a.left - b.left).map(({ block }) => block);
  }

  /** Makes a header count entries, again or anew, instead of going to a region. */
  countAnew(header: number, entries = this.hotThreshold): void {
    const { u16, i32 } = this.#views;
    u16[(header + FIELD.handler) >> 1] = HANDLER.enter;
    i32[(header + HEADER.countdown) >> 2] = entries;
  }

  /** Entries until a header's block is hot, less than none since it is; undefined where it does not count any. */
  countdownOf(header: number): number | undefined {
    const { u16, i32 } = this.#views;
    return u16[(header + FIELD.handler) >> 1] === HANDLER.enter ? (i32[(header + HEADER.countdown) >> 2] as number) : undefined;
  }

  /** Counts the decoded bytes of a region, inside one page, as code, so that writing them makes the page stale. */
  markDecoded(host: number, bytes: number): void {
    const page = this.#page(pageOf(host));
    mark(page.decoded, host % GUEST_PAGE, (host % GUEST_PAGE) + bytes);
  }

  /** The record that the jump cache has and that may still be run, or 0. */
  findJump(target: JumpTarget): number {
    const record = this.jumps.find(target);
    return record === 0 || this.isStale(record) ? 0 : record;
  }

  leadsToRegion(target: JumpTarget): boolean {
    const header = this.findJump(target);
    const handler = header === 0 ? HANDLER.enter : this.#views.u16[(header + FIELD.handler) >> 1];
    return handler === HANDLER.region || handler === HANDLER.spanning;
  }

  isStale(record: number): boolean {
    return this.#views.u16[(record + FIELD.handler) >> 1] === HANDLER.stale;
  }

  /**
   * Points a branch record at a block of the same page, so that it is not looked up again; but not at an instruction that
   * crosses it, as the same page may be mapped before another one elsewhere.
   */
  link(branch: number, header: number): void {
    if (this.#views.u8[header + HEADER.crosses] === 1) return;
    this.#views.i32[(branch + FIELD.link) >> 2] = header;
  }

  // Blocks.

  /**
   * Header record of the block at a host address, built if need be; undefined where the first instruction
   * crosses the page, see `crossing`.
   */
  block(request: RecordPlace): number | undefined {
    const { host, mode, single } = request;
    const recent = single ? 0 : this.#recent.find(host, mode);
    if (recent !== 0 && !this.isStale(recent)) return recent;
    const header = this.#builtBlock(request);
    if (header !== undefined && !single) this.#recent.add(host, mode, header);
    return header;
  }

  #builtBlock(request: RecordPlace): number | undefined {
    const hostPage = pageOf(request.host);
    const known = this.#pages[hostPage]?.blocks.get(request);
    if (known !== undefined) return known;
    if (request.host % GUEST_PAGE > GUEST_PAGE - MAX_INSTRUCTION_BYTES) {
      const crossing = this.#crossing.get(crossingKey(request));
      if (crossing !== undefined && !this.isStale(crossing.header)) return undefined;
    }
    this.#makeRoom(MAX_BLOCK_INSTRUCTIONS + 3);
    return this.#build(request, this.#page(hostPage));
  }

  #page(hostPage: number): CodePage {
    const known = this.#pages[hostPage];
    if (known !== undefined) return known;
    const page: CodePage = {
      blocks: new PlacedRecords(),
      starts: new Uint8Array(GUEST_PAGE / 8),
      ranges: [],
      decoded: new Uint8Array(GUEST_PAGE / 8),
    };
    this.#pages[hostPage] = page;
    this.#tlb.removeWrites(hostPage);
    return page;
  }

  #build(request: RecordPlace, page: CodePage): number | undefined {
    const done = this.#times.beginCompilation();
    const { host, mode, single } = request;
    const pageStart = host - (host % GUEST_PAGE);
    const header = this.#next;
    let record = header + RECORD_SIZE;
    let at = host;
    let count = 0;
    let gap = 0;
    let limit = single ? 1 : MAX_BLOCK_INSTRUCTIONS;
    for (;;) {
      const pageOffset = at - pageStart;
      // The end of the page is the next one's first byte, not this one's.
      const mayJoin = count > 0 && !single && pageOffset < GUEST_PAGE && isMarked(page.starts, pageOffset);
      const joined = mayJoin ? page.blocks.get({ host: at, mode, single }) : undefined;
      if (joined !== undefined || count === limit || pageOffset === GUEST_PAGE) {
        this.#writer.control(
          record,
          HANDLER.proceed,
          joined === undefined ? { pageOffset, count } : { pageOffset, count, link: joined },
        );
        break;
      }
      const result = this.#decode(this.#views.u8, at, pageStart + GUEST_PAGE, mode);
      if (!result.ok && result.fault === 'short') {
        if (count === 0) return undefined;
        this.#writer.control(record, HANDLER.proceed, { pageOffset, count });
        break;
      }
      const leaves = this.#write(record, { pageOffset, count }, result, mode);
      at += result.ok ? result.instruction.length : result.length;
      if (!result.ok || result.instruction.row.ends === true) {
        // Its target would otherwise stand where the next instruction does if it is decoded next, and be taken for it.
        gap = RECORD_SIZE;
        break;
      }
      count++;
      record += RECORD_SIZE;
      // What usually goes back to the run loop may still go on, depending on its operands.
      if (leaves) limit = count;
    }
    // A block for one step must stay one: it is what regions leave to the interpreter.
    this.#finish({ header, pageOffset: host - pageStart, countdown: single ? 0 : this.#thresholdOf(host, mode) }, record + RECORD_SIZE + gap, done);
    page.blocks.set(request, header);
    mark(page.starts, host - pageStart, host - pageStart + 1);
    page.ranges.push(header, record + RECORD_SIZE);
    mark(page.decoded, host - pageStart, Math.min(at - pageStart, GUEST_PAGE));
    return header;
  }

  #thresholdOf(host: number, mode: number): number {
    const { keys, entries } = this.known;
    const isKnown = keys.size > 0 && keys.has(codeKey(this.#views.u8, host, mode));
    return isKnown ? Math.min(entries, this.hotThreshold) : this.hotThreshold;
  }

  /** `compiled` is told if the block needed handlers that there were none of yet. */
  #finish(block: { header: number; pageOffset: number; countdown: number }, end: number, compiled: () => void): void {
    this.#writer.header(block.header, block.pageOffset, block.countdown);
    this.#next = end;
    if (this.#handlers.flush()) compiled();
    this.stats.blocks++;
  }

  #decode(bytes: Uint8Array, at: number, end: number, mode: number): DecodeResult {
    const protectedMode = (mode & (MODE_PROTECTED | MODE_VM86)) === MODE_PROTECTED;
    return decode(bytes, at, end, { codeBits: codeBitsOf(mode) }, this.#features, protectedMode);
  }

  /** True for an instruction that returns to the run loop, on some path at least, whether or not it is refused. */
  #write(
    record: number,
    at: { pageOffset: number; count: number },
    result: Exclude<DecodeResult, { fault: 'short' }>,
    mode: number,
  ): boolean {
    if (!result.ok) {
      this.#writer.fault(record, at, result.fault, result.fault === 13 ? 0 : -1);
      return false;
    }
    const { instruction } = result;
    const number = this.#handlers.numbers.numberFor(instruction, mode);
    const refused = refusal(instruction, mode);
    if (refused === undefined) this.#writer.instruction(record, at, instruction, number);
    else this.#writer.fault(record, at, refused.vector, refused.errorCode);
    return this.#handlers.numbers.leaves(number);
  }

  /**
   * Header record of an instruction that begins on one page and ends on the next, whose host address is
   * `nextHost`. Writing to its bytes in either makes it stale.
   */
  crossing(request: RecordPlace, nextHost: number): number {
    const known = this.#crossing.get(crossingKey(request));
    if (known !== undefined && known.nextHost === nextHost && !this.isStale(known.header)) return known.header;
    const pageOffset = request.host % GUEST_PAGE;
    const inFirst = GUEST_PAGE - pageOffset;
    const bytes = this.#crossingBytes;
    const { u8 } = this.#views;
    bytes.set(u8.subarray(request.host, request.host + inFirst));
    bytes.set(u8.subarray(nextHost, nextHost + MAX_INSTRUCTION_BYTES), inFirst);
    this.#makeRoom(4);
    const done = this.#times.beginCompilation();
    const header = this.#next;
    const result = this.#decode(bytes, 0, inFirst + MAX_INSTRUCTION_BYTES, request.mode);
    if (!result.ok && result.fault === 'short')
      throw new Error('an instruction is longer than fifteen bytes');
    const record = header + RECORD_SIZE;
    this.#write(record, { pageOffset, count: 0 }, result, request.mode);
    const end = pageOffset + (result.ok ? result.instruction.length : result.length);
    const after = record + RECORD_SIZE;
    this.#writer.control(after, HANDLER.proceed, { pageOffset: end, count: 1 });
    this.#finish({ header, pageOffset, countdown: 0 }, after + RECORD_SIZE, done);
    u8[header + HEADER.crosses] = 1;
    for (const [host, from, to] of [[request.host, pageOffset, GUEST_PAGE], [nextHost, 0, end - GUEST_PAGE]] as const) {
      const page = this.#page(pageOf(host));
      page.ranges.push(header, after + RECORD_SIZE);
      mark(page.decoded, from, to);
    }
    this.#crossing.set(crossingKey(request), { header, nextHost });
    return header;
  }
}

function crossingKey({ host, mode, single }: RecordPlace): number {
  return host * 0x2_0000 + kindOf(mode, single);
}

function mark(bitmap: Uint8Array, from: number, to: number): void {
  for (let at = from; at < to; at++) bitmap[at >> 3] = (bitmap[at >> 3] as number) | (1 << (at & 7));
}

function isMarked(bitmap: Uint8Array, at: number): boolean {
  return (((bitmap[at >> 3] as number) >> (at & 7)) & 1) === 1;
}

/** The exception an instruction raises whatever its operands are, from its row and the mode. */
export function refusal(
  { row }: Instruction,
  mode: number,
): { vector: number; errorCode: number } | undefined {
  if (row.unit !== undefined && (mode & (row.unit === 'sse' ? MODE_SSE : MODE_FPU)) === 0) {
    return { vector: UNIT_FAULT, errorCode: UNITS.indexOf(row.unit) };
  }
  if (row.privileged === true && mode & MODE_USER) return { vector: 13, errorCode: 0 };
  return undefined;
}
