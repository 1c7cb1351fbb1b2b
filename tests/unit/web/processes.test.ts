// The bundles as they are built, as processes of their own: a machine's and a media process behind the web server, a
// console over a WebSocket that was handed over, a guest of a few instructions on the real engine.

import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { WebSocket } from 'ws';
import { defaultSettings } from '../../../shared/machine/config.ts';
import type { MachineView } from '../../../shared/machine/view.ts';
import { decodeToWindow, encodeToMachine, type ToWindow } from '../../../shared/rpc/console-protocol.ts';
import {
  CONSOLE_PATH,
  CONSOLE_PROTOCOL,
  KEY_PREFIX,
  TICKET_PREFIX,
} from '../../../shared/rpc/web-endpoints.ts';
import { App } from '../../../src-main/services/app.ts';
import { PageFiles } from '../../../src-main/services/page-files.ts';
import { processLauncher } from '../../../src-main/web/process-launcher.ts';
import { startWebServer } from '../../../src-main/web/server.ts';
import { WindowSockets } from '../../../src-main/web/window-sockets.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { code, tinyKernel } from '../../support/tiny-kernel.ts';
import { openClient, openSession, openSocket } from '../../support/web-client.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
let bundles = '';

beforeAll(async () => {
  bundles = mkdtempSync(join(tmpdir(), 'boxwright-bundles-'));
  symlinkSync(join(root, 'node_modules'), join(bundles, 'node_modules'));
  await build({
    configFile: join(root, 'src-main/vite.config.ts'),
    build: { outDir: join(bundles, 'main') },
  });
});
afterAll(() => rmSync(bundles, { recursive: true, force: true }));

async function started() {
  const app = await App.open({
    version: '1.2.3',
    dataFolder: temporaryFolder(),
    features: { nativeDialogs: false, nativeMenu: false },
    launch: processLauncher(pathToFileURL(`${bundles}/main/`)),
  });
  const server = await startWebServer(new PageFiles(new Map()), Promise.resolve(new WindowSockets(app)));
  onTestFinished(async () => {
    await app.shutdown();
    server.close();
  });
  const key = await openSession(server.issueAddress());
  const { client } = await openClient(server.origin, key);
  const views: MachineView[] = [];
  client.on('machineChanged', (view) => void views.push(view));
  const states = () => views.flatMap((view) => (view.kind === 'machine' ? [view.state] : []));
  const create = async (kernel: string) => {
    const settings = {
      ...defaultSettings('Tiny'),
      memoryMiB: 16,
      boot: { kernel, initrd: null, commandLine: '' },
    };
    return (await client.call('machines.create', { settings, newDisks: [] })).id;
  };
  const openConsole = async (id: string) => {
    const { ticket } = await client.call('machines.openConsole', { id });
    const protocols = [CONSOLE_PROTOCOL, KEY_PREFIX + key, TICKET_PREFIX + ticket];
    const socket = (await openSocket(server.origin, CONSOLE_PATH, protocols)) as WebSocket;
    const received: ToWindow[] = [];
    socket.on('message', (data: Buffer) => void received.push(decodeToWindow(new Uint8Array(data))));
    return { socket, received };
  };
  return { client, create, openConsole, states, views };
}

function kernelFile(program: readonly number[]): string {
  const file = join(temporaryFolder(), 'tiny.elf');
  writeFileSync(file, tinyKernel(program));
  return file;
}

const serialText = (received: readonly ToWindow[]) =>
  received
    .map((message) => (message.type === 'serialOut' ? Buffer.from(message.bytes).toString('latin1') : ''))
    .join('');

describe('a machine in its process', () => {
  it('starts, shows its screen and serial port, takes input and powers off', async () => {
    const { client, create, openConsole, states, views } = await started();
    const id = await create(
      kernelFile([...code.print('ready'), ...code.echo(), ...code.powerOff(), ...code.spin()]),
    );
    await client.call('machines.start', { id });
    const { socket, received } = await openConsole(id);
    await eventually(() => serialText(received) === 'ready', 'the first output');
    await eventually(() => received.some(({ type }) => type === 'frame'), 'a frame');
    expect(await client.call('machines.stats', { id })).toMatchObject({ processBytes: expect.any(Number) });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.send(encodeToMachine({ type: 'serialIn', port: 0, bytes: Buffer.from('HAL\n') }));
    await eventually(() => serialText(received) === 'readyIBM', 'the echo');
    await closed;
    await eventually(() => states().at(-1) === 'off', 'the power off');
    expect(states()).toEqual(['off', 'starting', 'running', 'stopping', 'off']);
    expect(views.at(-1)).toMatchObject({ lastExit: { reason: 'guestPowerOff' } });
  }, 30_000);

  it('is paused, resumed, and powered off while its guest spins', async () => {
    const { client, create, states } = await started();
    const id = await create(kernelFile(code.spin()));
    await client.call('machines.start', { id });
    await client.call('machines.pause', { id });
    await client.call('machines.resume', { id });
    await client.call('machines.powerOff', { id });
    expect(states()).toEqual([
      'off',
      'starting',
      'running',
      'pausing',
      'paused',
      'running',
      'stopping',
      'off',
    ]);
  }, 30_000);

  it('that is killed has crashed, and the window goes on', async () => {
    const { client, create, states, views, openConsole } = await started();
    const id = await create(kernelFile(code.spin()));
    await client.call('machines.start', { id });
    const { socket } = await openConsole(id);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const [line] = await client.call('machines.logs', { id });
    process.kill(Number(/process (\d+)/.exec(line?.text ?? '')?.[1]), 'SIGKILL');
    await closed;
    await eventually(() => states().at(-1) === 'crashed', 'the crash');
    expect(views.at(-1)).toMatchObject({
      lastExit: { reason: 'crashed', message: expect.stringContaining('SIGKILL') },
    });
    expect(await client.call('machines.list')).toHaveLength(1);
    await client.call('machines.start', { id });
    expect(states().at(-1)).toBe('running');
  }, 30_000);

  it('does not start from a file that is no kernel, and says why', async () => {
    const { client, create, states, views } = await started();
    const file = join(temporaryFolder(), 'notes.txt');
    writeFileSync(file, 'x'.repeat(5000));
    expect(await client.call('files.probe', { path: file, purpose: 'kernel' })).toMatchObject({
      sizeBytes: 5000,
      problem: expect.stringContaining(file),
    });
    const id = await create(file);
    await expect(client.call('machines.start', { id })).rejects.toMatchObject({
      code: 'machine.startFailed',
      message: expect.stringContaining('notes.txt'),
    });
    expect(states().at(-1)).toBe('off');
    expect(views.at(-1)).toMatchObject({ lastExit: { reason: 'startFailed' } });
  }, 30_000);
});
