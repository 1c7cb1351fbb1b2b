// What the jump cache knows of an address, and for how long: its block, and the region to enter without a look at that.

import { beforeEach, describe, expect, it } from 'vitest';
import { createModuleBuilder } from '../../../../src-main/engine/ir/module.ts';
import { JUMP_PLACES, JumpCache, jumpCacheOffset, jumpCacheWord, type JumpTarget, jumpTarget, STEP_KEY } from '../../../../src-main/engine/execution/interpreter/jump-cache.ts';
import { JumpLookup } from '../../../../src-main/engine/execution/interpreter/jump-lookup.ts';
import { FIELD, HANDLER, HEADER } from '../../../../src-main/engine/execution/interpreter/record.ts';
import { computeLayout, JUMP_CACHE_ENTRIES, JUMP_CACHE_ENTRY_SIZE } from '../../../../src-main/engine/execution/layout.ts';
import { CPU_FIELDS, MODE_LONG64, MODE_PROTECTED, MODE_STEP, MODE_USER } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import { createViews } from '../../../../src-main/engine/execution/views.ts';

const layout = computeLayout({ ramBytes: 0x10_0000 });
const memory = new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages, shared: true });
const views = createViews(memory);
const HEADER_RECORD = layout.records + 64;
const SLOT = 0x4abc;
const KERNEL = -0x7fff_ffff_f123;

const MODE = MODE_PROTECTED | MODE_LONG64;
const OTHER_MODE = MODE | MODE_USER;

/** What the dispatch loop finds in the first place of an address: the block or 0, and the region to enter or 0. */
function firstPlace(linear: number, key: 0 | typeof STEP_KEY = 0): { block: number; slot: number } {
  const module = createModuleBuilder();
  module.importMemory('m', 'memory', { shared: true, initial: layout.pages, maximum: layout.pages });
  for (const what of ['block', 'slot'] as const) {
    const { builder: f } = module.defineFunction(what, ['i64'], ['i32'], { export: what });
    const lookup = new JumpLookup(f, layout, f.parameter(0), { key });
    const place = lookup.at(0);
    const nothing = f.constant('i32', 0);
    f.return(what === 'slot' ? f.select(place.hasRegion(), place.slot, nothing) : f.select(place.isHit(), lookup.take(place), nothing));
  }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.build()), { m: { memory } });
  const { block, slot } = exports as unknown as Record<'block' | 'slot', (rip: bigint) => number>;
  return { block: block(BigInt(linear)), slot: slot(BigInt(linear)) };
}

