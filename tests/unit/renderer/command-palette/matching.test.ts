// What typed letters mean.

import { describe, expect, it } from 'vitest';
import { matching } from '../../../../src-renderer/features/command-palette/matching.ts';

const COMMANDS = [
  { title: 'Restart', group: 'Debian' },
  { title: 'Start', group: 'Debian' },
  { title: 'Settings', group: 'Debian' },
  { title: 'Debian', group: 'Machines' },
];
const titles = (typed: string) => matching(COMMANDS, typed).map(({ title }) => title);

describe('the palette', () => {
  it('puts beginnings first, then what contains the words, then what its group says', () => {
    expect(titles('start')).toEqual(['Start', 'Restart']);
    expect(titles('deb')).toEqual(['Debian', 'Restart', 'Start', 'Settings']);
  });

  it('wants all words, in any order and case', () => {
    expect(titles('debian SET')).toEqual(['Settings']);
    expect(titles('set start')).toEqual([]);
  });

  it('finds the English words in another language too', () => {
    const chinese = [
      { title: '重新启动', group: 'Debian', english: { title: 'Restart', group: 'Debian' } },
      { title: '启动', group: 'Debian', english: { title: 'Start', group: 'Debian' } },
    ];
    const found = (typed: string) => matching(chinese, typed).map(({ title }) => title);
    expect(found('start')).toEqual(['启动', '重新启动']);
    expect(found('启动')).toEqual(['启动', '重新启动']);
    expect(found('设置')).toEqual([]);
  });

  it('shows everything before anything is typed', () => {
    expect(titles('  ')).toHaveLength(4);
  });
});
