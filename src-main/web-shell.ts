// Entry of the browser shell: the services in plain Node, a server on the loopback interface and a window in a browser.
// With --headless it opens no window until it is asked to, and ends when it has nothing left to do: the service behind
// the command line.

import { claimFolder, connectControl } from './services/control-socket.ts';
import { dataFolder } from './services/data-folder.ts';
import { PageFiles } from './services/page-files.ts';
import type { App } from './services/app.ts';
import type { serveControl } from './services/serve-control.ts';
import { openWindow, removeRedirect, writeRedirect } from './web/open-window.ts';
import { startWebServer, type WebServer } from './web/server.ts';
import type { WindowSockets } from './web/window-sockets.ts';

declare const BOXWRIGHT_VERSION: string;

/** What stands behind the pages. It is loaded while the browser loads these. */
interface Services {
  readonly app: App;
  readonly windows: WindowSockets;
  readonly serveControl: typeof serveControl;
}

const HERE = new URL('.', import.meta.url);
const folder = dataFolder();
const headless = process.argv.includes('--headless');
/** A service with nothing to do waits this long for the next command. */
const IDLE_LIMIT_MS = 10_000;

/** Nobody looks: it ends by itself when there is nothing left to do. */
let inBackground = headless;
let clients = 0;
let begin: () => void = () => undefined;
const services = new Promise<void>((resolve) => {
  begin = resolve;
}).then(openServices);
const claim = await claimFolder(folder, (channel) => {
  clients += 1;
  channel.onClose(() => {
    clients -= 1;
  });
  void services.then(({ app, serveControl }) =>
    serveControl(app, channel, {
      openWindow: () => show(server),
      onUnexpected: (name, error) => process.stderr.write(`boxwright: ${name}: ${String(error)}\n`),
    }),
  );
});
if (!claim) {
  if (!headless) await askForWindow();
  process.exit(0);
}

let ending = false;
const server = await startWebServer(PageFiles.read(new URL('../renderer/', HERE)), services.then(({ windows }) => windows));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end());
if (!headless) await show(server);
begin();
const { app, windows } = await services;
if (headless) endWhenIdle();

async function openServices(): Promise<Services> {
  const [{ App }, { serveControl }, { processLauncher }, { WindowSockets }] = await Promise.all([
    import('./services/app.ts'),
    import('./services/serve-control.ts'),
    import('./web/process-launcher.ts'),
    import('./web/window-sockets.ts'),
  ]);
  const app = await App.open({
    version: BOXWRIGHT_VERSION,
    dataFolder: folder,
    features: { nativeDialogs: false, nativeMenu: false },
    launch: processLauncher(HERE),
    quit: (background) => void quit(background),
  });
  return { app, windows: new WindowSockets(app), serveControl };
}

async function askForWindow(): Promise<void> {
  const [channel, { connect }, { controlContract }] = await Promise.all([
    connectControl(folder),
    import('../shared/rpc/connect.ts'),
    import('../shared/rpc/control-contract.ts'),
  ]);
  if (channel) await connect(controlContract, channel).call('control.openWindow');
  process.stdout.write('Boxwright is running already; it was asked to open a window.\n');
}

async function show(server: WebServer): Promise<void> {
  const redirect = await writeRedirect(folder, server.issueAddress());
  const opened = process.env['BOXWRIGHT_NO_OPEN'] === '1' ? undefined : openWindow(redirect, folder);
  if (!opened) {
    process.stdout.write(
      `Boxwright is ready. Open this file in a browser on this computer:\n${redirect.href}\n`,
    );
    return;
  }
  if (!inBackground) process.stdout.write('Boxwright is open in its window. Ctrl-C here ends it.\n');
  // Its services may not have been there yet.
  opened.onClosed(() => void services.then(() => windows.count === 0 && !inBackground && windowClosed()));
}

/** Closing a window never stops a machine: with one running the application stays as a service without a window. */
function windowClosed(): void {
  if (app.busy === 0) return void end();
  process.stdout.write('Machines are running on without a window. Start Boxwright again to see them; Ctrl-C ends them.\n');
  inBackground = true;
  endWhenIdle();
}

/** A service outlives the commands that started it, but not its last machine and its last window. */
function endWhenIdle(): void {
  let idleSince = performance.now();
  setInterval(() => {
    if (clients > 0 || windows.count > 0 || app.busy > 0) idleSince = performance.now();
    else if (performance.now() - idleSince > IDLE_LIMIT_MS) void end();
  }, 1000);
}

/** The answer to the window that asked goes first. */
async function quit(background: boolean): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 200));
  if (background) {
    inBackground = true;
    windows.close();
    endWhenIdle();
  } else await end();
}

async function end(): Promise<void> {
  // The second signal does not wait for the machines.
  if (ending) process.exit(1);
  ending = true;
  await (await services).app.shutdown();
  server.close();
  claim?.release();
  await removeRedirect(folder);
  process.exit(0);
}
