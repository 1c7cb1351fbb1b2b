// Who compiles regions, as the machine's thread sees it: itself, always; or another one, which takes requests and answers when
// it is done. What that thread does is `region-thread.ts`.

import type { EngineImports } from '../interpreter/engine-imports.ts';
import { type GeneratedExports, instantiate, type ModuleLoader } from '../module-loader.ts';
import { type CompilerParts, compileRegion, describeFailure } from './compile-region.ts';
import { regionExport, RegionModule } from './region-module.ts';
import type { RegionOutcome, RegionRequest } from './region-request.ts';

/** An instance of a module: what belongs to it stays for as long as any of its regions is there. */
export interface LoadedModule {
  /** Sizes of its functions' bodies, by index. */
  readonly bytes: readonly number[];
  readonly exports: GeneratedExports;
}

/** A function that is ready to be installed. */
export interface LoadedRegion {
  readonly module: LoadedModule;
  /** The exported function, for the handler table. */
  readonly entry: unknown;
  readonly bytes: number;
}

/** `F`: the function, see `RegionOutcome`. */
export interface RegionAnswer<F = LoadedRegion> {
  readonly ticket: number;
  readonly outcome: RegionOutcome<F>;
}

export interface RegionCompiler {
  /** Something is going to be asked for. */
  begin(): void;
  /** Requests that it takes before it has answered the first of them. */
  readonly capacity: number;
  /** Whether another thread compiles, while this one does something else. */
  readonly isElsewhere: boolean;
  /** Whether what it compiles is kept for the machine's next start. */
  readonly keeps: boolean;
  submit(request: RegionRequest): void;
  /** An answer that is there. */
  receive(): RegionAnswer | undefined;
}

/** The thread that asks. */
export class OwnCompiler implements RegionCompiler {
  readonly capacity = 1;
  readonly isElsewhere = false;
  readonly keeps = false;
  readonly #parts: CompilerParts;
  readonly #load: (module: RegionModule) => GeneratedExports;
  #answer: RegionAnswer | undefined;

  constructor(parts: CompilerParts, load: ModuleLoader, imports: EngineImports) {
    this.#parts = parts;
    this.#load = (module) => load(module.builder, imports);
  }

  begin(): void {}

  submit(request: RegionRequest): void {
    const module = new RegionModule(this.#parts.layout, this.#parts);
    const answer = { ticket: request.ticket, outcome: compileRegion(request, this.#parts, module) };
    try {
      const exports = module.count === 0 ? {} : this.#load(module);
      this.#answer = loaded(answer, { bytes: module.bytes, exports });
    } catch (error) {
      this.#answer = refused(answer, error);
    }
  }

  receive(): RegionAnswer | undefined {
    const answer = this.#answer;
    this.#answer = undefined;
    return answer;
  }
}

function loaded({ ticket, outcome }: RegionAnswer<number>, module: LoadedModule): RegionAnswer {
  if (outcome.kind !== 'compiled') return { ticket, outcome };
  const index = outcome.function;
  return { ticket, outcome: { ...outcome, function: { module, entry: module.exports[regionExport(index)], bytes: module.bytes[index] as number } } };
}

/** The module that it is part of cannot be made. */
export function refused({ ticket }: RegionAnswer<number>, error: unknown): RegionAnswer<never> {
  return { ticket, outcome: { kind: 'refused', failure: describeFailure(error) } };
}

/** What the other thread says; each message of it sets `ATTENTION_COMPILED`, and wakes who waits for the attention word. */
export type RegionThreadMessage =
  /**
   * It takes requests from now on. `known`: keys of code that it has regions for (`code-key.ts`); `keeps`: whether what it compiles is
   * kept for the machine's next start.
   */
  | { readonly kind: 'ready'; readonly known: Int32Array; readonly keeps: boolean }
  | {
      readonly kind: 'answers';
      readonly answers: readonly RegionAnswer<number>[];
      /** Of those that are compiled. */
      readonly compiled: CompiledModule | undefined;
      /** What they took, by that thread's clock. */
      readonly ns: number;
    };

export interface CompiledModule {
  readonly module: WebAssembly.Module;
  /** As `LoadedModule`'s. */
  readonly bytes: readonly number[];
  /** Of a module that comes with several messages: its own. */
  readonly number?: number;
}

/** The way to another thread, which the host provides. */
export interface RegionChannel {
  /** Has the thread started, which takes a while. */
  open(): void;
  post(request: RegionRequest): void;
  /** The next message, without waiting. */
  receive(): RegionThreadMessage | undefined;
}

/** So many regions are compiled in one module, at most. */
export const MOST_TOGETHER = 16;
/** Enough for the other thread not to run dry until answers are seen. */
const CAPACITY = 2 * MOST_TOGETHER;

/** Another thread, for which regions wait until it is ready; once it is lost, the one that asks. */
export class SharedCompiler implements RegionCompiler {
  /** How long the other thread has worked. */
  elsewhereNs = 0;
  readonly #own: OwnCompiler;
  readonly #imports: EngineImports;
  #channel: RegionChannel | undefined;
  #isOpen = false;
  /** See `RegionThreadMessage`. */
  readonly known = new Set<number>();
  /** Instances of modules that come with several messages, for as long as any of their regions is there. */
  readonly #instances = new Map<number, WeakRef<LoadedModule>>();
  #isReady = false;
  #keeps = false;
  /** Those that came with others. */
  #answers: RegionAnswer[] = [];

  constructor(own: OwnCompiler, channel: RegionChannel, imports: EngineImports) {
    this.#own = own;
    this.#channel = channel;
    this.#imports = imports;
  }

  begin(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#channel?.open();
  }

  get capacity(): number {
    if (this.#channel === undefined) return this.#own.capacity;
    return this.#isReady ? CAPACITY : 0;
  }

  get isElsewhere(): boolean {
    return this.#channel !== undefined;
  }

  get keeps(): boolean {
    return this.#channel !== undefined && this.#keeps;
  }

  submit(request: RegionRequest): void {
    if (this.#channel === undefined) this.#own.submit(request);
    else this.#channel.post(request);
  }

  receive(): RegionAnswer | undefined {
    if (this.#channel === undefined) return this.#own.receive();
    const waiting = this.#answers.shift();
    if (waiting !== undefined) return waiting;
    const message = this.#channel.receive();
    if (message === undefined) return undefined;
    if (message.kind === 'ready') {
      this.#isReady = true;
      this.#keeps = message.keeps;
      for (const key of message.known) this.known.add(key);
      return this.receive();
    }
    const { answers, compiled, ns } = message;
    this.elsewhereNs += ns;
    const module = this.#instance(compiled);
    this.#answers = answers.map((answer) => loaded(answer, module));
    return this.#answers.shift();
  }

  #instance(compiled: CompiledModule | undefined): LoadedModule {
    if (compiled === undefined) return { bytes: [], exports: {} };
    const { module, bytes, number } = compiled;
    const known = number === undefined ? undefined : this.#instances.get(number)?.deref();
    if (known !== undefined) return known;
    const made = { bytes, exports: instantiate(module, this.#imports) };
    if (number !== undefined) this.#instances.set(number, new WeakRef(made));
    return made;
  }

  /** The other thread has ended. */
  lose(): void {
    this.#channel = undefined;
    this.#answers = [];
    this.known.clear();
  }
}
