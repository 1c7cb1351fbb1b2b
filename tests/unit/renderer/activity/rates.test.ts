// From counters to what happens in a second.

import { expect, it } from 'vitest';
import type { MachineStats } from '../../../../shared/machine/view.ts';
import { rates } from '../../../../src-renderer/features/activity/rates.ts';

const at = (runningMs: number, tlbMisses: number): MachineStats => ({
  runningMs, tlbMisses, load: 0, instructions: 0, mips: 0, regionsCompiled: 0, unclaimedPorts: 0, unclaimedMemory: 0,
  interpreterMs: 0, regionsMs: 0, compilerMs: 0, drives: [], processBytes: 0,
});

it('counts per second, whatever the time between samples, and never backwards', () => {
  const history = [at(0, 100), at(1000, 150), at(3000, 250), at(3000, 300), at(4000, 10)];
  expect(rates(history, ({ tlbMisses }) => tlbMisses)).toEqual([50, 50, 0, 0]);
  expect(rates([], ({ tlbMisses }) => tlbMisses)).toEqual([]);
});
