// The thread that compiles regions for a machine: what it is told once, and what it makes of each request. It sees the
// machine's memory and nothing else of it; the thread itself is the host's.

import type { CpuFeature } from '../x86/models/cpu-model.ts';
import { CPU_FIELDS } from '../x86/state/cpu-state.ts';
import { ATTENTION_COMPILED } from './cpu-words.ts';
import { HandlerNumbers } from './interpreter/handler-numbers.ts';
import { compileRegion } from './jit/compile-region.ts';
import { type CompiledModule, MOST_TOGETHER, refused, type RegionAnswer, type RegionThreadMessage } from './jit/region-compiler.ts';
import { RegionModule } from './jit/region-module.ts';
import type { RegionRequest } from './jit/region-request.ts';
import type { MemoryLayout } from './layout.ts';

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
  /** A request that is there already. */
  next(): RegionRequest | undefined;
  nowNs(): number;
}

/** Gives what is to be called with a request that has come; it takes others that have come meanwhile. */
export function createRegionThread({ memory, layout, features, isChained }: RegionThreadTask, host: RegionThreadHost): (request: RegionRequest) => void {
  const numbers = new HandlerNumbers(layout);
  const parts = { memory: new Uint8Array(memory), layout, features, isChained, leavesBlock: numbers.leavesBlock.bind(numbers) };
  const attention = new Int32Array(memory, layout.cpuBlock + CPU_FIELDS.attention.offset, 1);
  const say = (message: RegionThreadMessage): void => {
    host.post(message);
    Atomics.or(attention, 0, ATTENTION_COMPILED);
  };
  say({ kind: 'ready' });
  return (first) => {
    let since = host.nowNs();
    const answer = (answers: readonly RegionAnswer<number>[], compiled: CompiledModule | undefined): void => {
      const now = host.nowNs();
      say({ kind: 'answers', answers, compiled, ns: now - since });
      since = now;
    };
    const module = new RegionModule(layout, parts);
    const compiled: RegionAnswer<number>[] = [];
    for (let request: RegionRequest | undefined = first; request !== undefined; request = compiled.length < MOST_TOGETHER ? host.next() : undefined) {
      const done = { ticket: request.ticket, outcome: compileRegion(request, parts, module) };
      // Only where blocks end was asked; nobody runs these handlers here.
      numbers.takePending();
      if (numbers.isFull) numbers.clear();
      if (done.outcome.kind === 'compiled') compiled.push(done);
      else answer([done], undefined);
    }
    if (compiled.length === 0) return;
    try {
      answer(compiled, compiledModule(module));
    } catch (error) {
      answer(compiled.map((one) => refused(one, error)), undefined);
    }
  };
}

/**
 * It is optimised here: by default V8 would first make code that runs at a third of the speed, keep it beside, and begin to optimise
 * when that has run for a while.
 */
function compiledModule(module: RegionModule): CompiledModule {
  const bytes = module.builder.build({ names: true, optimized: true });
  return { module: new WebAssembly.Module(bytes), bytes: module.bytes };
}
