// Who compiles regions, as the machine's thread sees it: itself, always; or another one, which takes requests and answers when
// it is done. What that thread does is `region-thread.ts`.

import type { ModuleBuilder } from '../../ir/module.ts';
import type { EngineImports } from '../interpreter/engine-imports.ts';
import { type GeneratedExports, instantiate, type ModuleLoader } from '../module-loader.ts';
import { type CompilerParts, compileRegion } from './compile-region.ts';
import type { RegionOutcome, RegionRequest } from './region-request.ts';

/** A module that is ready to be installed. */
export interface LoadedRegion {
  readonly exports: GeneratedExports;
  readonly bytes: number;
}

export interface RegionAnswer {
  readonly ticket: number;
  readonly outcome: RegionOutcome<LoadedRegion>;
}

export interface RegionCompiler {
  /** Something is going to be asked for. */
  begin(): void;
  /** Requests that it takes before it has answered the first of them. */
  readonly capacity: number;
  submit(request: RegionRequest): void;
  /** An answer that is there. */
  receive(): RegionAnswer | undefined;
}

/** The thread that asks. */
export class OwnCompiler implements RegionCompiler {
  readonly capacity = 1;
  readonly #parts: CompilerParts;
  readonly #load: (module: ModuleBuilder) => GeneratedExports;
  #answer: RegionAnswer | undefined;

  constructor(parts: CompilerParts, load: ModuleLoader, imports: EngineImports) {
    this.#parts = parts;
    this.#load = (module) => load(module, imports);
  }

  begin(): void {}

  submit(request: RegionRequest): void {
    const outcome = compileRegion(request, this.#parts);
    this.#answer = { ticket: request.ticket, outcome: outcome.kind === 'compiled' ? { ...outcome, module: this.#loaded(outcome.module) } : outcome };
  }

  #loaded(module: ModuleBuilder): LoadedRegion {
    const exports = this.#load(module);
    return { exports, bytes: module.builtBytes };
  }

  receive(): RegionAnswer | undefined {
    const answer = this.#answer;
    this.#answer = undefined;
    return answer;
  }
}

/** What the other thread says; each message of it sets `ATTENTION_COMPILED`. */
export type RegionThreadMessage =
  /** It takes requests from now on. */
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'answer';
      readonly ticket: number;
      readonly outcome: RegionOutcome<CompiledModule>;
      /** What it took, by that thread's clock. */
      readonly ns: number;
    };

export interface CompiledModule {
  readonly module: WebAssembly.Module;
  readonly bytes: number;
}

/** The way to another thread, which the host provides. */
export interface RegionChannel {
  /** Has the thread started, which takes a while. */
  open(): void;
  post(request: RegionRequest): void;
  /** The next message, without waiting. */
  receive(): RegionThreadMessage | undefined;
}

/** Enough for the other thread not to run dry until answers are seen. */
const CAPACITY = 2;

/** Another thread, for which regions wait until it is ready; once it is lost, the one that asks. */
export class SharedCompiler implements RegionCompiler {
  /** How long the other thread has worked. */
  elsewhereNs = 0;
  readonly #own: OwnCompiler;
  readonly #imports: EngineImports;
  #channel: RegionChannel | undefined;
  #isOpen = false;
  #isReady = false;

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

  submit(request: RegionRequest): void {
    if (this.#channel === undefined) this.#own.submit(request);
    else this.#channel.post(request);
  }

  receive(): RegionAnswer | undefined {
    if (this.#channel === undefined) return this.#own.receive();
    const message = this.#channel.receive();
    if (message === undefined) return undefined;
    if (message.kind === 'ready') {
      this.#isReady = true;
      return this.receive();
    }
    this.elsewhereNs += message.ns;
    const { ticket, outcome } = message;
    if (outcome.kind !== 'compiled') return { ticket, outcome };
    const { module, bytes } = outcome.module;
    return { ticket, outcome: { ...outcome, module: { exports: instantiate(module, this.#imports), bytes } } };
  }

  /** The other thread has ended. */
  lose(): void {
    this.#channel = undefined;
  }
}
