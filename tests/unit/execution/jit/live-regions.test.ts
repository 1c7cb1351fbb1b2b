// Which compiled regions make room for new ones.

import { describe, expect, it } from 'vitest';
import { WatchedSites } from '../../../../src-main/engine/execution/jit/failing-sites.ts';
import { type LiveRegion, LiveRegions } from '../../../../src-main/engine/execution/jit/live-regions.ts';
import type { LoadedModule } from '../../../../src-main/engine/execution/jit/region-compiler.ts';
import { FIRST_REGION_SLOT } from '../../../../src-main/engine/execution/interpreter/handler-numbers.ts';

const PAGES = new Map([[0, 0]]);
const module = (regions = 1) => ({ bytes: Array.from({ length: regions }, () => 1000), exports: {} });
/** What a module of one region is estimated to take. */
const SIZE = (() => {
  const live = new LiveRegions(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  live.add(region(0, module()));
  return live.bytes;
})();

function region(header: number, of: LoadedModule): Omit<LiveRegion, 'slot'> {
  return { header, host: 0, linear: 0, mode: 0, module: of, pages: PAGES, watched: new WatchedSites(), deviceCalls: new Set() };
}

/** Room for so many regions, and a slot for each of another number. */
function cache(room: number, slots = 1000) {
  const live = new LiveRegions(room * SIZE, FIRST_REGION_SLOT + slots);
  const evicted: number[] = [];
  const onProof = new Set<number>();
  return {
    live,
    evicted,
    /** As the JIT adds one. */
    add(header: number, of = module()): LiveRegion {
      for (const old of live.surplus(of)) {
        live.remove(old);
        onProof.delete(old.header);
        evicted.push(old.header);
      }
      const added = live.add(region(header, of));
      for (const due of live.dueForProof()) onProof.add(due.header);
      return added;
    },
    /** The guest runs a block: the run loop hears of it only where its region is on proof. */
    use(header: number): void {
      if (!onProof.delete(header)) return;
      expect(live.entered(header)?.header).toBe(header);
    },
  };
}

describe('regions that are kept', () => {
  it('evicts nothing and asks for no proof while there is room', () => {
    const { live, add, evicted } = cache(16);
    for (let header = 0; header < 12; header++) add(header);
    expect(live.dueForProof()).toEqual([]);
    expect({ evicted, size: live.size, bytes: live.bytes }).toEqual({ evicted: [], size: 12, bytes: 12 * SIZE });
  });

  it.each([[16, 1000], [1000, 16]])('has much room until half of it is taken, with room for %d and %d slots', (room, slots) => {
    const { live, add } = cache(room, slots);
    const hadMuch = Array.from({ length: 12 }, (_, header) => {
      const { hasMuchRoom } = live;
      add(header);
      return hasMuchRoom;
    });
    expect(hadMuch).toEqual(Array.from({ length: 12 }, (_, header) => header < 8));
  });

  it('keeps what is used, however old it is, and never has more than its limit', () => {
    const { live, add, use, evicted } = cache(32);
    for (let header = 0; header < 500; header++) {
      add(header);
      for (let old = 0; old < 8; old++) use(old);
      expect(live.bytes).toBeLessThanOrEqual(32 * SIZE);
    }
    expect(evicted.length).toBeGreaterThan(450);
    expect(evicted.filter((header) => header < 8)).toEqual([]);
    // Of the others, the oldest go first.
    expect(evicted).toEqual(evicted.toSorted((a, b) => a - b));
  });

  it('evicts what was used before and no longer is', () => {
    const { add, use, evicted } = cache(32);
    for (let header = 0; header < 100; header++) {
      add(header);
      use(0);
    }
    expect(evicted).not.toContain(0);
    for (let header = 100; header < 200; header++) add(header);
    expect(evicted).toContain(0);
  });

  it('gives slots of its own, and makes room when they run out', () => {
    const { live, add } = cache(1000, 16);
    const slots = new Map<number, number>();
    for (let header = 0; header < 100; header++) slots.set(header, add(header).slot);
    expect(live.size).toBeLessThanOrEqual(16);
    expect(Math.min(...slots.values())).toBe(FIRST_REGION_SLOT);
    expect(Math.max(...slots.values())).toBe(FIRST_REGION_SLOT + 15);
  });

  it('counts a module until the last of its regions is gone', () => {
    const { live, add } = cache(16);
    const shared = module(3);
    const [one, ...others] = [1, 2, 3].map((header) => add(header, shared)) as [LiveRegion, LiveRegion, LiveRegion];
    const { bytes } = live;
    expect(bytes).toBeGreaterThan(SIZE);
    expect(bytes).toBeLessThan(3 * SIZE);
    live.remove(one);
    expect({ size: live.size, bytes: live.bytes }).toEqual({ size: 2, bytes });
    for (const other of others) live.remove(other);
    expect({ size: live.size, bytes: live.bytes }).toEqual({ size: 0, bytes: 0 });
  });

  it('keeps a module of which any region is used, and evicts it whole', () => {
    const { live, add, use, evicted } = cache(32);
    const [used, unused] = [module(3), module(3)];
    for (const header of [1000, 1001, 1002]) add(header, used);
    for (const header of [2000, 2001, 2002]) add(header, unused);
    for (let header = 0; header < 200; header++) {
      add(header);
      use(1001);
      expect(live.bytes).toBeLessThanOrEqual(32 * SIZE);
    }
    expect(evicted).toEqual(expect.arrayContaining([2000, 2001, 2002]));
    for (const header of [1000, 1001, 1002]) expect(evicted).not.toContain(header);
  });

  it('forgets a region on proof that is removed', () => {
    const { live, add } = cache(8);
    const regions = Array.from({ length: 8 }, (_, header) => add(header));
    for (const region of regions) live.remove(region);
    expect(live.entered(0)).toBeUndefined();
    expect({ size: live.size, bytes: live.bytes }).toEqual({ size: 0, bytes: 0 });
    // Twice is once.
    live.remove(regions[0] as LiveRegion);
    expect(live.bytes).toBe(0);
  });
});
