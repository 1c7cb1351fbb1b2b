// Which threads of a process give way, as the kernel has it. In a process of its own, since nice values do not come back.
// Reference: proc(5), /proc/pid/stat (field 19).

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nodeBinary } from '../../../src-main/launch/node-binary.mjs';

const PROGRAM = `
import { readdirSync, readFileSync } from 'node:fs';
import { giveWay, letOptimisersGiveWay } from ${JSON.stringify(join(import.meta.dirname, '../../../src-main/host/thread-priority.ts'))};
const nices = () => {
  const found = {};
  for (const task of readdirSync('/proc/self/task')) {
    const stat = readFileSync('/proc/self/task/' + task + '/stat', 'utf8');
    const name = Number(task) === process.pid ? 'main' : stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    (found[name] ??= new Set()).add(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]));
  }
  return Object.fromEntries(Object.entries(found).map(([name, values]) => [name, [...values]]));
};
const before = nices();
letOptimisersGiveWay();
const optimisers = nices();
giveWay();
console.log(JSON.stringify({ before, optimisers, both: nices() }));
`;

it.runIf(process.platform === 'linux')('threads that compile give way to the others, those that optimise most', () => {
  const said = execFileSync(nodeBinary(), ['--input-type=module', '--no-warnings', '-e', PROGRAM], { encoding: 'utf8' });
  const { before, optimisers, both } = JSON.parse(said);
  const [start] = before.main;
  expect(before.V8Worker).toEqual([start]);
  expect(optimisers).toEqual({ ...before, V8Worker: [Math.min(19, start + 4)] });
  expect(both).toEqual({ ...optimisers, main: [Math.min(19, start + 2)] });
});
