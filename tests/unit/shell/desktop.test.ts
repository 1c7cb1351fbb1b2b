// The desktop shell against a fake of Electron: what it asks Electron for, and what it refuses pages. How Electron
// carries it out is not shown here.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { defaultSettings } from '../../../shared/machine/config.ts';
import { BRIDGE_CALL, BRIDGE_EVENT, BRIDGE_PORT } from '../../../shared/rpc/bridge.ts';
import { startDesktop } from '../../../src-main/shell/desktop.ts';
import { menuTemplate } from '../../../src-main/shell/menu.ts';
import { fileOf } from '../../../src-main/shell/open-files.ts';
import { textsFor } from '../../../src-main/shell/texts.ts';
import { restoredBounds } from '../../../src-main/shell/window-state.ts';
import { eventually } from '../../support/eventually.ts';
import * as electron from '../../support/fake-electron.ts';

vi.mock('electron', () => import('../../support/fake-electron.ts'));

const { temporary } = await vi.hoisted(async () => {
  const { mkdtempSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const path = await import('node:path');
  return { temporary: mkdtempSync(path.join(tmpdir(), 'boxwright-shell-')) };
});

type Call = (
  event: unknown,
  name: unknown,
  input?: unknown,
) => Promise<{ ok: boolean; output?: unknown; failure?: { code: string } }>;
const window = () => electron.BrowserWindow.all[0] as electron.BrowserWindow;
const ownFrame = () => ({ sender: window().webContents, senderFrame: window().webContents.mainFrame });
const call: Call = (event, name, input) => (electron.handlers.get(BRIDGE_CALL) as Call)(event, name, input);

beforeAll(async () => {
  const renderer = join(temporary, 'renderer');
  mkdirSync(renderer);
  writeFileSync(join(renderer, 'index.html'), '<title>Boxwright</title>');
  await startDesktop({
    version: '1.2.3',
    dataFolder: join(temporary, 'data'),
    bundles: pathToFileURL(`${temporary}/`),
    renderer: pathToFileURL(`${renderer}/`),
    preload: pathToFileURL(join(temporary, 'preload.cjs')),
  });
});

afterAll(() => rmSync(temporary, { recursive: true, force: true }));

describe('the window', () => {
  it('has every protection on', () => {
    expect(window().options.webPreferences).toMatchObject({
      preload: join(temporary, 'preload.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
    });
    expect(electron.askedFor('window.loadURL')).toEqual([['app://boxwright/index.html']]);
  });

  it('opens consoles as protected as itself and no other window, and goes nowhere else', () => {
    const { webContents } = window();
    for (const url of [
      'https://example.org',
      'app://boxwright/index.html',
      'app://boxwright.evil/index.html#console/a',
      'app://boxwright/index.html#console/a/../b',
    ])
      expect(webContents.openHandler?.({ url })).toEqual({ action: 'deny' });
    expect(webContents.openHandler?.({ url: 'app://boxwright/index.html#console/a-1' })).toMatchObject({
      action: 'allow',
      overrideBrowserWindowOptions: { webPreferences: window().options.webPreferences },
    });
    const opened = new electron.BrowserWindow({});
    electron.BrowserWindow.all.pop();
    webContents.emit('did-create-window', opened);
    expect(opened.webContents.openHandler?.({ url: 'https://example.org' })).toEqual({ action: 'deny' });
    const stopped = (url: string) => {
      let prevented = false;
      webContents.emit('will-navigate', { url, preventDefault: () => (prevented = true) });
      return prevented;
    };
    for (const url of ['https://example.org', 'file:///etc/passwd', 'app://other/', 'app://boxwright.evil/'])
      expect(stopped(url)).toBe(true);
    expect(stopped('app://boxwright/index.html')).toBe(false);
  });

  it('may lock pointer and keyboard, and little else', () => {
    const own = { getURL: () => 'app://boxwright/index.html' };
    const request = (contents: { getURL(): string }, permission: string) => {
      let granted = false;
      electron.permissions.request?.(contents, permission, (answer) => (granted = answer));
      return granted;
    };
    expect(['pointerLock', 'keyboardLock', 'fullscreen'].map((name) => request(own, name))).toEqual([
      true,
      true,
      true,
    ]);
    expect(['media', 'geolocation', 'usb', 'clipboard-read'].map((name) => request(own, name))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(request({ getURL: () => 'https://example.org/' }, 'pointerLock')).toBe(false);
    expect(electron.permissions.check?.(null, 'pointerLock', 'app://boxwright/')).toBe(true);
    expect(electron.permissions.check?.(null, 'pointerLock', 'app://boxwright.evil/')).toBe(false);
  });
});

describe('the app scheme', () => {
  const get = async (url: string, method = 'GET') =>
    electron.schemes.get('app')?.(new Request(url, { method }));

  it('is standard and secure', () => {
    expect(electron.askedFor('registerSchemes')).toMatchObject([
      [{ scheme: 'app', privileges: { standard: true, secure: true } }],
    ]);
  });

  it('serves the page with its policy', async () => {
    const answer = await get('app://boxwright/index.html');
    expect(answer?.status).toBe(200);
    expect(await answer?.text()).toBe('<title>Boxwright</title>');
    expect(answer?.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(answer?.headers.get('cross-origin-opener-policy')).toBe('same-origin');
  });

  it.each([
    ['app://boxwright/../data/preferences.json', 404],
    ['app://boxwright/%2e%2e/x', 404],
    ['app://other/index.html', 400],
  ])('answers %s with %d', async (url, status) => {
    expect((await get(url))?.status).toBe(status);
  });
});

describe('calls', () => {
  it('are answered for the application’s page', async () => {
    expect(await call(ownFrame(), 'app.info')).toMatchObject({
      ok: true,
      output: { version: '1.2.3', features: { nativeDialogs: true } },
    });
    expect(await call(ownFrame(), 'files.pick', { purpose: 'kernel' })).toEqual({
      ok: true,
      output: { path: '/chosen' },
    });
  });

  it('are refused to any other frame', async () => {
    const { webContents } = window();
    const frames = [null, { url: 'app://boxwright/index.html' }, { url: 'https://example.org/' }];
    for (const senderFrame of frames)
      expect(await call({ sender: webContents, senderFrame }, 'app.info')).toMatchObject({ ok: false });
    webContents.mainFrame.url = 'https://example.org/';
    expect(await call(ownFrame(), 'app.info')).toMatchObject({ ok: false });
    webContents.mainFrame.url = 'app://boxwright/index.html';
  });

  it('of a wrong form fail with a code', async () => {
    expect(await call(ownFrame(), 'machines.start', { id: '../x' })).toMatchObject({
      failure: { code: 'rpc.invalidInput' },
    });
    expect(await call(ownFrame(), 'constructor')).toMatchObject({ failure: { code: 'rpc.unknownCall' } });
    expect(await call(ownFrame(), { name: 'app.info' })).toMatchObject({ ok: false });
  });
});

describe('a machine', () => {
  it('runs in a utility process and gives its console straight to the window', async () => {
    const settings = { ...defaultSettings('A'), boot: { kernel: '/k', initrd: null, commandLine: '' } };
    const created = await call(ownFrame(), 'machines.create', { settings });
    expect(created).toMatchObject({ ok: true, output: { id: 'a' } });
    expect(electron.askedFor('webContents.send').at(-1)).toMatchObject([
      BRIDGE_EVENT,
      'machineChanged',
      { id: 'a', state: 'off' },
    ]);

    const started = call(ownFrame(), 'machines.start', { id: 'a' });
    await eventually(() => (electron.forked[0]?.posted.length ?? 0) > 0, 'the start reaches the process');
    const child = electron.forked[0] as electron.FakeUtilityProcess;
    expect(electron.askedFor('utilityProcess.fork')[0]?.[0]).toBe(join(temporary, 'machine-process.js'));
    const [{ message }] = child.posted[0] as [{ message: { id: number; name: string } }];
    expect(message.name).toBe('start');
    child.emit('message', { kind: 'control', message: { type: 'done', id: message.id } });
    expect(await started).toMatchObject({ ok: true, output: { state: 'running' } });

    const opened = await call(ownFrame(), 'machines.openConsole', { id: 'a' });
    expect(opened).toMatchObject({ ok: true });
    const ticket = (opened.output as { ticket: string }).ticket;
    expect(child.posted.at(-1)).toEqual([{ kind: 'console', request: undefined }, [{ name: 'port2' }]]);
    expect(electron.askedFor('webContents.postMessage')).toEqual([
      [BRIDGE_PORT, { ticket }, [{ name: 'port1' }]],
    ]);
  });

  it('is shown in the tray, by name', () => {
    const [tray] = electron.Tray.all as [electron.Tray];
    expect(electron.Tray.all).toHaveLength(1);
    expect(tray.icon).toBe(join(temporary, 'renderer', 'icon.png'));
    expect(tray.menu?.template.map(({ label }) => label)).toEqual([
      'Show Boxwright', undefined, 'A is running', undefined, 'Quit Boxwright',
    ]);
  });

  it('stands still while the computer sleeps, unless it stood still before', async () => {
    const child = electron.forked[0] as electron.FakeUtilityProcess;
    const asked = (name: string) =>
      child.posted.flatMap(([posted]) => {
        const { message } = posted as { message?: { id: number; name: string } };
        return message?.name === name ? [message] : [];
      });
    const answer = (name: string) => child.emit('message', { kind: 'control', message: { type: 'done', id: asked(name).at(-1)?.id } });
    electron.powerMonitor.emit('suspend');
    await eventually(() => asked('pause').length === 1, 'it is paused');
    answer('pause');
    electron.powerMonitor.emit('resume');
    await eventually(() => asked('resume').length === 1, 'it goes on');
    answer('resume');
    electron.powerMonitor.emit('resume');
    expect(asked('resume')).toHaveLength(1);
  });

  it('is asked about when the window closes, and goes on without one', async () => {
    const first = window();
    electron.messageBoxAnswer.response = 4;
    first.close();
    await eventually(() => electron.askedFor('dialog.showMessageBox').length === 1, 'it asks');
    expect(electron.askedFor('dialog.showMessageBox')[0]?.[1]).toMatchObject({
      message: 'A machine is running.',
      buttons: [
        'Keep Running in the Background',
        'Save Their States and Quit',
        'Shut Down and Quit',
        'Power Off and Quit',
        'Cancel',
      ],
      checkboxLabel: 'Do this always',
    });
    expect(first.destroyed, 'cancelled').toBe(false);
    electron.messageBoxAnswer.response = 0;
    await eventually(() => {
      first.close();
      return first.destroyed;
    }, 'the window goes');
    expect(electron.askedFor('app.ended')).toEqual([]);
    electron.Tray.all[0]?.emit('click');
    expect(electron.BrowserWindow.all).toHaveLength(2);
    // The new window begins where the former one was.
    expect(electron.BrowserWindow.all[1]?.options).toMatchObject({ x: 10, y: 20, width: 1000, height: 700 });
  });

  it('is powered off before the application ends, when that was chosen', async () => {
    const child = electron.forked[0] as electron.FakeUtilityProcess;
    electron.messageBoxAnswer.response = 3;
    electron.app.quit();
    await eventually(
      () => JSON.stringify(child.posted.at(-1)).includes('powerOff'),
      'the power off reaches the process',
    );
    expect(electron.askedFor('app.ended')).toEqual([]);
    child.emit('exit', 0);
    await eventually(() => electron.askedFor('app.ended').length === 1, 'the application ends');
    expect(electron.Tray.all[0]?.destroyed).toBe(true);
  });
});

describe('files', () => {
  it('that the system opens are found among the words of a command line', () => {
    const iso = join(temporary, 'a b.ISO');
    writeFileSync(iso, '');
    expect(fileOf(['--flag.iso', '.', iso], '/')).toEqual({ path: iso, purpose: 'cdrom' });
    expect(fileOf(['a b.ISO'], temporary)).toEqual({ path: iso, purpose: 'cdrom' });
    expect(fileOf([join(temporary, 'missing.iso'), temporary, 'x.txt'], '/')).toBeUndefined();
  });
});

describe('the place of a window', () => {
  const display = { x: 0, y: 0, width: 1920, height: 1080 };
  it.each([
    ['unknown', {}, { width: 1280, height: 860 }],
    ['on a display', { x: 5, y: 6, width: 900, height: 600 }, { x: 5, y: 6, width: 900, height: 600 }],
    ['on a display that is gone', { x: 5000, y: 6, width: 900, height: 600 }, { width: 900, height: 600 }],
    ['too small', { x: 1, y: 1, width: 1, height: 1 }, { x: 1, y: 1, width: 720, height: 480 }],
    ['nonsense', { x: 'a', y: true, width: 900, height: 600 }, { width: 900, height: 600 }],
  ])('that was %s', (_what, saved, expected) => {
    expect(restoredBounds(saved as never, [display])).toEqual(expected);
  });
});

describe('the menu', () => {
  const actions = { command: () => undefined, quit: () => undefined };
  const items = (platform: NodeJS.Platform) =>
    menuTemplate(platform, textsFor('en', ''), actions).flatMap(({ submenu }) =>
      Array.isArray(submenu) ? submenu.filter(({ type }) => type !== 'separator') : [],
    );

  it.each(['linux', 'win32'] as const)('takes no keys from the guest on %s', (platform) => {
    expect(items(platform).length).toBeGreaterThan(8);
    for (const item of items(platform)) {
      expect(item.accelerator).toBeUndefined();
      expect(item.registerAccelerator).toBe(false);
    }
  });

  it('has the application’s and the window’s own menus on macOS, and speaks the chosen language', () => {
    const roles = menuTemplate('darwin', textsFor('en', ''), actions).map(({ role }) => role);
    expect(roles).toEqual(['appMenu', undefined, 'editMenu', undefined, 'windowMenu']);
    expect(menuTemplate('linux', textsFor('system', 'zh-CN'), actions)[0]?.label).toBe('文件');
    expect(menuTemplate('linux', textsFor('en', 'zh-CN'), actions)[0]?.label).toBe('File');
  });
});
