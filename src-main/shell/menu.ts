// The application menu, in the shape each system expects. Its entries have no accelerators that a guest might want, but
// those of the system's own on macOS, where Command is not a guest's key.

import { Menu, type MenuItemConstructorOptions } from 'electron';
import type { WindowCommand } from '../../shared/rpc/app-contract.ts';
import type { Texts } from './texts.ts';

export interface MenuActions {
  command(name: WindowCommand): void;
  quit(): void;
}

/** The template as data, for tests. */
export function menuTemplate(
  platform: NodeJS.Platform,
  texts: Texts,
  actions: MenuActions,
): MenuItemConstructorOptions[] {
  const mac = platform === 'darwin';
  const role = (name: NonNullable<MenuItemConstructorOptions['role']>): MenuItemConstructorOptions => ({
    role: name,
    registerAccelerator: mac,
  });
  const separator = { type: 'separator' as const };
  return [
    ...(mac ? [{ role: 'appMenu' as const }] : []),
    {
      label: texts.file,
      submenu: [
        { label: texts.newMachine, registerAccelerator: false, click: () => actions.command('newMachine') },
        separator,
        { ...role('close'), label: texts.closeWindow },
        ...(mac ? [] : [{ label: texts.quit, registerAccelerator: false, click: actions.quit }]),
      ],
    },
    { role: 'editMenu' as const },
    {
      label: texts.view,
      submenu: [role('zoomIn'), role('zoomOut'), role('resetZoom'), separator, role('togglefullscreen')],
    },
    mac
      ? { role: 'windowMenu' as const }
      : { label: texts.window, submenu: [role('minimize'), role('close')] },
    ...(mac ? [] : [{ label: texts.help, submenu: [{ label: texts.about, role: 'about' as const, registerAccelerator: false }] }]),
  ];
}

export function setMenu(platform: NodeJS.Platform, texts: Texts, actions: MenuActions): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(platform, texts, actions)));
}
