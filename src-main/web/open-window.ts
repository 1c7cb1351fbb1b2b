// Opens the browser shell's window: a Chromium in app mode with a profile of its own, else the default browser. The
// address with its one-time token reaches the browser through a file that only the user can read, so that it stands
// in no process's command line.

import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const CHROMIUM_NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  'microsoft-edge-stable',
  'brave-browser',
];
const CHROMIUM_PLACES: Readonly<Record<string, readonly string[]>> = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: ['Google\\Chrome\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe'].flatMap(
    (program) =>
      [process.env['ProgramFiles'], process.env['ProgramFiles(x86)'], process.env['LocalAppData']].flatMap(
        (folder) => (folder ? [join(folder, program)] : []),
      ),
  ),
};

/** Writes the file and returns its address. */
export async function writeRedirect(dataFolder: string, address: string): Promise<URL> {
  const folder = join(dataFolder, 'run');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `open-${process.pid}.html`);
  await rm(file, { force: true });
  const page = [
    '<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">',
    `<meta http-equiv="refresh" content="0; url=${address}"><title>Boxwright</title>`,
    '<p>Opening Boxwright…</p>',
  ];
  await writeFile(file, `${page.join('\n')}\n`, { mode: 0o600, flag: 'wx' });
  return pathToFileURL(file);
}

export async function removeRedirect(dataFolder: string): Promise<void> {
  await rm(join(dataFolder, 'run', `open-${process.pid}.html`), { force: true });
}

export interface OpenedWindow {
  /** Called when the window was closed; never for a default browser, which tells nobody. */
  onClosed(handler: () => void): void;
}

/** undefined where nothing can be opened, as without a display. */
export function openWindow(redirect: URL, dataFolder: string): OpenedWindow | undefined {
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY'])
    return undefined;
  const chromium = findChromium();
  if (chromium) {
    const child = launch(chromium, chromiumArguments(redirect, dataFolder), false);
    return { onClosed: (handler) => void child.once('exit', handler) };
  }
  const [command, ...prefix] = defaultOpener();
  if (!command) return undefined;
  launch(command, [...prefix, redirect.href], true);
  return { onClosed: () => undefined };
}

export function chromiumArguments(redirect: URL, dataFolder: string): string[] {
  const root = process.platform === 'linux' && process.getuid?.() === 0;
  return [
    `--app=${redirect.href}`,
    `--user-data-dir=${join(dataFolder, 'window')}`,
    '--window-size=1280,860',
    '--no-first-run',
    '--no-default-browser-check',
    '--disable-sync',
    '--disable-background-networking',
    // Chromium's own sandbox refuses to work for root.
    ...(root ? ['--no-sandbox', '--test-type'] : []),
  ];
}

export function findChromium(): string | undefined {
  const onPath = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = [
    ...CHROMIUM_NAMES.flatMap((name) => onPath.filter(Boolean).map((folder) => join(folder, name))),
    ...(CHROMIUM_PLACES[process.platform] ?? []),
  ];
  return candidates.find(isExecutable);
}

function defaultOpener(): string[] {
  if (process.platform === 'darwin') return ['open'];
  if (process.platform === 'win32') return ['explorer.exe'];
  return ['xdg-open'];
}

function launch(command: string, args: string[], detached: boolean): ChildProcess {
  const child = spawn(command, args, { stdio: 'ignore', detached });
  child.on('error', () => undefined);
  if (detached) child.unref();
  return child;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}
