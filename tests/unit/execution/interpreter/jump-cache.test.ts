// What the jump cache knows of an address, and for how long: its block, and the region to enter without a look at that.

import { beforeEach, describe, expect, it } from 'vitest';
import { createModuleBuilder } from '../../../../src-main/engine/ir/module.ts';
import { JumpCache, jumpCacheIndex, jumpCacheParts, type JumpTarget, jumpTarget, STEP_KEY } from '../../../../src-main/engine/execution/interpreter/jump-cache.ts';
import { FIELD, HANDLER, HEADER } from '../../../../src-main/engine/execution/interpreter/record.ts';
import { computeLayout, JUMP_CACHE_ENTRIES, JUMP_CACHE_ENTRY_SIZE } from '../../../../src-main/engine/execution/layout.ts';
import { createViews } from '../../../../src-main/engine/execution/views.ts';

const layout = computeLayout({ ramBytes: 0x10_0000 });
const memory = new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages, shared: true });
const views = createViews(memory);
const HEADER_RECORD = layout.records + 64;
const SLOT = 0x4abc;
const KERNEL = -0x7fff_ffff_f123;

/** What the dispatch loop finds in the first place of an address. */
function loopFinds(linear: number, key: 0 | typeof STEP_KEY = 0): { linear: bigint; slot: number } {
  const module = createModuleBuilder();
  module.importMemory('m', 'memory', { shared: true, initial: layout.pages, maximum: layout.pages });
  const place = module.defineFunction('place', ['i32'], ['i32'], { export: 'place' }).builder;
  const index = jumpCacheIndex(place, place.parameter(0), key);
  place.return(place.op('i32.mul', index, place.constant('i32', JUMP_CACHE_ENTRY_SIZE)));
  for (const part of ['linear', 'slot'] as const) {
    const type = part === 'linear' ? 'i64' : 'i32';
    const { builder } = module.defineFunction(part, ['i32'], [type], { export: part });
    builder.return(jumpCacheParts(builder, builder.load('i64.load', builder.parameter(0), 0))[part]);
  }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.build()), { m: { memory } });
  const { place: placeOf, linear: linearAt, slot: slotAt } = exports as unknown as Record<'place' | 'slot', (at: number) => number> & { linear: (at: number) => bigint };
  const entry = layout.jumpCache + placeOf(linear | 0);
  return { linear: linearAt(entry), slot: slotAt(entry) };
}

