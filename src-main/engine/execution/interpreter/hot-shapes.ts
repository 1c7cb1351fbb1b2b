// Handlers that stand inside the dispatch loop, hottest first. Found by counting executed records of kernel
// boots and of the benchmark programs; an entry is only worth its code size if it is among the most frequent.

import type { HandlerShape } from './handler-shape.ts';

export const HOT_SHAPES: readonly HandlerShape[] = [];
