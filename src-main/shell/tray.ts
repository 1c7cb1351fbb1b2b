// The icon in the system's tray: what runs, the way back to the window, and the end. It is there while a machine runs
// without a window that would show it.

import { Menu, type MenuItemConstructorOptions, Tray } from 'electron';
import type { Texts } from './texts.ts';

export interface TrayActions {
  /** `machineId` null: the window as it is. */
  show(machineId: string | null): void;
  quit(): void;
}

export interface RunningMachine {
  readonly id: string;
  readonly name: string;
}

/** The template as data, for tests. */
export function trayTemplate(
  machines: readonly RunningMachine[],
  texts: Texts,
  actions: TrayActions,
): MenuItemConstructorOptions[] {
  return [
    { label: texts.show, click: () => actions.show(null) },
    { type: 'separator' },
    ...(machines.length === 0
      ? [{ label: texts.noneRunning, enabled: false }]
      : machines.map(({ id, name }) => ({
          // An ampersand would mark a key of the menu.
          label: texts.running(name.replaceAll('&', '&&')),
          click: () => actions.show(id),
        }))),
    { type: 'separator' },
    { label: texts.quit, click: actions.quit },
  ];
}

export class TrayIcon {
  readonly #icon: string;
  readonly #actions: TrayActions;
  #tray: Tray | undefined;

  constructor(icon: string, actions: TrayActions) {
    this.#icon = icon;
    this.#actions = actions;
  }

  update(machines: readonly RunningMachine[], texts: Texts): void {
    if (machines.length === 0) {
      this.#tray?.destroy();
      this.#tray = undefined;
      return;
    }
    if (this.#tray === undefined) {
      this.#tray = new Tray(this.#icon);
      this.#tray.on('click', () => this.#actions.show(null));
    }
    this.#tray.setToolTip('Boxwright');
    this.#tray.setContextMenu(Menu.buildFromTemplate(trayTemplate(machines, texts, this.#actions)));
  }
}
