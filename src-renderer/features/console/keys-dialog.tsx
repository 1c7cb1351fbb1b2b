// The host key and the user's own combinations of keys. Changes hold at once.

import { Plus, Trash2 } from 'lucide-react';
import { type KeyboardEvent, useState } from 'react';
import { HOST_KEYS, type KeyCombination } from '../../../shared/rpc/app-contract.ts';
import { chordScanCodes } from '../../../shared/rpc/typed-text.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { TextField } from '../../components/fields.tsx';
import { t } from '../../i18n/strings.ts';
import { changePreferences, useApp } from '../../state/app-store.ts';
import { comboText } from './key-combos.ts';

const MAX_COMBINATIONS = 30;
const MAX_KEYS = 8;

export function KeysDialog({ onClose }: { readonly onClose: () => void }) {
  const own = useApp(({ preferences }) => preferences?.keyCombinations) ?? [];
  return (
    <Dialog title={t.console.keysTitle} onClose={onClose}>
      <div className="dialog-body keys-dialog">
        <HostKeyField />
        <h3>{t.console.ownCombinations}</h3>
        {own.length === 0 && <p className="quiet">{t.console.noCombinations}</p>}
        <ul className="key-list">
          {own.map((combination) => (
            <li key={combination.name}>
              <span>{combination.name}</span>
              <span className="quiet">{comboText(combination.keys)}</span>
              <IconButton
                icon={Trash2}
                label={t.console.removeCombination(combination.name)}
                onPress={() =>
                  void changePreferences({ keyCombinations: own.filter(({ name }) => name !== combination.name) })
                }
              />
            </li>
          ))}
        </ul>
        {own.length < MAX_COMBINATIONS ? (
          <NewCombination own={own} />
        ) : (
          <p className="quiet">{t.console.tooManyCombinations}</p>
        )}
      </div>
      <footer className="dialog-footer">
        <Button kind="primary" onPress={onClose}>
          {t.console.done}
        </Button>
      </footer>
    </Dialog>
  );
}

/** Also for the preferences. */
export function HostKeyField() {
  const hostKey = useApp(({ preferences }) => preferences?.hostKey ?? 'ControlRight');
  return (
    <div className="field">
      <label htmlFor="host-key">{t.console.hostKey}</label>
      <select
        id="host-key"
        className="input"
        value={hostKey}
        aria-describedby="host-key-hint"
        onChange={({ target }) => {
          const chosen = HOST_KEYS.find((key) => key === target.value);
          if (chosen) void changePreferences({ hostKey: chosen });
        }}
      >
        {HOST_KEYS.map((key) => (
          <option key={key} value={key}>
            {t.console.hostKeys[key]}
          </option>
        ))}
      </select>
      <p id="host-key-hint" className="hint">
        {t.console.hostKeyHint}
      </p>
    </div>
  );
}

function NewCombination({ own }: { readonly own: readonly KeyCombination[] }) {
  const [keys, setKeys] = useState<readonly string[]>([]);
  const [held, setHeld] = useState(0);
  const [name, setName] = useState('');
  const down = (event: KeyboardEvent) => {
    const { code } = event.nativeEvent;
    if (code === 'Tab' && held === 0) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.repeat || !Array.isArray(chordScanCodes([code]))) return;
    // The first key of a new press begins anew.
    setKeys((now) => (held === 0 ? [code] : [...now.filter((key) => key !== code), code].slice(0, MAX_KEYS)));
    setHeld(held + 1);
  };
  const up = (event: KeyboardEvent) => {
    if (event.nativeEvent.code !== 'Tab' || held > 0) event.preventDefault();
    setHeld(Math.max(0, held - 1));
  };
  const add = () => {
    const chosen = (name.trim() || comboText(keys)).slice(0, 40);
    void changePreferences({
      keyCombinations: [...own.filter((other) => other.name !== chosen), { name: chosen, keys: [...keys] }],
    });
    setKeys([]);
    setName('');
  };
  return (
    <fieldset className="new-combination">
      <legend>{t.console.newCombination}</legend>
      <div className="field">
        <label htmlFor="pressed-keys">{t.console.pressKeys}</label>
        <input
          id="pressed-keys"
          className="input"
          readOnly
          value={comboText(keys)}
          placeholder={t.console.pressKeysHint}
          onKeyDown={down}
          onKeyUp={up}
          onBlur={() => setHeld(0)}
        />
      </div>
      <TextField label={t.console.combinationName} value={name} onChange={setName} maxLength={40} />
      <Button icon={Plus} isDisabled={keys.length === 0} onPress={add}>
        {t.console.addCombination}
      </Button>
    </fieldset>
  );
}
