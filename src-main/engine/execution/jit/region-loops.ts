// The control flow of a region before it is translated: who follows whom, and which blocks go round an innermost loop.
// Plain graph work over offsets; nothing is emitted here. Reference: Aho et al., "Compilers", 9.6 (natural loops).

import { type BasicBlock, branchTarget, type Placed, type Region } from './region.ts';

/** Offsets that control may go to behind a block, in the region or outside. */
export function successors({ returnSites, jumpTargets }: Region, block: BasicBlock): readonly number[] {
  const last = block.instructions.at(-1) as Placed;
  const { mnemonic, ends } = last.instruction.row;
  if (mnemonic === 'RET') return returnSites;
  const target = branchTarget(last);
  const targets = target === undefined ? (jumpTargets.get(last.offset) ?? []) : [target];
  return ends === true || mnemonic === 'CALL' ? targets : [...targets, block.next];
}

/** Blocks that control comes to from one place only, where what was known still holds. */
export function soleTargets(region: Region): ReadonlySet<number> {
  const ways = new Map([[region.entry, 1]]);
  for (const block of region.blocks.values()) {
    for (const next of successors(region, block)) ways.set(next, (ways.get(next) ?? 0) + 1);
  }
  return new Set([...region.blocks.keys()].filter((offset) => offset !== region.entry && ways.get(offset) === 1));
}

/**
 * Blocks from which the entry is reached again by the shortest way round. A region is mostly entered in an innermost loop,
 * whose surrounding loops then come back to the same block: to be apart from these keeps what they change out of it.
 * Empty where there is only one loop.
 */
export function innerLatches(region: Region): ReadonlySet<number> {
  const latches: number[] = [];
  for (const block of region.blocks.values()) if (successors(region, block).includes(region.entry)) latches.push(block.offset);
  // Most regions: who comes from where need not be known.
  if (latches.length < 2) return new Set();
  const before = new Map<number, number[]>();
  for (const block of region.blocks.values()) {
    for (const next of new Set(successors(region, block))) {
      const blocks = before.get(next);
      if (blocks === undefined) before.set(next, [block.offset]);
      else blocks.push(block.offset);
    }
  }
  const bodies = latches.map((latch) => bodyOf(region.entry, latch, before));
  const smallest = bodies.reduce((a, b) => (b.size < a.size ? b : a), bodies[0] ?? new Set<number>());
  const inner = latches.filter((_, at) => [...(bodies[at] as Set<number>)].every((block) => smallest.has(block)));
  return new Set(inner.length === latches.length ? [] : inner);
}

/** The blocks of the loop that a jump from a block back to a header closes. */
function bodyOf(header: number, latch: number, before: ReadonlyMap<number, readonly number[]>): Set<number> {
  const body = new Set([header]);
  for (const pending = [latch]; pending.length > 0; ) {
    const block = pending.pop() as number;
    if (body.has(block)) continue;
    body.add(block);
    pending.push(...(before.get(block) ?? []));
  }
  return body;
}
