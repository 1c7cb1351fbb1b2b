// The words of QEMU's monitor: what each stands for, of a machine and of an image.

import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src-main/cli/usage-error.ts';
import { meaningOf } from '../../../src-main/cli/vm-words.ts';

const isFile = (path: string) => path.endsWith('.qcow2');
const meaning = (line: string) => {
  const [word = '', ...args] = line.split(' ');
  const { verb, args: meant } = meaningOf(word, args, isFile);
  return [verb, ...meant].join(' ');
};

describe('the words of the monitor', () => {
  it.each([
    ['savevm desk', 'snapshot take desk'],
    ['savevm desk before --json', 'snapshot take desk before --json'],
    ['loadvm desk before', 'snapshot restore desk before'],
    ['delvm desk before', 'snapshot delete desk before --yes'],
    ['info snapshots desk', 'snapshot list desk --tree'],
    ['savevm a.qcow2 one', 'img snapshot -c one a.qcow2'],
    ['loadvm a.qcow2 one', 'img snapshot -a one a.qcow2'],
    ['delvm a.qcow2 one', 'img snapshot -d one a.qcow2'],
    ['info snapshots a.qcow2', 'img snapshot -l a.qcow2'],
  ])('%s', (line, meant) => {
    expect(meaning(line)).toBe(meant);
  });

  it.each(['savevm', 'loadvm desk', 'delvm a.qcow2', 'savevm a.qcow2', 'info block desk', 'info', 'savevm a.qcow2 one --json'])('%s is told what is wrong with it', (line) => {
    expect(() => meaning(line)).toThrow(UsageError);
  });
});
