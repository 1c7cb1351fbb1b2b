// Entry of the browser shell: the services in plain Node, a server on the loopback interface and a window in a browser.

import { App } from './services/app.ts';
import { dataFolder } from './services/data-folder.ts';
import { PageFiles } from './services/page-files.ts';
import { openWindow, removeRedirect, writeRedirect } from './web/open-window.ts';
import { processLauncher } from './web/process-launcher.ts';
import { startWebServer, type WebServer } from './web/server.ts';
import { claimFolder } from './web/single-instance.ts';

declare const BOXWRIGHT_VERSION: string;

const HERE = new URL('.', import.meta.url);
const folder = dataFolder();

let starting: Promise<{ app: App; server: WebServer }> | undefined;
const claim = await claimFolder(folder, () => void starting?.then(({ server }) => show(server)));
if (!claim) {
  process.stdout.write('Boxwright is running already; it was asked to open a window.\n');
  process.exit(0);
}

starting = start();
const { app, server } = await starting;
let ending = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end());
await show(server);

async function start(): Promise<{ app: App; server: WebServer }> {
  const app = await App.open({
    version: BOXWRIGHT_VERSION,
    dataFolder: folder,
    features: { nativeDialogs: false, nativeMenu: false },
    launch: processLauncher(HERE),
  });
  return { app, server: await startWebServer(app, await PageFiles.read(new URL('../renderer/', HERE))) };
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
  process.stdout.write('Boxwright is open in its window. Ctrl-C here ends it.\n');
  // Closing the window ends the application, as on any desktop; a page in another browser keeps it.
  opened.onClosed(() => {
    if (server.windows === 0) void end();
  });
}

async function end(): Promise<void> {
  // The second signal does not wait for the machines.
  if (ending) process.exit(1);
  ending = true;
  await app.shutdown();
  server.close();
  claim?.release();
  await removeRedirect(folder);
  process.exit(0);
}
