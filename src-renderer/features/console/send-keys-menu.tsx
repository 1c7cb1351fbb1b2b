// The menu of key combinations: the usual ones, those of the user's own, and where these are kept.

import { Keyboard } from 'lucide-react';
import type { Ref } from 'react';
import { MenuButton, MenuGroup, MenuItem, Submenu } from '../../components/menu.tsx';
import { t } from '../../i18n/strings.ts';
import { useApp } from '../../state/app-store.ts';
import { COMBOS, type Combo, comboText, consoleCombo, FUNCTION_KEYS } from './key-combos.ts';

interface SendKeysMenuProps {
  readonly ref: Ref<HTMLButtonElement>;
  readonly onSend: (keys: readonly string[]) => void;
  readonly onEdit: () => void;
}

export function SendKeysMenu({ ref, onSend, onEdit }: SendKeysMenuProps) {
  const own = useApp(({ preferences }) => preferences?.keyCombinations) ?? [];
  const hostKey = useApp(({ preferences }) => preferences?.hostKey ?? 'ControlRight');
  return (
    <MenuButton ref={ref} icon={Keyboard} label={t.console.sendKeys} text={t.console.sendKeys}>
      <MenuGroup>
        {(Object.keys(COMBOS) as Combo[]).map((combo) => (
          <MenuItem key={combo} onAction={() => onSend(COMBOS[combo])}>
            {t.console.combos[combo]}
          </MenuItem>
        ))}
        <MenuItem onAction={() => onSend([hostKey])}>{t.console.hostKeyItself(t.console.hostKeys[hostKey])}</MenuItem>
        <Submenu label={t.console.functionKeys}>
          {FUNCTION_KEYS.map((key) => (
            <MenuItem key={key} onAction={() => onSend(consoleCombo(key))}>
              {comboText(consoleCombo(key))}
            </MenuItem>
          ))}
        </Submenu>
      </MenuGroup>
      {own.length > 0 && (
        <MenuGroup title={t.console.ownCombinations}>
          {own.map(({ name, keys }) => (
            <MenuItem key={name} onAction={() => onSend(keys)}>
              {name}
            </MenuItem>
          ))}
        </MenuGroup>
      )}
      <MenuGroup>
        <MenuItem onAction={onEdit}>{t.console.editKeys}</MenuItem>
      </MenuGroup>
    </MenuButton>
  );
}
