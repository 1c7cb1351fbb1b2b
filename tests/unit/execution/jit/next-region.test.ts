// Going on in the region that the jump cache leads to, and what the dispatch loop has to see first.

import { beforeEach, expect, it } from 'vitest';
import { createFlatMachine } from '../../../../src-main/engine/execution/flat-machine.ts';
import { JumpCache, jumpTarget } from '../../../../src-main/engine/execution/interpreter/jump-cache.ts';
import { FIRST_REGION_SLOT } from '../../../../src-main/engine/execution/interpreter/handler-numbers.ts';
import { FIELD, HANDLER, LOOKUP, REGION_TYPE } from '../../../../src-main/engine/execution/interpreter/record.ts';
import { goOnInNextRegion } from '../../../../src-main/engine/execution/jit/next-region.ts';
import { computeLayout } from '../../../../src-main/engine/execution/layout.ts';
import { createViews } from '../../../../src-main/engine/execution/views.ts';
import { createModuleBuilder } from '../../../../src-main/engine/ir/module.ts';
import {
  CPU_FIELDS,
  MODE_CODE32,
  MODE_FLAT_CS,
  MODE_LONG64,
  MODE_PROTECTED,
  MODE_USER,
  SEGMENT_INDEX,
} from '../../../../src-main/engine/x86/state/cpu-state.ts';
import { loadEvaluated } from '../../../support/evaluated-modules.ts';

const layout = computeLayout({ ramBytes: 0x10_0000 });
const memory = new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages, shared: true });
const views = createViews(memory);
const SLOT = FIRST_REGION_SLOT + 3;
const NEXT = 4711;
const BACK = LOOKUP;
const HEADER_RECORD = layout.records + 64;
const RIP = 0xc012_3456;
const BASE = 0x1_0000;

const words = new DataView(memory.buffer, layout.cpuBlock);
const set32 = (field: 'attention' | 'mode', value: number) =>
  words.setUint32(CPU_FIELDS[field].offset, value, true);
const regionStart = () => words.getBigUint64(CPU_FIELDS.regionStart.offset, true);

type Leave = (rip: bigint, remaining: number) => number;

/** From a rip, with so many instructions left, which the next region adds to what it gives. */
function leaving(mode: number | undefined): Leave {
  const module = createModuleBuilder();
  module.importMemory('m', 'memory', { shared: true, initial: layout.pages, maximum: layout.pages });
  module.defineTable({ initial: SLOT + 1 });
  const region = module.defineFunction('region', REGION_TYPE.parameters, REGION_TYPE.results);
  region.builder.return(region.builder.op('i32.add', region.builder.constant('i32', NEXT), region.builder.parameter(0)));
  module.elements(SLOT, [region.ref]);
  const { builder: f } = module.defineFunction('leave', ['i64', 'i32'], ['i32'], { export: 'leave' });
  const back = f.block();
  goOnInNextRegion(f, layout, { rip: f.parameter(0), remaining: f.parameter(1), back, mode });
  f.enter(back);
  f.return(f.constant('i32', BACK));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.build() as BufferSource), {
    m: { memory },
  });
  return exports['leave'] as Leave;
}

const LONG = MODE_PROTECTED | MODE_LONG64;
const leave = leaving(MODE_PROTECTED);
const leaveChanged = leaving(undefined);

let jumps: JumpCache;
beforeEach(() => {
  views.u16[(HEADER_RECORD + FIELD.handler) >> 1] = HANDLER.enter;
  jumps = new JumpCache(views, layout);
  set32('attention', 0);
  set32('mode', MODE_PROTECTED);
  words.setBigUint64(CPU_FIELDS.regionStart.offset, 0n, true);
  const { offset, stride } = CPU_FIELDS.segmentBase;
  words.setBigUint64(offset + SEGMENT_INDEX.cs * stride, BigInt(BASE), true);
  const target = jumpTarget(RIP + BASE, MODE_PROTECTED);
  jumps.add(target, true, HEADER_RECORD);
  jumps.setRegion(target, true, { header: HEADER_RECORD, slot: SLOT });
});

