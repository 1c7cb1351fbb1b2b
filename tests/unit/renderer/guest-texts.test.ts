// The Chinese words for what the table of guest systems says.

import { describe, expect, it } from 'vitest';
import { GUEST_PROFILES } from '../../../shared/machine/guest-profiles.table.ts';
import { guestsZhCn } from '../../../src-renderer/i18n/zh-cn-guests.ts';

describe('texts of guest systems', () => {
  const reasons = GUEST_PROFILES.flatMap((profile) => Object.values(profile.reasons));
  const names = GUEST_PROFILES.map(({ name }) => name);

  it('are there for every reason', () => {
    expect(reasons.filter((reason) => guestsZhCn[reason] === undefined)).toEqual([]);
  });

  it('are for what the table says', () => {
    expect(Object.keys(guestsZhCn).filter((words) => !reasons.includes(words) && !names.includes(words))).toEqual([]);
  });
});
