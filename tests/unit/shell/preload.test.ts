// The preload script as it is built, run where only what a sandboxed preload has is there.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build } from 'vite';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type AppBridge,
  BRIDGE_EVENT,
  BRIDGE_PORT,
  BRIDGE_PORT_MESSAGE,
} from '../../../shared/rpc/bridge.ts';

const CONFIG = fileURLToPath(new URL('../../../src-main/vite.config.ts', import.meta.url));

let source = '';

beforeAll(async () => {
  const { mkdtempSync, rmSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const folder = mkdtempSync(join(tmpdir(), 'boxwright-preload-'));
  await build({ configFile: CONFIG, mode: 'preload', build: { outDir: folder } });
  source = readFileSync(join(folder, 'preload.cjs'), 'utf8');
  rmSync(folder, { recursive: true });
});

function loaded() {
  const exposed: Record<string, unknown> = {};
  const invoked: unknown[][] = [];
  const posted: unknown[][] = [];
  const listeners: [string, (...values: unknown[]) => void][] = [];
  const electron = {
    contextBridge: { exposeInMainWorld: (name: string, value: unknown) => (exposed[name] = value) },
    ipcRenderer: {
      invoke: async (...values: unknown[]) => {
        invoked.push(values);
        return { ok: true };
      },
      on: (channel: string, listener: (...values: unknown[]) => void) => listeners.push([channel, listener]),
      removeListener: (channel: string, listener: (...values: unknown[]) => void) => {
        const index = listeners.findIndex(([name, other]) => name === channel && other === listener);
        listeners.splice(index, 1);
      },
    },
  };
  const webUtils = { getPathForFile: (file: { name: string }) => `/dropped/${file.name}` };
  const required: string[] = [];
  const require = (name: string) => {
    required.push(name);
    if (name !== 'electron') throw new Error(`A sandboxed preload cannot load ${name}`);
    return { ...electron, webUtils };
  };
  const context = createContext({
    require,
    module: { exports: {} },
    exports: {},
    postMessage: (...values: unknown[]) => posted.push(values),
  });
  runInContext(source, context);
  const raise = (channel: string, ...values: unknown[]) => {
    for (const [name, listener] of [...listeners]) if (name === channel) listener(...values);
  };
  return { exposed, bridge: exposed['bridge'] as AppBridge, invoked, posted, listeners, required, raise };
}

describe('the built preload script', () => {
  it('loads nothing but electron and exposes nothing but the bridge', () => {
    const { exposed, required } = loaded();
    expect(required).toEqual(['electron']);
    expect(Object.keys(exposed)).toEqual(['bridge']);
    expect(Object.keys(exposed['bridge'] as object).sort()).toEqual(['call', 'on', 'pathOf']);
  });

  it('has one channel for calls, whatever the page names', async () => {
    const { bridge, invoked } = loaded();
    expect(await bridge.call('app.info', undefined)).toEqual({ ok: true });
    await bridge.call({ toString: () => 'x' } as never, 1);
    expect(invoked).toEqual([
      ['boxwright.call', 'app.info', undefined],
      ['boxwright.call', 'x', 1],
    ]);
  });

  it('delivers events by name, without Electron’s event object, until told to stop', () => {
    const { bridge, raise } = loaded();
    const seen: unknown[][] = [];
    const stop = bridge.on('machineChanged', (...values) => seen.push(values));
    raise(BRIDGE_EVENT, { sender: 'secret' }, 'machineChanged', 1);
    raise(BRIDGE_EVENT, {}, 'other', 2);
    stop();
    raise(BRIDGE_EVENT, {}, 'machineChanged', 3);
    expect(seen).toEqual([[1]]);
  });

  it('tells where a dropped file is', () => {
    expect(loaded().bridge.pathOf({ name: 'a.iso' })).toBe('/dropped/a.iso');
  });

  it('passes console ports on as window messages', () => {
    const { raise, posted } = loaded();
    raise(BRIDGE_PORT, { ports: ['port'] }, { ticket: 't' });
    expect(JSON.parse(JSON.stringify(posted))).toEqual([
      [{ type: BRIDGE_PORT_MESSAGE, ticket: 't' }, '*', ['port']],
    ]);
  });
});