describe.each([0x1234, 0xc012_3456, 0x7fff_1234_5678, KERNEL])('address %d', (linear) => {
  const target = jumpTarget(linear, 5);
  let jumps: JumpCache;
  beforeEach(() => {
    views.u16[(HEADER_RECORD + FIELD.handler) >> 1] = HANDLER.enter;
    jumps = new JumpCache(views, layout);
  });

  it('leads to a block, and to none in another mode or at another address', () => {
    jumps.add(target, true, HEADER_RECORD);
    expect(jumps.find(target)).toBe(HEADER_RECORD);
    expect(jumps.find(jumpTarget(linear, 6))).toBe(0);
    expect(jumps.find(jumpTarget(linear + JUMP_CACHE_ENTRIES * 0x1_0000, 5))).toBe(0);
    expect(loopFinds(linear)).toEqual({ linear: BigInt(linear), slot: 0 });
  });

  it('leads to a step elsewhere than to the block that begins there', () => {
    jumps.add(target, true, HEADER_RECORD);
    const step = jumpTarget(linear, 5 | STEP_KEY);
    jumps.add(step, true, HEADER_RECORD + 32);
    expect([target, step].map((one) => jumps.find(one))).toEqual([HEADER_RECORD, HEADER_RECORD + 32]);
    expect(loopFinds(linear, STEP_KEY).linear).toBe(BigInt(linear));
  });

  it('leads to the region of its block at once, from when there is one', () => {
    jumps.add(target, true, HEADER_RECORD);
    jumps.setRegion(target, true, { header: HEADER_RECORD, slot: SLOT });
    expect(loopFinds(linear)).toEqual({ linear: BigInt(linear), slot: SLOT });
    expect(jumps.find(target)).toBe(HEADER_RECORD);
    jumps.forgetRegions(new Set([SLOT + 1]));
    expect(loopFinds(linear).slot).toBe(SLOT);
    jumps.forgetRegions(new Set([SLOT]));
    expect(loopFinds(linear)).toEqual({ linear: BigInt(linear), slot: 0 });
    expect(jumps.find(target)).toBe(HEADER_RECORD);
  });

  it('leads to a region that was there before, but to none of another block', () => {
    views.u16[(HEADER_RECORD + FIELD.handler) >> 1] = HANDLER.region;
    views.i32[(HEADER_RECORD + HEADER.regionSlot) >> 2] = SLOT;
    jumps.add(target, true, HEADER_RECORD);
    expect(loopFinds(linear).slot).toBe(SLOT);
    views.u16[(HEADER_RECORD + FIELD.handler) >> 1] = HANDLER.spanning;
    jumps.add(target, true, HEADER_RECORD);
    expect(loopFinds(linear).slot).toBe(0);
    jumps.setRegion(target, true, { header: HEADER_RECORD + 64, slot: SLOT });
    expect(loopFinds(linear).slot).toBe(0);
  });

  it('shares its places with three others, of which the fifth drives out the first that came', () => {
    const others = [1, 2, 3, 4].map((i) => jumpTarget(linear + i * 2 ** 26, 5));
    const all = [target, ...others];
    for (const one of all.slice(0, 4)) jumps.add(one, true, HEADER_RECORD);
    expect(all.map((one) => jumps.find(one) !== 0)).toEqual([true, true, true, true, false]);
    jumps.add(others[3] as JumpTarget, false, HEADER_RECORD);
    expect(all.map((one) => jumps.find(one) !== 0)).toEqual([false, true, true, true, true]);
    jumps.enterSpace(1, false);
    expect(all.map((one) => jumps.find(one) !== 0)).toEqual([false, true, true, true, false]);
    jumps.forget(others[0] as JumpTarget);
    jumps.add(target, true, HEADER_RECORD);
    expect(all.map((one) => jumps.find(one) !== 0)).toEqual([true, false, true, true, false]);
  });

  it('finds two that ask for each other\'s places again, whatever holds the others', () => {
    for (const i of [1, 2, 3, 4]) jumps.add(jumpTarget(linear + i * 2 ** 26, 5), true, HEADER_RECORD);
    // The first place of either is the last of the other.
    const near = linear & 6;
    const pair = [target, jumpTarget(linear - near + (near ^ 6), 5)];
    for (let i = 0; i < 4; i++) for (const one of pair) if (jumps.find(one) === 0) jumps.add(one, true, HEADER_RECORD);
    expect(pair.map((one) => jumps.find(one) !== 0)).toEqual([true, true]);
  });

  it('keeps the first place for its region, whoever comes or comes back', () => {
    const other = jumpTarget(linear + 2 ** 26, 5);
    jumps.add(target, true, HEADER_RECORD);
    jumps.setRegion(target, true, { header: HEADER_RECORD, slot: SLOT });
    jumps.add(other, false, HEADER_RECORD + 64);
    expect(loopFinds(linear)).toEqual({ linear: BigInt(linear), slot: SLOT });
    expect(jumps.find(other)).toBe(HEADER_RECORD + 64);
    jumps.enterSpace(1, true);
    expect(jumps.find(other)).toBe(0);
    jumps.enterSpace(0, true);
    expect(loopFinds(linear)).toEqual({ linear: BigInt(linear), slot: SLOT });
    expect(jumps.find(other)).toBe(HEADER_RECORD + 64);
    jumps.forgetRegions(new Set([SLOT]));
    jumps.add(jumpTarget(linear + 2 ** 27, 5), true, HEADER_RECORD + 128);
    expect(loopFinds(linear).linear).toBe(BigInt(linear + 2 ** 27));
    expect(jumps.find(target)).toBe(HEADER_RECORD);
  });

  it('changes places with a block when its region comes, and each is forgotten with its address space', () => {
    const other = jumpTarget(linear + 2 ** 26, 5);
    jumps.add(target, true, HEADER_RECORD);
    jumps.add(other, false, HEADER_RECORD + 64);
    expect(loopFinds(linear).linear).toBe(BigInt(linear + 2 ** 26));
    jumps.setRegion(target, true, { header: HEADER_RECORD, slot: SLOT });
    expect(loopFinds(linear)).toEqual({ linear: BigInt(linear), slot: SLOT });
    expect([target, other].map((one) => jumps.find(one))).toEqual([HEADER_RECORD, HEADER_RECORD + 64]);
    jumps.enterSpace(1, false);
    expect(jumps.find(other)).toBe(0);
  });

  it('leaves the first place to the region that has it', () => {
    const other = jumpTarget(linear + 2 ** 26, 5);
    jumps.add(other, true, HEADER_RECORD + 64);
    jumps.setRegion(other, true, { header: HEADER_RECORD + 64, slot: SLOT + 1 });
    jumps.add(target, true, HEADER_RECORD);
    jumps.setRegion(target, true, { header: HEADER_RECORD, slot: SLOT });
    expect(loopFinds(linear).slot).toBe(SLOT + 1);
    expect([target, other].map((one) => jumps.find(one))).toEqual([HEADER_RECORD, HEADER_RECORD + 64]);
  });

  it('is not found in another address space where its region reaches into pages that are not global', () => {
    jumps.add(target, true, HEADER_RECORD);
    jumps.enterSpace(1, false);
    expect(jumps.find(target)).toBe(HEADER_RECORD);
    jumps.setRegion(target, false, { header: HEADER_RECORD, slot: SLOT });
    jumps.enterSpace(2, false);
    expect(jumps.find(target)).toBe(0);
  });

  it('is found again in the address space it belongs to, unless its pages are elsewhere or all was forgotten', () => {
    jumps.add(target, false, HEADER_RECORD);
    jumps.enterSpace(1, false);
    expect(jumps.find(target)).toBe(0);
    jumps.enterSpace(0, true);
    expect(jumps.find(target)).toBe(HEADER_RECORD);
    jumps.enterSpace(1, true);
    jumps.enterSpace(0, false);
    expect(jumps.find(target)).toBe(0);
    jumps.enterSpace(1, true);
    jumps.enterSpace(0, true);
    expect(jumps.find(target)).toBe(0);
    jumps.add(target, false, HEADER_RECORD);
    jumps.enterSpace(1, true);
    jumps.flush();
    jumps.enterSpace(0, true);
    expect(jumps.find(target)).toBe(0);
  });

  it('leads to its region again in a space that is come back to, but to none that has gone or has other pages', () => {
    const slotAgain = (handler: number, gone: number): number => {
      views.u16[(HEADER_RECORD + FIELD.handler) >> 1] = handler;
      views.i32[(HEADER_RECORD + HEADER.regionSlot) >> 2] = SLOT;
      jumps.add(target, false, HEADER_RECORD);
      jumps.setRegion(target, false, { header: HEADER_RECORD, slot: SLOT });
      jumps.enterSpace(1, true);
      jumps.forgetRegions(new Set([gone]));
      jumps.enterSpace(0, true);
      return loopFinds(linear).slot;
    };
    expect(slotAgain(HANDLER.region, SLOT + 1)).toBe(SLOT);
    expect(slotAgain(HANDLER.region, SLOT)).toBe(0);
    expect(slotAgain(HANDLER.spanning, SLOT + 1)).toBe(0);
  });
});

it('keeps the addresses of global pages when a process goes that had many others', () => {
  const jumps = new JumpCache(views, layout);
  const kernel = jumpTarget(0xc012_3456, 5);
  jumps.add(kernel, true, HEADER_RECORD);
  // One for each line of the cache, more than are kept for the process.
  const others = Array.from({ length: JUMP_CACHE_ENTRIES / 4 }, (_, i) => jumpTarget(0x1000_0000 + 8 * i, 5));
  for (const one of others) jumps.add(one, false, HEADER_RECORD);
  const found = () => others.filter((one) => jumps.find(one) !== 0).length;
  const before = found();
  expect(before).toBeGreaterThan(4000);
  jumps.enterSpace(1, false);
  expect([jumps.find(kernel), found()]).toEqual([HEADER_RECORD, 0]);
  jumps.enterSpace(0, true);
  expect(jumps.find(kernel)).toBe(HEADER_RECORD);
  expect(found()).toBeGreaterThan(0);
  expect(found()).toBeLessThan(before);
});
