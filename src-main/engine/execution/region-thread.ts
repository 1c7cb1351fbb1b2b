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
}

/** A module that takes further regions. */
interface OpenModule {
  readonly module: RegionModule;
  readonly compiled: RegionAnswer<number>[];
  /** What these have taken. */
  ns: number;
}

/** Gives what is to be called with each request. */
export function createRegionThread(task: RegionThreadTask, host: RegionThreadHost): (request: RegionRequest) => void {
  const { memory, layout, features, isChained } = task;
  const numbers = new HandlerNumbers(layout);
  const parts = { memory: new Uint8Array(memory), layout, features, isChained, leavesBlock: numbers.leavesBlock.bind(numbers) };
  const attention = new Int32Array(memory, layout.cpuBlock + CPU_FIELDS.attention.offset, 1);
  const say = (message: RegionThreadMessage): void => {
    host.post(message);
    Atomics.or(attention, 0, ATTENTION_COMPILED);
  };
  const begin = (): OpenModule => ({ module: new RegionModule(layout, parts), compiled: [], ns: 0 });
  let open = begin();
  const close = ({ module, compiled, ns }: OpenModule): void => {
    open = begin();
    const since = host.nowNs();
    const spent = (): number => ns + host.nowNs() - since;
    try {
      say({ kind: 'answers', answers: compiled, compiled: compiledModule(module), ns: spent() });
    } catch (error) {
      say({ kind: 'answers', answers: compiled.map((one) => refused(one, error)), compiled: undefined, ns: spent() });
    }
  };
  say({ kind: 'ready' });
  return (request) => {
    const since = host.nowNs();
    const one = open;
    const answer = { ticket: request.ticket, outcome: compileRegion(request, parts, one.module) };
    // Only where blocks end was asked; nobody runs these handlers here.
    numbers.takePending();
    if (numbers.isFull) numbers.clear();
    const ns = host.nowNs() - since;
    if (answer.outcome.kind !== 'compiled') {
      say({ kind: 'answers', answers: [answer], compiled: undefined, ns });
      return;
    }
    one.ns += ns;
    const count = one.compiled.push(answer);
    if (count === MOST_TOGETHER) close(one);
    else if (count === 1) host.after(OTHERS_MAY_COME_MS, () => open === one && close(one));
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
