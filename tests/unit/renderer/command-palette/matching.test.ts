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

  it('shows everything before anything is typed', () => {
    expect(titles('  ')).toHaveLength(4);
  });
});
