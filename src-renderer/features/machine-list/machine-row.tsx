// Rows of the list: a group, and a machine with its system's sign, its state, its tags and, while it runs, its screen.

import { ChevronRight, FileWarning, FlaskConical, Stamp } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button, TreeItem, TreeItemContent } from 'react-aria-components';
import { hasProcess } from '../../../shared/machine/lifecycle.ts';
import type { MachineView } from '../../../shared/machine/view.ts';
import { GuestIcon } from '../../components/guest-icon.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { t } from '../../i18n/strings.ts';
import { nameOf, useApp } from '../../state/app-store.ts';
import { groupKey } from '../../state/selection.ts';
import { useThumbnails } from '../../state/thumbnails.ts';
import { tagsOf } from './machine-groups.ts';

interface GroupRowProps {
  readonly name: string;
  readonly count: number;
  readonly children: ReactNode;
}

export function GroupRow({ name, count, children }: GroupRowProps) {
  const title = name === '' ? t.list.ungrouped : name;
  return (
    <TreeItem id={groupKey(name)} textValue={title} className="group-row">
      <TreeItemContent>
        <Button slot="chevron" className="group-chevron" aria-label={t.list.showGroup(title)}>
          <ChevronRight aria-hidden />
        </Button>
        <bdi className="group-name" title={title}>
          {title}
        </bdi>
        <span className="quiet">{count}</span>
      </TreeItemContent>
      {children}
    </TreeItem>
  );
}

export function MachineRow({ machine, onAction }: { readonly machine: MachineView; readonly onAction: () => void }) {
  const name = nameOf(machine);
  const tags = tagsOf(machine);
  return (
    <TreeItem id={machine.id} textValue={name} className="machine-row" onAction={onAction}>
      <TreeItemContent>
        {machine.kind === 'damaged' ? <FileWarning aria-hidden /> : <GuestIcon guest={machine.config.guest} />}
        <span className="machine-row-name" title={name}>
          <bdi>{name}</bdi>
        </span>
        <span className="machine-row-state">
          <StateBadge state={machine.kind === 'machine' ? machine.state : machine.newer ? 'newer' : 'damaged'} />
          {machine.kind === 'machine' && machine.config.template === true && <Stamp className="disposable-sign" aria-label={t.list.template} />}
          {machine.kind === 'machine' && machine.disposable === 'running' && (
            <FlaskConical className="disposable-sign" aria-label={t.machine.disposable} />
          )}
          {tags.length > 0 && (
            <span className="machine-row-tags" title={tags.join(', ')}>
              <bdi>{tags.join(' · ')}</bdi>
            </span>
          )}
        </span>
        {machine.kind === 'machine' && hasProcess(machine.state) && <Thumbnail id={machine.id} />}
      </TreeItemContent>
    </TreeItem>
  );
}

/** Redrawn alone when a new picture comes. */
export function Thumbnail({ id, label = '' }: { readonly id: string; readonly label?: string }) {
  const wanted = useApp((state) => state.preferences?.thumbnails ?? true);
  const source = useThumbnails((all) => all[id]);
  return wanted && source ? <img className="thumbnail" src={source} alt={label} draggable={false} /> : null;
}
