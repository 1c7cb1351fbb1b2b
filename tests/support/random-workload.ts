// Random requests on a block node beside a model in memory that holds what must be read. The same seed gives the same
// requests.

import type { BlockNode } from '../../src-main/engine/block/index.ts';

export type Random = (below: number) => number;

/** Marsaglia's xorshift32. */
export function randomFrom(seed: number): Random {
  let state = (seed * 2654435761) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export interface WorkloadRange {
  readonly offset: number;
  readonly length: number;
}

export interface Request extends WorkloadRange {
  readonly kind: 'write' | 'zero' | 'unmap' | 'read';
  /** The byte that is written. */
  readonly pattern: number;
}

/** Mostly small, now and then of many clusters; whole sectors. */
export function randomRequest(random: Random, diskBytes: number, largest = 1024 * 1024): Request {
  const sectors = Math.floor(diskBytes / 512);
  const offset = random(sectors) * 512;
  const most = random(8) === 0 ? largest : 32 * 1024;
  const length = Math.min(diskBytes - offset, (1 + random(most / 512)) * 512);
  const kind = (['write', 'write', 'write', 'write', 'zero', 'unmap', 'read'] as const)[random(7)] ?? 'read';
  return { kind, offset, length, pattern: 1 + random(255) };
}

/** Carries a request out on both; a read compares. */
export async function carryOut(node: BlockNode, model: Uint8Array, request: Request): Promise<void> {
  const { kind, offset, length, pattern } = request;
  if (kind === 'write') {
    await node.write(offset, new Uint8Array(length).fill(pattern));
    model.fill(pattern, offset, offset + length);
  } else if (kind === 'read') {
    await expectContent(node, model, request);
  } else {
    await node.writeZeroes(offset, length, kind === 'unmap');
    model.fill(0, offset, offset + length);
  }
}

export async function expectContent(
  node: BlockNode,
  model: Uint8Array,
  { offset, length }: WorkloadRange,
): Promise<void> {
  const into = new Uint8Array(length);
  await node.read(offset, into);
  const difference = firstDifference(into, model.subarray(offset, offset + length));
  if (difference >= 0) {
    const at = offset + difference;
    throw new Error(`byte ${at} is ${into[difference]}, not ${model[at]} (read of ${length} at ${offset})`);
  }
}

export function firstDifference(one: Uint8Array, other: Uint8Array): number {
  if (Buffer.compare(one, other) === 0) return -1;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return index;
  return one.length;
}
