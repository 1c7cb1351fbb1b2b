// The menu of one machine or several, where the pointer or the keyboard asked for it.

import { PackageOpen, Settings2, Stamp } from 'lucide-react';
import { useRef } from 'react';
import { Menu, MenuItem, Popover, Separator } from 'react-aria-components';
import type { MachineView, ReadyMachine } from '../../../shared/machine/view.ts';
import { t } from '../../i18n/strings.ts';
import { askExport } from '../../state/appliances.ts';
import { setTemplate } from '../../state/machine-actions.ts';
import { goTo } from '../../state/navigation.ts';
import { bulkActions, request } from './bulk-actions.ts';

export interface MenuPlace {
  readonly x: number;
  readonly y: number;
  readonly machines: readonly MachineView[];
}

export function MachineMenu({ place, onClose }: { readonly place: MenuPlace; readonly onClose: () => void }) {
  const { x, y, machines } = place;
  const anchor = useRef<HTMLSpanElement>(null);
  const [only, ...others] = machines;
  const actions = bulkActions(machines).filter(({ ids }) => ids.length > 0);
  return (
    <>
      <span ref={anchor} className="menu-anchor" style={{ left: x, top: y }} />
      <Popover triggerRef={anchor} isOpen onOpenChange={(open) => !open && onClose()} placement="bottom start" offset={0} className="popover">
        <Menu aria-label={t.list.menu} className="menu" autoFocus="first" onClose={onClose}>
          {actions.map(({ id, icon: Icon, title }) => (
            <MenuItem key={id} id={id} className="menu-item" data-danger={id === 'delete' || undefined} textValue={title} onAction={() => request(id, machines)}>
              <Icon aria-hidden />
              <span>{title}</span>
            </MenuItem>
          ))}
          {only?.kind === 'machine' && others.length === 0 && (
            <>
              <Separator className="menu-separator" />
              <MenuItem id="template" className="menu-item" textValue={templateTitle(only)} onAction={() => void setTemplate(only.id, only.config.template !== true)}>
                <Stamp aria-hidden />
                <span>{templateTitle(only)}</span>
              </MenuItem>
              <MenuItem id="export" className="menu-item" textValue={t.appliance.exportMachine} onAction={() => askExport(only)}>
                <PackageOpen aria-hidden />
                <span>{t.appliance.exportMachine}</span>
              </MenuItem>
              <MenuItem id="settings" className="menu-item" textValue={t.list.openSettings} onAction={() => goTo(only.id, 'settings')}>
                <Settings2 aria-hidden />
                <span>{t.list.openSettings}</span>
              </MenuItem>
            </>
          )}
        </Menu>
      </Popover>
    </>
  );
}

function templateTitle({ config }: ReadyMachine): string {
  return config.template === true ? t.list.noTemplate : t.list.makeTemplate;
}
