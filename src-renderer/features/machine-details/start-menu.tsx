// Other ways to start a machine than the plain one.

import { ChevronDown, FlaskConical } from 'lucide-react';
import { MenuButton, MenuItem } from '../../components/menu.tsx';
import { t } from '../../i18n/strings.ts';
import { startDisposable } from '../../state/machine-actions.ts';

export function StartMenu({ id }: { readonly id: string }) {
  return (
    <MenuButton icon={ChevronDown} label={t.machine.startOther}>
      <MenuItem icon={FlaskConical} onAction={() => void startDisposable(id)}>
        {t.machine.startDisposable}
      </MenuItem>
    </MenuButton>
  );
}
