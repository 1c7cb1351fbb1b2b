// The list of machines at the left: search, names, states.

import { Box, FileWarning, Plus } from 'lucide-react';
import { useMemo, useState } from 'react';
import { ListBox, ListBoxItem, Text } from 'react-aria-components';
import { hasProcess } from '../../../shared/machine/lifecycle.ts';
import type { MachineView } from '../../../shared/machine/view.ts';
import { Button } from '../../components/button.tsx';
import { SearchField } from '../../components/fields.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { t } from '../../i18n/strings.ts';
import { nameOf, useApp } from '../../state/app-store.ts';
import { goTo, usePlace } from '../../state/navigation.ts';

interface MachineListProps {
  readonly onCreate: () => void;
}

export function MachineList({ onCreate }: MachineListProps) {
  const machines = useApp((state) => state.machines);
  const { machineId, page } = usePlace();
  const [wanted, setWanted] = useState('');
  const shown = useMemo(() => matching(machines, wanted), [machines, wanted]);
  const running = machines.filter(
    (machine) => machine.kind === 'machine' && hasProcess(machine.state),
  ).length;

  return (
    <nav className="machine-list" aria-label={t.list.title}>
      <div className="machine-list-top">
        <SearchField
          label={t.list.search}
          clearLabel={t.list.clearSearch}
          value={wanted}
          onChange={setWanted}
        />
        <Button icon={Plus} onPress={onCreate}>
          {t.list.create}
        </Button>
      </div>
      {machines.length === 0 ? (
        <div className="machines" />
      ) : (
        <ListBox
          aria-label={t.list.title}
          className="machines"
          items={shown}
          dependencies={[shown]}
          selectionMode="single"
          selectionBehavior="replace"
          selectedKeys={machineId === null ? [] : [machineId]}
          onSelectionChange={(keys) => {
            const [key] = keys === 'all' ? [] : keys;
            if (key !== undefined) goTo(String(key), page);
          }}
          renderEmptyState={() => <p className="quiet">{t.list.nothingFound(wanted)}</p>}
        >
          {(machine) => (
            <ListBoxItem id={machine.id} textValue={nameOf(machine)} className="machine-row">
              {machine.kind === 'damaged' ? <FileWarning aria-hidden /> : <Box aria-hidden />}
              <Text slot="label" className="machine-row-name" title={nameOf(machine)}>
                <bdi>{nameOf(machine)}</bdi>
              </Text>
              <Text slot="description">
                <StateBadge state={machine.kind === 'damaged' ? 'damaged' : machine.state} />
              </Text>
            </ListBoxItem>
          )}
        </ListBox>
      )}
      <p className="machine-count" role="status">
        {t.list.count(machines.length, running)}
      </p>
    </nav>
  );
}

function matching(machines: readonly MachineView[], wanted: string): readonly MachineView[] {
  const needle = wanted.trim().toLocaleLowerCase();
  if (needle === '') return machines;
  return machines.filter((machine) => nameOf(machine).toLocaleLowerCase().includes(needle));
}
