// Who compiles regions. The machine's own thread can always; another one takes requests and answers when it is done.

import type { ModuleBuilder } from '../../ir/module.ts';
import type { EngineImports } from '../interpreter/engine-imports.ts';
import type { GeneratedExports, ModuleLoader } from '../module-loader.ts';
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
