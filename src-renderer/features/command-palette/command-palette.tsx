// Ctrl+K (⌘K): finds and does anything by a few letters. References: WAI-ARIA APG, combobox with listbox popup.

import { useEffect, useId, useRef, useState } from 'react';
import { Dialog } from '../../components/dialog.tsx';
import { t } from '../../i18n/strings.ts';
import { useApp, useMachine } from '../../state/app-store.ts';
import { usePlace } from '../../state/navigation.ts';
import { type Command, commandsFor } from './commands.ts';
import { matching } from './matching.ts';

export function CommandPalette({ onCreate }: { readonly onCreate: () => void }) {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    // In the bubbling phase: a console that holds the keyboard keeps its keys.
    const listen = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
      event.preventDefault();
      setOpen((now) => !now);
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, []);
  return open && <Palette onCreate={onCreate} onClose={() => setOpen(false)} />;
}

function Palette({ onCreate, onClose }: { readonly onCreate: () => void; readonly onClose: () => void }) {
  const list = useId();
  const [typed, setTyped] = useState('');
  const [active, setActive] = useState(0);
  const machines = useApp((state) => state.machines);
  const chosen = useMachine(usePlace((place) => place.machineId));
  const found = matching(commandsFor(machines, chosen, onCreate), typed);
  const index = Math.min(active, found.length - 1);
  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    command.run();
  };
  const move = (by: number) => found.length > 0 && setActive((index + by + found.length) % found.length);
  return (
    <Dialog title={t.palette.title} onClose={onClose}>
      <div className="palette">
        <input
          className="input"
          role="combobox"
          aria-expanded
          aria-controls={list}
          aria-activedescendant={found[index] && `${list}-${found[index].id}`}
          aria-label={t.palette.label}
          placeholder={t.palette.placeholder}
          autoFocus
          value={typed}
          onChange={({ target }) => {
            setTyped(target.value);
            setActive(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown') move(1);
            else if (event.key === 'ArrowUp') move(-1);
            else if (event.key === 'Enter') run(found[index]);
            else return;
            event.preventDefault();
          }}
        />
        <div id={list} role="listbox" aria-label={t.palette.title} className="palette-list" hidden={found.length === 0}>
          {found.map((command, at) => (
            <Entry
              key={command.id}
              id={`${list}-${command.id}`}
              command={command}
              isActive={at === index}
              onRun={() => run(command)}
            />
          ))}
        </div>
        {found.length === 0 && <p className="palette-list quiet">{t.palette.nothingFound(typed)}</p>}
      </div>
    </Dialog>
  );
}

interface EntryProps {
  readonly id: string;
  readonly command: Command;
  readonly isActive: boolean;
  readonly onRun: () => void;
}

function Entry({ id, command, isActive, onRun }: EntryProps) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isActive) element.current?.scrollIntoView({ block: 'nearest' });
  }, [isActive]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the combobox has the keys
    <div ref={element} id={id} role="option" aria-selected={isActive} className="palette-entry" onClick={onRun}>
      <span>{command.title}</span>
      <span className="quiet">{command.group}</span>
    </div>
  );
}
