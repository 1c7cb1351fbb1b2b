// Everything the palette can do: actions on the chosen machine, machines and pages to go to, and choices of the window.
// What a command is allowed to do is asked of the table of states, as everywhere.

import { isAllowed } from '../../../shared/machine/lifecycle.ts';
import type { MachineView } from '../../../shared/machine/view.ts';
import { en } from '../../i18n/en.ts';
import { type Strings, t as ownTexts } from '../../i18n/strings.ts';
import { changePreferences, nameOf } from '../../state/app-store.ts';
import { askExport, chooseImport } from '../../state/appliances.ts';
import { type PlainAction, perform, tryDemo } from '../../state/machine-actions.ts';
import { goTo, goToArea, goToRow, PAGES } from '../../state/navigation.ts';
import { type AskedAction, askFirst } from '../../state/questions.ts';
import { requestQuit } from '../../state/quit.ts';

export interface Command {
  readonly id: string;
  readonly title: string;
  /** What it belongs to, shown beside it and searched too. */
  readonly group: string;
  /** The same in English, which people type too. */
  readonly english?: { readonly title: string; readonly group: string } | undefined;
  run(): void;
}

/** Actions that lose nothing, and those that ask first. */
const ACTIONS = ['start', 'pause', 'resume', 'powerButton', 'save'] as const satisfies readonly PlainAction[];
const ASKING = ['reset', 'powerOff', 'discard', 'delete'] as const satisfies readonly AskedAction[];

export function commandsFor(machines: readonly MachineView[], chosen: MachineView | undefined, create: () => void): Command[] {
  const own = commandsIn(ownTexts, machines, chosen, create);
  if (ownTexts === en) return own;
  const english = new Map(commandsIn(en, machines, chosen, create).map((command) => [command.id, command]));
  return own.map((command) => ({ ...command, english: english.get(command.id) }));
}

function commandsIn(t: Strings, machines: readonly MachineView[], chosen: MachineView | undefined, create: () => void): Command[] {
  return [
    { id: 'create', title: t.list.create, group: t.app.name, run: create },
    { id: 'demo', title: t.welcome.demo, group: t.app.name, run: () => void tryDemo() },
    { id: 'import', title: t.appliance.importMachine, group: t.app.name, run: () => void chooseImport() },
    { id: 'preferences', title: t.preferences.title, group: t.app.name, run: () => goToArea('preferences') },
    { id: 'media', title: t.media.title, group: t.app.name, run: () => goToArea('media') },
    ...(chosen === undefined ? [] : ofMachine(t, chosen)),
    ...machines.map((machine) => ({
      id: `machine.${machine.id}`,
      title: nameOf(machine),
      group: t.list.title,
      run: () => goTo(machine.id),
    })),
    ...rows(t.preferences.rows, t.preferences.title, null),
    ...choices(t),
    { id: 'quit', title: t.console.quit, group: t.app.name, run: requestQuit },
  ];
}

function ofMachine(t: Strings, machine: MachineView): Command[] {
  if (machine.kind === 'damaged') return [];
  const { id, state } = machine;
  const group = nameOf(machine);
  return [
    ...ACTIONS.filter((action) => isAllowed(action, state)).map((action) => ({
      id: action,
      title: t.machine[action],
      group,
      run: () => {
        if (action === 'start') goTo(id, 'console', true);
        void perform(id, action);
      },
    })),
    { id: 'export', title: t.appliance.exportMachine, group, run: () => askExport(machine) },
    ...ASKING.filter((action) => isAllowed(action, state)).map((action) => ({
      id: action,
      title: `${t.machine[action]}…`,
      group,
      run: () => askFirst(id, action),
    })),
    ...PAGES.map((page) => ({ id: `page.${page}`, title: t.machine.pages[page], group, run: () => goTo(id, page) })),
    ...rows(t.settings.rows, `${group} – ${t.machine.pages.settings}`, id),
  ];
}

/** Each setting, by its name. */
function rows(texts: Readonly<Record<string, { readonly label: string }>>, group: string, machineId: string | null): Command[] {
  return Object.entries(texts).map(([row, { label }]) => ({
    id: `row.${machineId ?? 'preferences'}.${row}`,
    title: label,
    group,
    run: () => goToRow(machineId, row),
  }));
}

function choices(t: Strings): Command[] {
  const themes = (['system', 'light', 'dark'] as const).map((theme) => ({
    id: `theme.${theme}`,
    title: t.app.themes[theme],
    group: t.app.theme,
    run: () => void changePreferences({ theme }),
  }));
  const languages = (['system', 'en', 'zh-CN'] as const).map((language) => ({
    id: `language.${language}`,
    title: t.app.languages[language],
    group: t.app.language,
    run: () => void changePreferences({ language }),
  }));
  return [...themes, ...languages];
}
