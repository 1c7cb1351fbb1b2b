// The tables of the benchmark: medians and quotients of results that are known.

import { expect, it } from 'vitest';
import { speedsText } from '../../bench/readme.mjs';
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

const STARTS = [
  ...of('jit', 'compile', 6, 6),
  ...of('again', 'compile', 3, 4),
  ...of('qemu', 'compile', 12, 12),
  ...of('jit', 'shell', 2),
  ...of('again', 'shell', 1),
  ...of('qemu', 'shell', 5),
  ...of('jit', 'copy', 1).map((result) => ({ ...result, guest: 'bare-i386' })),
  ...of('qemu', 'copy', 7).map((result) => ({ ...result, guest: 'bare-i386' })),
];

it('has a later start beside the first, and compared with it', () => {
  const [heading, compile] = table(STARTS, ['jit', 'again', 'qemu']).split('\n');
  expect(heading?.split(/ +/)).toEqual(['guest', 'measure', 'unit', 'jit', 'again', 'qemu', 'again/jit', 'qemu/jit', 'MIPS']);
  expect(compile?.split(/ {2,}/).slice(4)).toEqual(['3.50 (3.00–4.00)', '12.0 (12.0–12.0)', '0.58 (0.50–0.67)', '2.00 (2.00–2.00)']);
});

const FIRST_STARTS = `Measured on a machine:

| guest | group | qemu/jit |
| --- | --- | --- |
| linux-i386 | compile job | 2.00 (2.00–2.00) |
| linux-i386 | boot to the shell | 2.50 |
| bare-i386 | memory | 7.00 |`;

it('compares with first starts in the README', () => {
  expect(speedsText(STARTS, ['jit', 'qemu'], 'a machine')).toBe(FIRST_STARTS);
});

it('compares with later starts in a table of its own, which bare guests have no part in', () => {
  const [first, later] = speedsText(STARTS, ['jit', 'again', 'qemu'], 'a machine').split('\n\n### Later starts\n\n');
  expect(first).toBe(FIRST_STARTS);
  expect(later?.split('\n\n')[1]?.split('\n')).toEqual([
    '| guest | group | jit/again | qemu/again |',
    '| --- | --- | --- | --- |',
    '| linux-i386 | compile job | 1.75 (1.50–2.00) | 3.50 (3.00–4.00) |',
    '| linux-i386 | boot to the shell | 2.00 | 5.00 |',
  ]);
});
