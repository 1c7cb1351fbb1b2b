// Entry of the browser shell: the services in plain Node, a server on the loopback interface and a window in a browser.

import { App } from './services/app.ts';
import { dataFolder } from './services/data-folder.ts';
import { PageFiles } from './services/page-files.ts';
import { openWindow, removeRedirect, writeRedirect } from './web/open-window.ts';
import { processLauncher } from './web/process-launcher.ts';
import { startWebServer } from './web/server.ts';

declare const BOXWRIGHT_VERSION: string;

const HERE = new URL('.', import.meta.url);

const folder = dataFolder();
const app = await App.open({
  version: BOXWRIGHT_VERSION,
  dataFolder: folder,
  features: { nativeDialogs: false, nativeMenu: false },
  launch: processLauncher(HERE),
});
const server = await startWebServer(app, await PageFiles.read(new URL('../renderer/', HERE)));
const redirect = await writeRedirect(folder, server.issueAddress());

let ending = false;
async function end(): Promise<void> {
  if (ending) process.exit(1);
  ending = true;
  await app.shutdown();
  server.close();
  await removeRedirect(folder);
  process.exit(0);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end());

const opened = process.env['BOXWRIGHT_NO_OPEN'] === '1' ? undefined : openWindow(redirect, folder);
if (opened) {
  process.stdout.write('Boxwright is open in its window. Ctrl-C here ends it.\n');
  opened.onClosed(() => {
    if (server.windows === 0) void end();
  });
} else {
  process.stdout.write(
    `Boxwright is ready. Open this file in a browser on this computer:\n${redirect.href}\n`,
  );
}