it('enters the region of the place, which is where it starts', () => {
  expect(leave(BigInt(RIP), 7)).toBe(NEXT + 7);
  expect(regionStart()).toBe(BigInt(RIP));
});

it.each([LONG, MODE_PROTECTED | MODE_CODE32 | MODE_FLAT_CS])('takes rip as linear address in code that is 64-bit or has no base (mode %i)', (mode) => {
  const target = jumpTarget(RIP, mode);
  const leaveFlat = leaving(mode);
  expect(leaveFlat(BigInt(RIP), 1)).toBe(BACK);
  jumps.add(target, true, HEADER_RECORD);
  jumps.setRegion(target, true, { header: HEADER_RECORD, slot: SLOT });
  expect(leaveFlat(BigInt(RIP), 1)).toBe(NEXT + 1);
});

it('goes by the CPU block where the mode may have changed', () => {
  const target = jumpTarget(RIP, LONG);
  jumps.add(target, true, HEADER_RECORD);
  jumps.setRegion(target, true, { header: HEADER_RECORD, slot: SLOT });
  set32('mode', LONG);
  expect(leaveChanged(BigInt(RIP), 1)).toBe(NEXT + 1);
  expect(leaveChanged(BigInt(RIP - BASE), 1)).toBe(BACK);
  set32('mode', MODE_PROTECTED);
  expect(leaveChanged(BigInt(RIP), 1)).toBe(NEXT + 1);
  expect(leaveChanged(BigInt(RIP + BASE), 1)).toBe(BACK);
});

it.each<[string, () => number]>([
  [
    'attention is wanted',
    () => {
      set32('attention', 1);
      return leave(BigInt(RIP), 1);
    },
  ],
  ['the budget is spent', () => leave(BigInt(RIP), 0)],
  ['the budget is overdrawn', () => leave(BigInt(RIP), -5)],
  ['nothing is known of the place', () => leave(BigInt(RIP) + 0x20n, 1)],
  [
    'the place is known in another mode',
    () => {
      const mode = MODE_PROTECTED | MODE_USER;
      set32('mode', mode);
      expect(leaveChanged(BigInt(RIP), 1)).toBe(BACK);
      return leaving(mode)(BigInt(RIP), 1);
    },
  ],
  [
    'the place is known of an address with another sign only',
    () => {
      const target = jumpTarget(RIP, LONG);
      jumps.add(target, true, HEADER_RECORD);
      jumps.setRegion(target, true, { header: HEADER_RECORD, slot: SLOT });
      expect(leaving(LONG)(BigInt(RIP), 1)).toBe(NEXT + 1);
      words.setBigUint64(CPU_FIELDS.regionStart.offset, 0n, true);
      return leaving(LONG)(BigInt.asIntN(64, BigInt(RIP) | (0xffffn << 48n)), 1);
    },
  ],
  [
    'the place was forgotten',
    () => {
      jumps.forget(jumpTarget(RIP + BASE, MODE_PROTECTED));
      return leave(BigInt(RIP), 1);
    },
  ],
  [
    'the block there has no region',
    () => {
      jumps.forgetRegions(new Set([SLOT]));
      return leave(BigInt(RIP), 1);
    },
  ],
])('goes back where %s', (_, go) => {
  expect(go()).toBe(BACK);
  expect(regionStart()).toBe(0n);
});

it('is what engines do, but for those whose functions are evaluated or whose tables would be copied', () => {
  const machine = { ramBytes: 0x10_0000, model: 'x86-64-v2', accel: 'jit' } as const;
  const isChained = (more: object) =>
    createFlatMachine({ ...machine, ...more }).engine.regionThread.isChained;
  expect([{}, { load: loadEvaluated }, { copiesTables: true }].map(isChained)).toEqual([true, false, false]);
});
