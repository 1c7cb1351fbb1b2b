// The application menu. Its entries have no accelerators that a guest might want, but those of the system's own.

import { Menu, type MenuItemConstructorOptions } from 'electron';

/** The template as data, for tests. */
export function menuTemplate(platform: NodeJS.Platform): MenuItemConstructorOptions[] {
  const mac = platform === 'darwin';
  return [
    ...(mac ? [{ role: 'appMenu' as const }] : []),
    { label: 'File', submenu: [{ role: mac ? 'close' : 'quit', registerAccelerator: mac }] },
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        { role: 'zoomIn', registerAccelerator: false },
        { role: 'zoomOut', registerAccelerator: false },
        { role: 'resetZoom', registerAccelerator: false },
        { role: 'togglefullscreen', registerAccelerator: false },
      ],
    },
  ];
}

export function setMenu(platform: NodeJS.Platform): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(platform)));
}
