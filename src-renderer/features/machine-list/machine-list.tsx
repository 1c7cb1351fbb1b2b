// The list of machines at the left: search, groups, names, states. One machine opens its page; several, or a group, can
// be acted upon together.

import { Plus } from 'lucide-react';
import { type KeyboardEvent, type MouseEvent, useMemo, useState } from 'react';
import { ListLayout, Tree, Virtualizer } from 'react-aria-components';
import { hasProcess, isAllowed } from '../../../shared/machine/lifecycle.ts';
import type { MachineView } from '../../../shared/machine/view.ts';
import { Button } from '../../components/button.tsx';
import { SearchField } from '../../components/fields.tsx';
import { t } from '../../i18n/strings.ts';
import { changePreferences, useApp } from '../../state/app-store.ts';
import { goTo, usePlace } from '../../state/navigation.ts';
import { groupKey, groupOfKey, select, useSelection } from '../../state/selection.ts';
import { request } from './bulk-actions.ts';
import { inGroups, machinesOfKeys, matchingMachines } from './machine-groups.ts';
import { MachineMenu, type MenuPlace } from './machine-menu.tsx';
import { GroupRow, MachineRow } from './machine-row.tsx';

interface MachineListProps {
  readonly onCreate: () => void;
}

export function MachineList({ onCreate }: MachineListProps) {
  const machines = useApp((state) => state.machines);
  const [wanted, setWanted] = useState('');
  const shown = useMemo(() => matchingMachines(machines, wanted), [machines, wanted]);
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
      {machines.length === 0 ? <div className="machines" /> : <Machines shown={shown} wanted={wanted} />}
      <p className="machine-count" role="status">
        {t.list.count(machines.length, running)}
      </p>
    </nav>
  );
}

interface MachinesProps {
  readonly shown: readonly MachineView[];
  readonly wanted: string;
}

const NOTHING: readonly string[] = [];
/** Rows that are not in sight are not drawn; each is measured when it is. */
const LIST_LAYOUT = { estimatedRowSize: 48, gap: 1, padding: 8 };
const GROUP_ROW_SIZE = 30;

/** Every wrong estimate is another layout of all rows. */
class MachineLayout extends ListLayout<object> {
  protected override buildItem(...[node, x, y]: Parameters<ListLayout<object>['buildItem']>) {
    const { estimatedRowSize } = this;
    if (groupOfKey(String(node.key)) !== undefined) this.estimatedRowSize = GROUP_ROW_SIZE;
    const built = super.buildItem(node, x, y);
    this.estimatedRowSize = estimatedRowSize;
    return built;
  }
}

function Machines({ shown, wanted }: MachinesProps) {
  const { machineId } = usePlace();
  const keys = useSelection((state) => state.keys);
  const collapsed = useApp((state) => state.preferences?.collapsedGroups ?? NOTHING);
  const [menu, setMenu] = useState<MenuPlace | null>(null);
  const groups = useMemo(() => inGroups(shown), [shown]);
  const selected = keys.size > 0 ? keys : new Set(machineId === null ? [] : [machineId]);
  const chosen = () => machinesOfKeys(shown, selected);
  // A search looks into every group.
  const expanded = groups.filter(({ name }) => wanted !== '' || !collapsed.includes(name)).map(({ name }) => groupKey(name));

  const openMenu = (event: MouseEvent) => {
    const key = event.target instanceof Element ? event.target.closest('[data-key]')?.getAttribute('data-key') : null;
    if (!key) return;
    event.preventDefault();
    const isChosen = selected.has(key);
    if (!isChosen) select(new Set([key]));
    const { left, bottom } = (event.target as Element).getBoundingClientRect();
    // By keyboard there is no place of a pointer.
    const byKeyboard = event.clientX === 0 && event.clientY === 0;
    setMenu({
      x: byKeyboard ? left + 24 : event.clientX,
      y: byKeyboard ? bottom : event.clientY,
      machines: isChosen ? chosen() : machinesOfKeys(shown, new Set([key])),
    });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Delete') request('delete', chosen());
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the tree inside has the focus; this only hears of it
    <div className="machines" onContextMenu={openMenu} onKeyDown={onKeyDown}>
      <Virtualizer layout={MachineLayout} layoutOptions={LIST_LAYOUT}>
        <Tree
          aria-label={t.list.title}
          className="machine-tree"
          selectionMode="multiple"
          selectionBehavior="replace"
          selectedKeys={selected}
          onSelectionChange={(next) => select(new Set(next === 'all' ? shown.map(({ id }) => id) : [...next].map(String)))}
          expandedKeys={expanded}
          onExpandedChange={(next) =>
            void changePreferences({ collapsedGroups: collapsedAfter(collapsed, groups.map(({ name }) => name), next) })
          }
          renderEmptyState={() => <p className="quiet">{t.list.nothingFound(wanted)}</p>}
        >
          {groups.map(({ name, machines }) => {
            const rows = machines.map((machine) => (
              <MachineRow key={machine.id} machine={machine} onAction={() => open(machine)} />
            ));
            // Machines without a group need no heading while there are no groups.
            if (name === '' && groups.length === 1) return rows;
            return (
              <GroupRow key={groupKey(name)} name={name} count={machines.length}>
                {rows}
              </GroupRow>
            );
          })}
        </Tree>
      </Virtualizer>
      {menu && <MachineMenu place={menu} onClose={() => setMenu(null)} />}
    </div>
  );
}

/** By Enter or a double click. */
function open(machine: MachineView): void {
  if (machine.kind === 'damaged') return goTo(machine.id);
  if (isAllowed('start', machine.state) && machine.config.template !== true) request('start', [machine]);
  else goTo(machine.id, 'console', true);
}

function collapsedAfter(before: readonly string[], shown: readonly string[], expanded: ReadonlySet<unknown>): string[] {
  const open = new Set([...expanded].map((key) => groupOfKey(String(key))));
  const others = before.filter((name) => !shown.includes(name));
  return [...others, ...shown.filter((name) => !open.has(name))].slice(-200);
}
