// The thread that compiles regions for a machine: what it is told once, and what it makes of each request. It sees the
// machine's memory and nothing else of it; the thread itself is the host's.

import type { CpuFeature } from '../x86/models/cpu-model.ts';
import { CPU_FIELDS } from '../x86/state/cpu-state.ts';
import { ATTENTION_COMPILED } from './cpu-words.ts';
import { HandlerNumbers } from './interpreter/handler-numbers.ts';
import { compileRegion } from './jit/compile-region.ts';
import type { RegionThreadMessage } from './jit/region-compiler.ts';
import type { RegionRequest } from './jit/region-request.ts';
import type { MemoryLayout } from './layout.ts';

/** What never changes while a machine lives; plain data. */
export interface RegionThreadTask {
  readonly memory: SharedArrayBuffer;
  readonly layout: MemoryLayout;
  readonly features: ReadonlySet<CpuFeature>;
}

export interface RegionThreadHost {
  post(message: RegionThreadMessage): void;
  nowNs(): number;
}

/** Gives what is to be called with each request. */
export function createRegionThread({ memory, layout, features }: RegionThreadTask, host: RegionThreadHost): (request: RegionRequest) => void {
  const numbers = new HandlerNumbers(layout);
  const parts = { memory: new Uint8Array(memory), layout, features, leavesBlock: numbers.leavesBlock.bind(numbers) };
  const attention = new Int32Array(memory, layout.cpuBlock + CPU_FIELDS.attention.offset, 1);
  const say = (message: RegionThreadMessage): void => {
    host.post(message);
    Atomics.or(attention, 0, ATTENTION_COMPILED);
  };
  say({ kind: 'ready' });
  return (request) => {
    const from = host.nowNs();
    const outcome = compileRegion(request, parts);
    // Only where blocks end was asked; nobody runs these handlers here.
    numbers.takePending();
    if (numbers.isFull) numbers.clear();
    const { ticket } = request;
    if (outcome.kind !== 'compiled') return say({ kind: 'answer', ticket, outcome, ns: host.nowNs() - from });
    const bytes = outcome.module.build({ names: true });
    const module = { module: new WebAssembly.Module(bytes), bytes: bytes.length };
    return say({ kind: 'answer', ticket, outcome: { ...outcome, module }, ns: host.nowNs() - from });
  };
}
