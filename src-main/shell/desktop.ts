// The desktop application's life: one instance, its windows, what the system tells it, and an end that asks what
// becomes of the machines.

import { fileURLToPath } from 'node:url';
import { type BrowserWindow, app as electronApp } from 'electron';
import type { QuitAction, WindowCommand } from '../../shared/rpc/app-contract.ts';
import { connect } from '../../shared/rpc/connect.ts';
import { controlContract } from '../../shared/rpc/control-contract.ts';
import { App } from '../services/app.ts';
import { type Claim, claimFolder, connectControl } from '../services/control-socket.ts';
import { PageFiles } from '../services/page-files.ts';
import { serveControl } from '../services/serve-control.ts';
import { registerAppScheme, serveApp } from './app-protocol.ts';
import { carryOut, closeAction } from './closing.ts';
import { answerCalls, openMainWindow, restrictSession, type WindowContext } from './main-window.ts';
import { setMenu } from './menu.ts';
import { fileOf } from './open-files.ts';
import { pauseDuringSleep } from './power-events.ts';
import { processLauncher } from './process-launcher.ts';
import { type Texts, textsFor } from './texts.ts';
import { TrayIcon } from './tray.ts';

export interface DesktopOptions {
  readonly version: string;
  readonly dataFolder: string;
  /** Folders and files of the build. */
  readonly bundles: URL;
  readonly renderer: URL;
  readonly preload: URL;
}

export async function startDesktop(options: DesktopOptions): Promise<void> {
  if (!electronApp.requestSingleInstanceLock()) return electronApp.quit();
  registerAppScheme();
  // Chromium's own files beside ours, wherever that is.
  electronApp.setPath('userData', `${options.dataFolder}/window`);
  // On macOS a file may come before anything is ready.
  let early: string | undefined;
  const noteEarly = (_event: unknown, path: string) => {
    early = path;
  };
  electronApp.on('open-file', noteEarly);
  await electronApp.whenReady();
  let whenOpen: (desktop: Desktop) => void = () => undefined;
  const opened = new Promise<Desktop>((resolve) => {
    whenOpen = resolve;
  });
  const claim = await claimFolder(
    options.dataFolder,
    (channel) =>
      void opened.then((desktop) =>
        serveControl(desktop.app, channel, { openWindow: () => desktop.show(), onUnexpected: report }),
      ),
  );
  // A service of the command line has the machines: its window shows them.
  if (!claim) return quitFor(options.dataFolder);
  let desktop: Desktop | undefined;
  const app = await App.open({
    version: options.version,
    dataFolder: options.dataFolder,
    features: { nativeDialogs: true, nativeMenu: true },
    launch: processLauncher(options.bundles),
    quit: (background) => desktop?.end(background),
  });
  serveApp(PageFiles.read(options.renderer));
  restrictSession();
  desktop = new Desktop(app, options, claim);
  electronApp.off('open-file', noteEarly);
  desktop.start(early === undefined ? process.argv.slice(1) : [early]);
  whenOpen(desktop);
}

function report(name: string, error: unknown): void {
  console.error(`boxwright: ${name}:`, error);
}

async function quitFor(dataFolder: string): Promise<void> {
  const channel = await connectControl(dataFolder);
  if (channel) await connect(controlContract, channel).call('control.openWindow');
  electronApp.quit();
}

class Desktop {
  readonly app: App;
  readonly #claim: Claim;
  readonly #context: WindowContext;
  readonly #tray: TrayIcon;
  #window: BrowserWindow | undefined;
  /** The end has been decided: windows close and the process goes without further questions. */
  #ended = false;
  #asking = false;

  constructor(app: App, options: DesktopOptions, claim: Claim) {
    this.app = app;
    this.#claim = claim;
    this.#context = { app, preload: options.preload, texts: () => this.#texts(), report };
    this.#tray = new TrayIcon(fileURLToPath(new URL('icon.png', options.renderer)), {
      show: (id) => this.show(id ?? undefined),
      quit: () => electronApp.quit(),
    });
  }

  start(words: readonly string[]): void {
    answerCalls(this.#context);
    this.#translate();
    pauseDuringSleep(this.app.supervisor, report);
    this.app.listen((...[name]) => {
      if (name === 'preferencesChanged') this.#translate();
      if (name === 'machineChanged') this.#updateTray();
      this.#endWithoutUse();
    });
    electronApp.on('second-instance', (_event, otherWords, folder) => this.#openFile(otherWords.slice(1), folder));
    electronApp.on('open-file', (event, path) => {
      event.preventDefault();
      this.#openFile([path], '/');
    });
    // On macOS a click into the dock.
    electronApp.on('activate', () => this.show());
    electronApp.on('before-quit', (event) => {
      if (this.#ended) return;
      event.preventDefault();
      void this.#close().catch((error: unknown) => report('quit', error));
    });
    // Without a window the application lives as long as its machines, or, on macOS, until it is told.
    electronApp.on('window-all-closed', () => this.#endWithoutUse());
    this.#openFile(words, process.cwd());
  }

  show(machineId?: string): void {
    let window = this.#window;
    if (window === undefined || window.isDestroyed()) {
      window = openMainWindow(this.#context);
      this.#window = window;
      this.#askBeforeClose(window);
    } else if (window.isMinimized()) window.restore();
    window.focus();
    if (machineId !== undefined) this.#tellWhenLoaded(window, () => this.app.tell('showMachine', { id: machineId }));
  }

  /** The machines are dealt with. */
  end(background: boolean): void {
    if (background) return this.#window?.isDestroyed() === false ? this.#window.destroy() : undefined;
    if (this.#ended) return;
    this.#ended = true;
    this.#claim.release();
    electronApp.quit();
  }

  #endWithoutUse(): void {
    const isOpen = this.#window?.isDestroyed() === false;
    if (!isOpen && this.app.busy === 0 && process.platform !== 'darwin') this.end(false);
  }

  #openFile(words: readonly string[], folder: string): void {
    const file = fileOf(words, folder);
    this.show();
    if (file && this.#window) this.#tellWhenLoaded(this.#window, () => this.app.tell('openFile', file));
  }

  /** A new page listens once it has drawn. */
  #tellWhenLoaded(window: BrowserWindow, tell: () => void): void {
    if (window.webContents.isLoading()) window.webContents.once('did-finish-load', tell);
    else tell();
  }

  #askBeforeClose(window: BrowserWindow): void {
    window.on('close', (event) => {
      if (this.#ended || this.app.supervisor.active === 0) return;
      event.preventDefault();
      void this.#close().catch((error: unknown) => report('close', error));
    });
  }

  async #close(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const window = this.#window?.isDestroyed() ? undefined : this.#window;
      const action = await closeAction(this.app, this.#texts(), window);
      if (action !== undefined) await this.#carryOut(action);
    } finally {
      this.#asking = false;
    }
  }

  async #carryOut(action: QuitAction): Promise<void> {
    await carryOut(this.app, action, this.#texts());
  }

  #command(name: WindowCommand): void {
    this.show();
    if (this.#window) this.#tellWhenLoaded(this.#window, () => this.app.tell('command', { name }));
  }

  #texts(): Texts {
    return textsFor(this.app.preferences.language, electronApp.getLocale());
  }

  #translate(): void {
    setMenu(process.platform, this.#texts(), {
      command: (name) => this.#command(name),
      quit: () => electronApp.quit(),
    });
    this.#updateTray();
  }

  #updateTray(): void {
    const machines = this.app.supervisor.running.map((id) => ({ id, name: this.app.registry.config(id).name }));
    this.#tray.update(machines, this.#texts());
  }
}
