// The windows, with everything off that a page from disk does not need. What it asks of the application is answered
// only for the application's own page. Reference: Electron documentation, "Security", checklist.

import { fileURLToPath } from 'node:url';
import {
  BrowserWindow,
  dialog,
  type IpcMainInvokeEvent,
  ipcMain,
  MessageChannelMain,
  session,
  type WebContents,
  type WebPreferences,
} from 'electron';
import { appContract } from '../../shared/rpc/app-contract.ts';
import { BRIDGE_CALL, BRIDGE_EVENT, BRIDGE_PORT } from '../../shared/rpc/bridge.ts';
import type { Outcome } from '../../shared/rpc/failure.ts';
import { dispatcher } from '../../shared/rpc/serve.ts';
import type { App, WindowHost } from '../services/app.ts';
import { APP_ORIGIN } from './app-protocol.ts';
import type { Texts } from './texts.ts';
import { boundsFor, rememberBounds } from './window-state.ts';

const PERMISSIONS = ['pointerLock', 'fullscreen', 'keyboardLock', 'clipboard-sanitized-write'];
/** A console in a window of its own: the only window that a page may open. */
const CONSOLE_ADDRESS = new RegExp(`^${APP_ORIGIN}/(index\\.html)?#console/[a-z0-9-]{1,64}$`);

export interface WindowContext {
  readonly app: App;
  readonly preload: URL;
  readonly texts: () => Texts;
  readonly report: (name: string, error: unknown) => void;
}

export function restrictSession(): void {
  const { defaultSession } = session;
  defaultSession.setPermissionRequestHandler((contents, permission, answer) =>
    answer(isAppPage(contents.getURL()) && PERMISSIONS.includes(permission)),
  );
  defaultSession.setPermissionCheckHandler(
    (_contents, permission, origin) => isAppPage(origin) && PERMISSIONS.includes(permission),
  );
}

export function openMainWindow(context: WindowContext): BrowserWindow {
  const { app, preload, report } = context;
  const window = new BrowserWindow({
    ...boundsFor(app),
    minWidth: 720,
    minHeight: 480,
    title: 'Boxwright',
    show: false,
    webPreferences: pagePreferences(preload),
  });
  rememberBounds(window, app, report);
  protect(window, context);
  window.once('ready-to-show', () => window.show());
  void window.loadURL(`${APP_ORIGIN}/index.html`);
  return window;
}

function pagePreferences(preload: URL): WebPreferences {
  return {
    preload: fileURLToPath(preload),
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    webviewTag: false,
    navigateOnDragDrop: false,
    spellcheck: false,
  };
}

/** The same for every window: it opens consoles and nothing else, goes nowhere, and hears of what happens. */
function protect(window: BrowserWindow, context: WindowContext): void {
  const { webContents } = window;
  webContents.setWindowOpenHandler(({ url }) =>
    CONSOLE_ADDRESS.test(url)
      ? {
          action: 'allow',
          overrideBrowserWindowOptions: {
            minWidth: 480,
            minHeight: 360,
            title: 'Boxwright',
            autoHideMenuBar: true,
            webPreferences: pagePreferences(context.preload),
          },
        }
      : { action: 'deny' },
  );
  webContents.on('did-create-window', (opened) => protect(opened, context));
  webContents.on('will-navigate', (event) => {
    if (!isAppPage(event.url)) event.preventDefault();
  });
  webContents.on('will-attach-webview', (event) => event.preventDefault());
  forwardEvents(context.app, window);
}

/** Answers the calls of all windows; there is one handler for all of them. */
export function answerCalls({ app, texts, report: onUnexpected }: WindowContext): void {
  ipcMain.handle(
    BRIDGE_CALL,
    async (event: IpcMainInvokeEvent, name: unknown, input: unknown): Promise<Outcome> => {
      if (!isOwnFrame(event) || typeof name !== 'string')
        return { ok: false, failure: { code: 'rpc.unknownCall', message: 'There is no such call.' } };
      const handlers = app.handlers(windowHost(app, event.sender, texts()));
      return dispatcher(appContract, handlers, { onUnexpected })(name, input);
    },
  );
}

/** Tells one window of everything that happens, until it closes. */
function forwardEvents(app: App, window: BrowserWindow): void {
  const stop = app.listen((name, payload) => {
    if (!window.isDestroyed()) window.webContents.send(BRIDGE_EVENT, name, payload);
  });
  window.on('closed', stop);
}

function windowHost(app: App, contents: WebContents, texts: Texts): WindowHost {
  return {
    openConsole(id) {
      // One end to the machine's process, the other straight to the page: frames never pass through here.
      const { port1, port2 } = new MessageChannelMain();
      const ticket = crypto.randomUUID();
      app.supervisor.handOver(id, undefined, port2);
      contents.postMessage(BRIDGE_PORT, { ticket }, [port1]);
      return ticket;
    },
    async pickFile(purpose) {
      const window = BrowserWindow.fromWebContents(contents);
      const options = { title: texts.choose[purpose], properties: [purpose === 'folder' ? ('openDirectory' as const) : ('openFile' as const)] };
      const { filePaths } = await (window
        ? dialog.showOpenDialog(window, options)
        : dialog.showOpenDialog(options));
      return filePaths[0] ?? null;
    },
  };
}

/** The main frame of a window that shows the application's own page. */
function isOwnFrame(event: IpcMainInvokeEvent): boolean {
  const frame = event.senderFrame;
  return frame !== null && frame === event.sender.mainFrame && isAppPage(frame.url);
}

function isAppPage(address: string): boolean {
  return address === APP_ORIGIN || address.startsWith(`${APP_ORIGIN}/`);
}
