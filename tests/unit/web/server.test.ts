// The browser shell's server against pages of its own and of others.

import { connect as connectSocket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { defaultSettings } from '../../../shared/machine/config.ts';
import {
  CONSOLE_PATH,
  CONSOLE_PROTOCOL,
  KEY_PREFIX,
  RPC_PATH,
  RPC_PROTOCOL,
  SESSION_PATH,
  TICKET_PREFIX,
} from '../../../shared/rpc/web-endpoints.ts';
import { App } from '../../../src-main/services/app.ts';
import { PageFiles } from '../../../src-main/services/page-files.ts';
import { startWebServer } from '../../../src-main/web/server.ts';
import { WindowSockets } from '../../../src-main/web/window-sockets.ts';
import { eventually } from '../../support/eventually.ts';
import { fakeLauncher } from '../../support/fake-process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { openClient, openSession, openSocket, send } from '../../support/web-client.ts';

const PAGES = new PageFiles(
  new Map([
    ['/index.html', { type: 'text/html; charset=utf-8', bytes: Buffer.from('<title>Boxwright</title>') }],
  ]),
);
const SETTINGS = { ...defaultSettings('A'), boot: { kernel: '/k', initrd: null, commandLine: '' } };

async function started() {
  const { launch, processes } = fakeLauncher();
  const app = await App.open({
    version: '1.2.3',
    dataFolder: temporaryFolder(),
    features: { nativeDialogs: false, nativeMenu: false },
    launch,
  });
  const windows = new WindowSockets(app);
  const server = await startWebServer(PAGES, Promise.resolve(windows));
  onTestFinished(() => server.close());
  return { app, server, windows, processes, origin: server.origin, key: () => openSession(server.issueAddress()) };
}

describe('pages', () => {
  it('come with every security header and no cookie', async () => {
    const { origin } = await started();
    const answer = await send(origin, '/');
    expect(answer).toMatchObject({ status: 200, body: '<title>Boxwright</title>' });
    const { headers } = answer;
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['content-security-policy']).toContain("require-trusted-types-for 'script'");
    expect(headers['content-security-policy']).not.toMatch(/script-src[^;]*unsafe/);
    expect(headers).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    expect(headers['set-cookie']).toBeUndefined();
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  it.each([
    ['/none', 404],
    ['/../package.json', 404],
    ['/%2e%2e/package.json', 404],
    ['/index.html/', 404],
    ['//evil.example/', 404],
  ])('%s is answered with %d', async (path, status) => {
    const { origin } = await started();
    expect((await send(origin, path)).status).toBe(status);
  });

  it('are served under their own host name only', async () => {
    const { origin } = await started();
    const { port } = new URL(origin);
    for (const host of ['evil.example', `localhost:${port}`, '127.0.0.1', `127.0.0.1:${port}.evil.example`])
      expect((await send(origin, '/', { headers: { host } })).status).toBe(421);
  });

  it('are read, not written', async () => {
    const { origin } = await started();
    for (const method of ['PUT', 'DELETE', 'POST', 'OPTIONS'])
      expect((await send(origin, '/', { method })).status).toBe(405);
  });
});

describe('a session', () => {
  it('opens with a token, once', async () => {
    const { server, origin } = await started();
    const address = server.issueAddress();
    expect(await openSession(address)).toMatch(/^[\w-]{43}$/);
    expect(await openSession(address)).toBe('');
    expect((await send(origin, '/', {})).body).not.toContain('k=');
  });

  it('opens for pages of this origin only', async () => {
    const { server, origin } = await started();
    const body = new URL(server.issueAddress()).hash.slice(3);
    const post = (headers: Record<string, string>) =>
      send(origin, SESSION_PATH, { method: 'POST', headers, body });
    for (const headers of [
      {},
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: origin.replace('http', 'https') },
    ])
      expect((await post(headers)).status).toBe(403);
    expect((await post({ origin })).status).toBe(200);
  });

  it('does not open with anything else', async () => {
    const { origin } = await started();
    const post = (body: string) => send(origin, SESSION_PATH, { method: 'POST', headers: { origin }, body });
    expect((await post('guess')).status).toBe(403);
    expect((await post('')).status).toBe(403);
    expect((await post('x'.repeat(100_000))).status).toBe(413);
  });
});

describe('the RPC socket', () => {
  it('needs host, origin, key and protocol', async () => {
    const { origin, key } = await started();
    const good = [RPC_PROTOCOL, KEY_PREFIX + (await key())];
    const attempt = (protocols: string[], headers?: Record<string, string>, path = RPC_PATH) =>
      openSocket(origin, path, protocols, headers);
    expect(await attempt(good, {})).toBe(403);
    expect(await attempt(good, { origin: 'http://evil.example' })).toBe(403);
    expect(await attempt(good, { origin, host: 'evil.example' })).toBe(421);
    expect(await attempt([RPC_PROTOCOL])).toBe(401);
    expect(await attempt([RPC_PROTOCOL, `${KEY_PREFIX}guess`])).toBe(401);
    expect(await attempt(good.slice(1))).toBe(404);
    expect(await attempt(good, { origin }, '/other')).toBe(404);
    const socket = await attempt(good);
    expect(socket).toBeInstanceOf(WebSocket);
    expect((socket as WebSocket).protocol).toBe(RPC_PROTOCOL);
  });

  it('opens when there is an application to serve, and pages before', async () => {
    const { windows } = await started();
    let appears: (windows: WindowSockets) => void = () => undefined;
    const server = await startWebServer(PAGES, new Promise((resolve) => {
      appears = resolve;
    }));
    onTestFinished(() => server.close());
    const key = await openSession(server.issueAddress());
    const opening = openClient(server.origin, key);
    expect((await send(server.origin, '/')).status).toBe(200);
    expect(await openSocket(server.origin, RPC_PATH, [RPC_PROTOCOL, `${KEY_PREFIX}guess`])).toBe(401);
    expect(windows.count).toBe(0);
    appears(windows);
    expect((await (await opening).client.call('app.info')).version).toBe('1.2.3');
  });

  it('serves the application', async () => {
    const { origin, key } = await started();
    const { client } = await openClient(origin, await key());
    expect(await client.call('app.info')).toMatchObject({
      version: '1.2.3',
      features: { nativeDialogs: false },
    });
    const changes: string[] = [];
    client.on('machineChanged', (view) => changes.push(view.kind === 'machine' ? view.state : view.kind));
    const machine = await client.call('machines.create', { settings: SETTINGS, newDisks: [] });
    await client.call('machines.start', { id: machine.id });
    await client.call('machines.powerOff', { id: machine.id });
    expect(changes).toEqual(['off', 'starting', 'running', 'stopping', 'off']);
    await client.call('machines.delete', { id: machine.id });
    expect(await client.call('machines.list')).toEqual([]);
    await expect(client.call('files.pick', { purpose: 'kernel' })).rejects.toMatchObject({
      code: 'files.unsupported',
    });
    await expect(client.call('machines.get', { id: machine.id })).rejects.toMatchObject({
      code: 'machine.notFound',
    });
  });

  it('closes on what is no message, and the server goes on', async () => {
    const { origin, key, windows } = await started();
    const session = await key();
    for (const nonsense of ['{', Buffer.from([1, 2]), 'x'.repeat(2 * 1024 * 1024)]) {
      const { socket } = await openClient(origin, session);
      const closed = new Promise((resolve) => socket.on('close', resolve));
      socket.on('error', () => undefined);
      socket.send(nonsense);
      await closed;
    }
    const { client } = await openClient(origin, session);
    expect((await client.call('app.info')).name).toBe('Boxwright');
    await eventually(() => windows.count === 1, 'the others are gone');
  });
});

describe('a console socket', () => {
  async function running() {
    const shell = await started();
    const key = await shell.key();
    const { client } = await openClient(shell.origin, key);
    const { id } = await client.call('machines.create', { settings: SETTINGS, newDisks: [] });
    await client.call('machines.start', { id });
    const protocols = (ticket: string, session = key) => [
      CONSOLE_PROTOCOL,
      KEY_PREFIX + session,
      TICKET_PREFIX + ticket,
    ];
    return { ...shell, key, client, id, protocols };
  }

  it('is handed to the machine’s process, without the key', async () => {
    const { client, id, origin, protocols, processes, key } = await running();
    const { ticket } = await client.call('machines.openConsole', { id });
    void openSocket(origin, CONSOLE_PATH, protocols(ticket)).catch(() => undefined);
    await eventually(() => processes[0]?.handedOver.length === 1, 'the socket is handed over');
    const [upgrade, socket] = (processes[0]?.handedOver ?? [])[0] as [
      { headers: object },
      { remoteAddress: string; destroy(): void },
    ];
    expect(socket.remoteAddress).toBe('127.0.0.1');
    expect(JSON.stringify(upgrade)).not.toContain(key);
    expect(JSON.stringify(upgrade)).not.toContain(ticket);
    socket.destroy();
  });

  it('needs a ticket of its own session, once', async () => {
    const { client, id, origin, protocols, server } = await running();
    const attempt = (names: string[]) => openSocket(origin, CONSOLE_PATH, names);
    const { ticket } = await client.call('machines.openConsole', { id });
    expect(await attempt(protocols('guess'))).toBe(403);
    expect(await attempt(protocols('').slice(0, 2))).toBe(403);
    expect(await attempt(protocols(ticket, await openSession(server.issueAddress())))).toBe(403);
  });

  it('is refused when the machine has ended meanwhile', async () => {
    const { client, id, origin, protocols } = await running();
    const { ticket } = await client.call('machines.openConsole', { id });
    await client.call('machines.powerOff', { id });
    expect(await openSocket(origin, CONSOLE_PATH, protocols(ticket))).toBe(409);
    await expect(client.call('machines.openConsole', { id })).rejects.toMatchObject({
      code: 'machine.wrongState',
    });
  });
});

describe('raw nonsense on the port', () => {
  it('is refused without harm', async () => {
    const { origin } = await started();
    const { hostname, port } = new URL(origin);
    for (const text of [
      '\0\0\0\0',
      'GET / HTTP/1.1\r\n\r\n',
      `GET /rpc HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
    ]) {
      const socket = connectSocket(Number(port), hostname);
      let answer = '';
      socket.setEncoding('utf8').on('data', (part: string) => {
        answer += part;
      });
      const ended = new Promise((resolve) => socket.on('close', resolve));
      socket.end(text);
      await ended;
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d/);
    }
    expect((await send(origin, '/')).status).toBe(200);
  });

  it('finds the server on the loopback address only', async () => {
    const { server } = await started();
    expect(new URL(server.origin).hostname).toBe('127.0.0.1');
  });
});
