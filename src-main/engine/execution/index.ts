// For those outside the engine: what a thread that compiles regions does.

export type { RegionChannel, RegionThreadMessage } from './jit/region-compiler.ts';
export type { RegionRequest } from './jit/region-request.ts';
export type { CodeArchive, FoundModule, KeptModule, MadeModule } from './jit/kept-regions.ts';
export { optimizedProbe } from './jit/optimized-probe.ts';
export { createRegionThread, type RegionThread, type RegionThreadTask } from './region-thread.ts';