describe.each([0x1234, 0xc012_3456, 0x7fff_1234_5678, KERNEL])('address %d', (linear) => {
  const target = jumpTarget(linear, MODE);
  let jumps: JumpCache;
  beforeEach(() => {
    views.u16[(HEADER_RECORD + FIELD.handler) >> 1] = HANDLER.enter;
    views.i32[(layout.cpuBlock + CPU_FIELDS.mode.offset) >> 2] = MODE;
    jumps = new JumpCache(views, layout);
  });

  it('leads to a block, and to none in another mode or at another address', () => {
    jumps.add(target, true, HEADER_RECORD);
    expect(jumps.find(target)).toBe(HEADER_RECORD);
    expect(jumps.find(jumpTarget(linear, OTHER_MODE))).toBe(0);
    expect(jumps.find(jumpTarget(linear + JUMP_CACHE_ENTRIES * 0x1_0000, MODE))).toBe(0);
    expect(firstPlace(linear)).toEqual({ block: HEADER_RECORD, slot: 0 });
  });

  it('leads to a step elsewhere than to the block that begins there', () => {
    jumps.add(target, true, HEADER_RECORD);
    const step = jumpTarget(linear, MODE | STEP_KEY);
    jumps.add(step, true, HEADER_RECORD + 32);
    expect([target, step].map((one) => jumps.find(one))).toEqual([HEADER_RECORD, HEADER_RECORD + 32]);
    expect([firstPlace(linear), firstPlace(linear, STEP_KEY)].map(({ block }) => block)).toEqual([HEADER_RECORD, HEADER_RECORD + 32]);
  });

  it('leads to the region of its block at once, from when there is one', () => {
    jumps.add(target, true, HEADER_RECORD);
    jumps.setRegion(target, true, { header: HEADER_RECORD, slot: SLOT });
    expect(firstPlace(linear)).toEqual({ block: HEADER_RECORD, slot: SLOT });
    expect(jumps.find(target)).toBe(HEADER_RECORD);
    jumps.forgetRegions(new Set([SLOT + 1]));
    expect(firstPlace(linear).slot).toBe(SLOT);
    jumps.forgetRegions(new Set([SLOT]));
    expect(firstPlace(linear)).toEqual({ block: HEADER_RECORD, slot: 0 });
    expect(jumps.find(target)).toBe(HEADER_RECORD);
  });

  it('leads to a region that was there before, but to none of another block', () => {
    views.u16[(HEADER_RECORD + FIELD.handler) >> 1] = HANDLER.region;
    views.i32[(HEADER_RECORD + HEADER.regionSlot) >> 2] = SLOT;
    jumps.add(target, true, HEADER_RECORD);
    expect(firstPlace(linear).slot).toBe(SLOT);
    views.u16[(HEADER_RECORD + FIELD.handler) >> 1] = HANDLER.spanning;
    jumps.add(target, true, HEADER_RECORD);
    expect(firstPlace(linear).slot).toBe(0);
    jumps.setRegion(target, true, { header: HEADER_RECORD + 64, slot: SLOT });
    expect(firstPlace(linear).slot).toBe(0);
  });

  it('shares its places with three others, of which the fifth drives out the first that came', () => {
    const others = [1, 2, 3, 4].map((i) => jumpTarget(linear + i * 2 ** 26, MODE));
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
    for (const i of [1, 2, 3, 4]) jumps.add(jumpTarget(linear + i * 2 ** 26, MODE), true, HEADER_RECORD);
    // The first place of either is the last of the other.
    const near = linear & 6;
    const pair = [target, jumpTarget(linear - near + (near ^ 6), MODE)];
    for (let i = 0; i < 4; i++) for (const one of pair) if (jumps.find(one) === 0) jumps.add(one, true, HEADER_RECORD);
    expect(pair.map((one) => jumps.find(one) !== 0)).toEqual([true, true]);
  });

  it('keeps the first place for its region, whoever comes or comes back', () => {
    const other = jumpTarget(linear + 2 ** 26, MODE);
    jumps.add(target, true, HEADER_RECORD);
    jumps.setRegion(target, true, { header: HEADER_RECORD, slot: SLOT });
    jumps.add(other, false, HEADER_RECORD + 64);
    expect(firstPlace(linear)).toEqual({ block: HEADER_RECORD, slot: SLOT });
    expect(jumps.find(other)).toBe(HEADER_RECORD + 64);
    jumps.enterSpace(1, true);
    expect(jumps.find(other)).toBe(0);
    jumps.enterSpace(0, true);
    expect(firstPlace(linear)).toEqual({ block: HEADER_RECORD, slot: SLOT });
    expect(jumps.find(other)).toBe(HEADER_RECORD + 64);
    jumps.forgetRegions(new Set([SLOT]));
    jumps.add(jumpTarget(linear + 2 ** 27, MODE), true, HEADER_RECORD + 128);
    expect(firstPlace(linear + 2 ** 27).block).toBe(HEADER_RECORD + 128);
    expect(jumps.find(target)).toBe(HEADER_RECORD);
  });

  it('changes places with a block when its region comes, and each is forgotten with its address space', () => {
    const other = jumpTarget(linear + 2 ** 26, MODE);
    jumps.add(target, true, HEADER_RECORD);
    jumps.add(other, false, HEADER_RECORD + 64);
    expect(firstPlace(linear + 2 ** 26).block).toBe(HEADER_RECORD + 64);
    jumps.setRegion(target, true, { header: HEADER_RECORD, slot: SLOT });
    expect(firstPlace(linear)).toEqual({ block: HEADER_RECORD, slot: SLOT });
    expect([target, other].map((one) => jumps.find(one))).toEqual([HEADER_RECORD, HEADER_RECORD + 64]);
    jumps.enterSpace(1, false);
    expect(jumps.find(other)).toBe(0);
  });

  it('leaves the first place to the region that has it', () => {
    const other = jumpTarget(linear + 2 ** 26, MODE);
    jumps.add(other, true, HEADER_RECORD + 64);
    jumps.setRegion(other, true, { header: HEADER_RECORD + 64, slot: SLOT + 1 });
    jumps.add(target, true, HEADER_RECORD);
    jumps.setRegion(target, true, { header: HEADER_RECORD, slot: SLOT });
    expect(firstPlace(linear + 2 ** 26).slot).toBe(SLOT + 1);
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

  it('is told of the block that it leads to, with a region and without, and not of a step', () => {
    jumps.add(target, true, HEADER_RECORD);
    jumps.add(jumpTarget(linear, MODE | STEP_KEY), true, HEADER_RECORD + 32);
    expect([...jumps.addresses()]).toEqual([[HEADER_RECORD, linear]]);
    jumps.setRegion(target, true, { header: HEADER_RECORD, slot: SLOT });
    expect([...jumps.addresses()]).toEqual([[HEADER_RECORD, linear]]);
    jumps.flush();
    expect([...jumps.addresses()]).toEqual([]);
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
      return firstPlace(linear).slot;
    };
    expect(slotAgain(HANDLER.region, SLOT + 1)).toBe(SLOT);
    expect(slotAgain(HANDLER.region, SLOT)).toBe(0);
    expect(slotAgain(HANDLER.spanning, SLOT + 1)).toBe(0);
  });
});

it('keeps the addresses of global pages when a process goes that had many others', () => {
  const jumps = new JumpCache(views, layout);
  const kernel = jumpTarget(0xc012_3456, MODE);
  jumps.add(kernel, true, HEADER_RECORD);
  // One for each line of the cache, more than are kept for the process.
  const others = Array.from({ length: JUMP_CACHE_ENTRIES / 4 }, (_, i) => jumpTarget(0x1000_0000 + 8 * i, MODE));
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

it('has no place that an address shares with another one in another mode, if their entries begin alike', () => {
  const module = createModuleBuilder();
  const { builder: f } = module.defineFunction('offset', ['i32'], ['i32'], { export: 'offset' });
  f.return(jumpCacheOffset(f, f.parameter(0), 0));
  const { builder: g } = module.defineFunction('word', ['i64', 'i32'], ['i64'], { export: 'word' });
  g.return(jumpCacheWord(g, g.parameter(0), g.parameter(1)));
  const { offset, word } = new WebAssembly.Instance(new WebAssembly.Module(module.build()), {}).exports as unknown as { offset: (low: number) => number; word: (linear: bigint, mode: number) => bigint };
  const address = 0x7fff_1234_5678n;
  for (let mode = 1; mode < MODE_STEP; mode++) {
    const other = address ^ word(0n, mode);
    expect(word(other, mode)).toBe(word(address, 0));
    const [at, from] = [other, address].map((linear) => offset(Number(BigInt.asIntN(32, linear)))) as [number, number];
    const apart = (at ^ from) / JUMP_CACHE_ENTRY_SIZE;
    expect(apart).toBeGreaterThanOrEqual(JUMP_PLACES);
  }
});
