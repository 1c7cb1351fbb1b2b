// Which system the machine is for, how that is known, and what it changes.

import { useId } from 'react';
import { GUEST_PROFILES } from '../../../shared/machine/guest-profiles.ts';
import { guestText, t } from '../../i18n/strings.ts';
import type { Draft } from './draft.ts';

export function GuestField({ draft }: { readonly draft: Draft }) {
  const id = useId();
  const { plan, guestReason } = draft;
  return (
    <div className="field">
      <label htmlFor={id}>{t.create.guest}</label>
      <select
        id={id}
        className="input"
        value={plan.guest}
        onChange={(event) => draft.chooseGuest(event.target.value)}
      >
        {GUEST_PROFILES.map((profile) => (
          <option key={profile.id} value={profile.id}>
            {guestText(profile.name)}
          </option>
        ))}
      </select>
      <span className="hint" aria-live="polite">
        {guestReason ? t.create.guestReasons[guestReason.from](guestReason.text) : t.create.guestHint}
      </span>
    </div>
  );
}
