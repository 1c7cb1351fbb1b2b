// Stands in for the `electron` module, which exists only inside Electron. Each part is typed by the real declarations of
// what it replaces, as far as that part goes; what it cannot show is how Electron itself behaves.

import { EventEmitter } from 'node:events';
import type * as Electron from 'electron';

type Real = typeof Electron;
/** Only members that the real class has. */
type Members<T> = { readonly [K in keyof T]?: unknown };

export const asked: { readonly name: string; readonly values: readonly unknown[] }[] = [];
const note = (name: string, ...values: unknown[]) => void asked.push({ name, values });
export const askedFor = (name: string) =>
  asked.filter((entry) => entry.name === name).map(({ values }) => values);

export class FakeWebContents extends EventEmitter {
  readonly mainFrame = { url: 'app://boxwright/index.html' };
  openHandler: ((details: { url: string }) => unknown) | undefined;
  loading = false;
  isLoading = () => this.loading;
  getURL = () => this.mainFrame.url;
  send = (...values: unknown[]) => note('webContents.send', ...values);
  postMessage = (...values: unknown[]) => note('webContents.postMessage', ...values);
  setWindowOpenHandler = (handler: (details: { url: string }) => unknown) => {
    this.openHandler = handler;
  };
}
undefined as unknown as FakeWebContents satisfies Members<Electron.WebContents> & {
  openHandler?: unknown;
  loading?: unknown;
};

export class BrowserWindow extends EventEmitter {
  static readonly all: BrowserWindow[] = [];
  static fromWebContents = (contents: unknown) =>
    BrowserWindow.all.find((window) => window.webContents === contents) ?? null;
  readonly webContents = new FakeWebContents();
  readonly options: Electron.BrowserWindowConstructorOptions;
  destroyed = false;

  constructor(options: Electron.BrowserWindowConstructorOptions) {
    super();
    this.options = options;
    BrowserWindow.all.push(this);
  }

  show = () => note('window.show');
  focus = () => note('window.focus');
  restore = () => note('window.restore');
  maximize = () => note('window.maximize');
  isMaximized = () => false;
  getNormalBounds = () => ({ x: 10, y: 20, width: 1000, height: 700 });
  destroy = () => {
    this.destroyed = true;
    this.emit('closed');
    app.emit('window-all-closed');
  };
  /** What the user does with the frame's button. */
  close = () => {
    let prevented = false;
    this.emit('close', { preventDefault: () => (prevented = true) });
    if (!prevented) this.destroy();
  };
  isMinimized = () => false;
  isDestroyed = () => this.destroyed;
  loadURL = async (address: string) => note('window.loadURL', address);
}

export class Tray extends EventEmitter {
  static readonly all: Tray[] = [];
  readonly icon: string;
  menu: { template: Electron.MenuItemConstructorOptions[] } | undefined;
  destroyed = false;

  constructor(icon: string) {
    super();
    this.icon = icon;
    Tray.all.push(this);
  }

  setToolTip = (text: string) => note('tray.setToolTip', text);
  setContextMenu = (menu: { template: Electron.MenuItemConstructorOptions[] }) => {
    this.menu = menu;
  };
  destroy = () => {
    this.destroyed = true;
  };
}
undefined as unknown as Tray satisfies Members<Electron.Tray> & { icon?: unknown; menu?: unknown; destroyed?: unknown };

export const powerMonitor = new EventEmitter();
powerMonitor satisfies Members<Real['powerMonitor']>;

export const displays = [{ workArea: { x: 0, y: 0, width: 1920, height: 1040 } }];
export const screen = { getAllDisplays: () => displays };
screen satisfies Members<Real['screen']>;

export const handlers = new Map<string, (...values: never[]) => unknown>();
export const ipcMain = {
  handle: (channel: string, handler: (...values: never[]) => unknown) => void handlers.set(channel, handler),
} satisfies Pick<Real['ipcMain'], 'handle'>;

export const messageBoxAnswer = { response: 0, checkboxChecked: false };
export const dialogAnswer = { canceled: false, filePaths: ['/chosen'] };
export const dialog = {
  showMessageBox: async (...values: unknown[]) => {
    note('dialog.showMessageBox', ...values);
    return messageBoxAnswer;
  },
  showOpenDialog: async (...values: unknown[]) => {
    note('dialog.showOpenDialog', ...values);
    return dialogAnswer;
  },
} satisfies Pick<Real['dialog'], 'showMessageBox' | 'showOpenDialog'>;

export class MessageChannelMain {
  readonly port1 = { name: 'port1' };
  readonly port2 = { name: 'port2' };
}
undefined as unknown as MessageChannelMain satisfies Members<Electron.MessageChannelMain>;

type PermissionRequest = (
  contents: { getURL(): string },
  permission: string,
  answer: (granted: boolean) => void,
) => void;
type PermissionCheck = (contents: unknown, permission: string, origin: string) => boolean;
export const permissions: { request?: PermissionRequest; check?: PermissionCheck } = {};
export const session = {
  defaultSession: {
    setPermissionRequestHandler: (handler: PermissionRequest) => {
      permissions.request = handler;
    },
    setPermissionCheckHandler: (handler: PermissionCheck) => {
      permissions.check = handler;
    },
  },
};
session.defaultSession satisfies Members<Electron.Session>;

export const schemes = new Map<string, (request: Request) => Response | Promise<Response>>();
export const protocol = {
  registerSchemesAsPrivileged: (customSchemes: Electron.CustomScheme[]) =>
    note('registerSchemes', ...customSchemes),
  handle: (scheme: string, handler: (request: Request) => Response | Promise<Response>) =>
    void schemes.set(scheme, handler),
} satisfies Pick<Real['protocol'], 'registerSchemesAsPrivileged' | 'handle'>;

export const Menu = {
  buildFromTemplate: (template: Electron.MenuItemConstructorOptions[]) => ({ template }),
  setApplicationMenu: (menu: unknown) => note('setApplicationMenu', menu),
};
Menu satisfies Members<Real['Menu']>;

class FakeApp extends EventEmitter {
  getLocale = () => 'en-GB';
  lock = true;
  requestSingleInstanceLock = () => this.lock;
  setPath = (name: string, path: string) => note('app.setPath', name, path);
  whenReady = async () => undefined;
  quit = () => {
    let prevented = false;
    this.emit('before-quit', { preventDefault: () => (prevented = true) });
    if (!prevented) note('app.ended');
  };
}
export const app = new FakeApp();
app satisfies Members<Electron.App> & { lock?: unknown };

export class FakeUtilityProcess extends EventEmitter {
  readonly pid: number | undefined = 77;
  readonly stdout = null;
  readonly stderr = null;
  readonly posted: unknown[][] = [];
  killed = false;
  postMessage = (...values: unknown[]) => void this.posted.push(values);
  kill = () => {
    this.killed = true;
    return true;
  };
}
export const forked: FakeUtilityProcess[] = [];
export const utilityProcess = {
  fork: (...values: unknown[]) => {
    note('utilityProcess.fork', ...values);
    const child = new FakeUtilityProcess();
    forked.push(child);
    return child;
  },
};
utilityProcess satisfies Members<Real['utilityProcess']>;
