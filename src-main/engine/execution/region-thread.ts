// The thread that compiles regions for a machine: what it is told once, and what it makes of each request, or finds among what was
// compiled in earlier runs. It sees the machine's memory and nothing else of it; the thread itself is the host's.

import type { CpuFeature } from '../x86/models/cpu-model.ts';
import { CPU_FIELDS } from '../x86/state/cpu-state.ts';
import { ATTENTION_COMPILED } from './cpu-words.ts';
import { HandlerNumbers } from './interpreter/handler-numbers.ts';
import { codeKey } from './interpreter/code-key.ts';
import { type CompilerParts, compileRegion } from './jit/compile-region.ts';
import { type CodeArchive, type KeptRegion, KeptRegions, type MadeModule } from './jit/kept-regions.ts';
import { MOST_TOGETHER, refused, type RegionAnswer, type RegionThreadMessage } from './jit/region-compiler.ts';
import { RegionModule } from './jit/region-module.ts';
import type { RegionOutcome, RegionRequest, RequestPage } from './jit/region-request.ts';
import type { MemoryLayout } from './layout.ts';

/**
 * How long a region waits for others that can be in its module: those that stand in pages of their own keep each other out of the
 * host's caches.
 */
export const OTHERS_MAY_COME_MS = 30;

/** What never changes while a machine lives; plain data. */
export interface RegionThreadTask {
  readonly memory: SharedArrayBuffer;
  readonly layout: MemoryLayout;
  readonly features: ReadonlySet<CpuFeature>;
  /** See `CompilerParts`. */
  readonly isChained: boolean;
}

export interface RegionThreadHost {
  post(message: RegionThreadMessage): void;
  /** Calls back once, so much later, between two requests. */
  after(ms: number, then: () => void): void;
  nowNs(): number;
  /** Where compiled code is kept from one run to the next; undefined: nowhere. */
  readonly archive?: CodeArchive;
}

/** A module that takes further regions. */
class OpenModule {
  readonly module: RegionModule;
  readonly compiled: RegionAnswer<number>[] = [];
  readonly kept: KeptRegion[] = [];
  /** What these have taken. */
  ns = 0;

  constructor(layout: MemoryLayout, options: { readonly isChained: boolean }) {
    this.module = new RegionModule(layout, options);
  }
}

export function createRegionThread(task: RegionThreadTask, host: RegionThreadHost): RegionThread {
  return new Compiling(task, host);
}

export interface RegionThread {
  take(request: RegionRequest): void;
  /** Nothing more is coming: what is to be kept waits for no others. */
  end(): void;
}

class Compiling implements RegionThread {
  readonly #host: RegionThreadHost;
  readonly #task: RegionThreadTask;
  readonly #numbers: HandlerNumbers;
  readonly #parts: CompilerParts;
  readonly #attention: Int32Array;
  readonly #kept: KeptRegions;
  #open: OpenModule;

  constructor(task: RegionThreadTask, host: RegionThreadHost) {
    const { memory, layout, features, isChained } = task;
    const numbers = new HandlerNumbers(layout);
    this.#host = host;
    this.#task = task;
    this.#numbers = numbers;
    this.#parts = { memory: new Uint8Array(memory), layout, features, isChained, leavesBlock: numbers.leavesBlock.bind(numbers) };
    this.#attention = new Int32Array(memory, layout.cpuBlock + CPU_FIELDS.attention.offset, 1);
    this.#kept = new KeptRegions(host.archive?.found ?? [], this.#parts.memory);
    this.#open = new OpenModule(layout, task);
    this.#say({ kind: 'ready', known: this.#kept.keys, keeps: host.archive !== undefined });
  }

  #say(message: RegionThreadMessage): void {
    this.#host.post(message);
    Atomics.or(this.#attention, 0, ATTENTION_COMPILED);
    Atomics.notify(this.#attention, 0);
  }

  take(request: RegionRequest): void {
    const since = this.#host.nowNs();
    const answer = this.#fromArchive(request) ?? this.#compiled(request);
    const ns = this.#host.nowNs() - since;
    if (answer === 'later') this.#open.ns += ns;
    else this.#say({ kind: 'answers', ...answer, ns });
    if (this.#open.compiled.length === MOST_TOGETHER) this.#close(this.#open);
  }

  end(): void {
    if (this.#host.archive !== undefined && this.#open.compiled.length > 0) this.#close(this.#open);
  }

  /** Undefined where it is to be compiled. */
  #fromArchive(request: RegionRequest): Answered | undefined {
    const { ticket } = request;
    for (;;) {
      const found = this.#kept.find(request);
      if (found === undefined) return undefined;
      if ('wanted' in found) return { answers: [{ ticket, outcome: { kind: 'pages', wanted: found.wanted } }], compiled: undefined };
      const { module, region } = found;
      const loaded = module.load();
      if (loaded !== undefined) {
        const outcome = { kind: 'compiled', facts: region.facts, function: region.function } as const;
        return { answers: [{ ticket, outcome }], compiled: { module: loaded, bytes: module.bytes, number: module.number } };
      }
      this.#kept.lose(module);
    }
  }

  #compiled(request: RegionRequest): Answered | 'later' {
    const one = this.#open;
    const answer = { ticket: request.ticket, outcome: compileRegion(request, this.#parts, one.module) };
    // Only where blocks end was asked; nobody runs these handlers here.
    this.#numbers.takePending();
    if (this.#numbers.isFull) this.#numbers.clear();
    if (answer.outcome.kind !== 'compiled') return { answers: [answer], compiled: undefined };
    one.kept.push(keptRegion(request, answer.outcome, this.#parts.memory));
    if (one.compiled.push(answer) === 1) this.#host.after(OTHERS_MAY_COME_MS, () => this.#open === one && this.#close(one));
    return 'later';
  }

  #close({ module, compiled, kept, ns }: OpenModule): void {
    this.#open = new OpenModule(this.#task.layout, this.#task);
    const since = this.#host.nowNs();
    const spent = (): number => ns + this.#host.nowNs() - since;
    let made: MadeModule;
    try {
      made = compiledModule(module);
    } catch (error) {
      this.#say({ kind: 'answers', answers: compiled.map((one) => refused(one, error)), compiled: undefined, ns: spent() });
      return;
    }
    const { bytes } = module;
    this.#say({ kind: 'answers', answers: compiled, compiled: { module: made.module, bytes }, ns: spent() });
    this.#host.archive?.keep({ regions: kept, bytes }, made);
  }
}

type Answered = Pick<RegionThreadMessage & { kind: 'answers' }, 'answers' | 'compiled'>;

function keptRegion(request: RegionRequest, { facts, function: index }: RegionOutcome<number> & { kind: 'compiled' }, memory: Uint8Array): KeptRegion {
  const { mode, entry, pages, fcw } = request;
  const page = pages.find((one) => one.index === 0) as RequestPage & { readonly host: number };
  return { key: codeKey(memory, page.host + entry, mode), mode, entry, function: index, fcw: facts.supposesControl ? fcw : undefined, facts };
}

/**
 * It is optimised here: by default V8 would first make code that runs at a third of the speed, keep it beside, and begin to optimise
 * when that has run for a while.
 */
function compiledModule(module: RegionModule): MadeModule {
  const wasm = module.builder.build({ names: true, optimized: true });
  return { module: new WebAssembly.Module(wasm), wasm };
}
