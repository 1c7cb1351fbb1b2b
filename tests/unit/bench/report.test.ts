// The tables of the benchmark: medians and quotients of results that are known.

import { expect, it } from 'vitest';
import { groupRows, type Result, table } from '../../bench/report.mjs';

const of = (contestant: string, measure: string, ...values: readonly number[]): Result[] =>
  values.map((value, round) => ({ guest: 'linux-i386', contestant, measure, round, value, unit: 'ms' }));

const RESULTS = [
  ...of('jit', 'copy', 2, 1, 4),
  ...of('qemu', 'copy', 4, 4, 4),
  ...of('jit', 'walk', 1, 1, 1),
  ...of('qemu', 'walk', 8, 9, 9),
  ...of('jit', 'fork', 10),
];

it('gives the median, the least and the greatest of several rounds', () => {
  const [, copy, walk, fork] = table(RESULTS, ['jit', 'qemu']).split('\n');
  expect(copy?.split(/ {2,}/)).toEqual(['linux-i386', 'copy', 'ms', '2.00 (1.00–4.00)', '4.00 (4.00–4.00)', '2.00 (1.00–4.00)']);
  expect(walk).toContain('9.00 (8.00–9.00)');
  expect(fork?.split(/ {2,}/)).toEqual(['linux-i386', 'fork', 'ms', '10.0', '-', '-']);
});

it('gives the geometric mean of the quotients in a group, round by round', () => {
  // Of 2 and 8, 4 and 9, 1 and 9.
  expect(groupRows(RESULTS, ['jit', 'qemu'])).toEqual([
    ['guest', 'group', 'qemu/jit'],
    ['linux-i386', 'memory', '4.00 (3.00–6.00)'],
  ]);
});

it('leaves out a group that the other has in part', () => {
  const part = [...of('jit', 'copy', 1), ...of('jit', 'walk', 1), ...of('qemu', 'copy', 2)];
  expect(groupRows(part, ['jit', 'qemu'])).toEqual([['guest', 'group', 'qemu/jit']]);
});
