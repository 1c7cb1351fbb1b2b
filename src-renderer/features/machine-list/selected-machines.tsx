// The page of several chosen machines: what they show, and what can be done to all of them.

import { useMemo } from 'react';
import { Toolbar } from 'react-aria-components';
import type { MachineView } from '../../../shared/machine/view.ts';
import { Button } from '../../components/button.tsx';
import { GuestIcon } from '../../components/guest-icon.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { t } from '../../i18n/strings.ts';
import { nameOf, useApp } from '../../state/app-store.ts';
import { goTo } from '../../state/navigation.ts';
import { groupOfKey, useSelection } from '../../state/selection.ts';
import { bulkActions, request } from './bulk-actions.ts';
import { machinesOfKeys } from './machine-groups.ts';
import { Thumbnail } from './machine-row.tsx';

/** What the list's selection stands for; empty while there is none. */
export function useSelectedMachines(): readonly MachineView[] {
  const machines = useApp((state) => state.machines);
  const keys = useSelection((state) => state.keys);
  return useMemo(() => machinesOfKeys(machines, keys), [machines, keys]);
}

export function SelectedMachines({ machines }: { readonly machines: readonly MachineView[] }) {
  const keys = useSelection((state) => state.keys);
  const [only] = keys;
  const group = keys.size === 1 && only !== undefined ? groupOfKey(only) : undefined;
  return (
    <div className="global-page">
      <header className="page-header">
        <div className="page-title">
          <h1>
            <bdi>{group ?? t.list.selected(machines.length)}</bdi>
          </h1>
        </div>
        <Toolbar className="actions" aria-label={t.machine.actionsLabel}>
          {bulkActions(machines).map(({ id, icon, title, ids }) => (
            <Button key={id} icon={icon} isDisabled={ids.length === 0} onPress={() => request(id, machines)}>
              {title}
            </Button>
          ))}
        </Toolbar>
        <p className="page-hint quiet">{t.list.selectedHint}</p>
      </header>
      <ul className="machine-cards">
        {machines.map((machine) => (
          <li key={machine.id}>
            <button type="button" className="machine-card" onClick={() => goTo(machine.id)}>
              <span className="machine-card-screen">
                <Thumbnail id={machine.id} />
              </span>
              <span className="machine-card-name">
                {machine.kind === 'machine' && <GuestIcon guest={machine.config.guest} />}
                <bdi title={nameOf(machine)}>{nameOf(machine)}</bdi>
              </span>
              <StateBadge state={machine.kind === 'damaged' ? 'damaged' : machine.state} />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
