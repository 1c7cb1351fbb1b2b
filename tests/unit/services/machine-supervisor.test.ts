// One process a machine: states along the table, and every way in which a process can disappoint.

import { describe, expect, it } from 'vitest';
import { defaultSettings, type MachineConfig } from '../../../shared/machine/config.ts';
import type { MachineState } from '../../../shared/machine/lifecycle.ts';
import type { Handlers } from '../../../shared/rpc/contract.ts';
import { FailureError } from '../../../shared/rpc/failure.ts';
import type { MachineContract } from '../../../shared/rpc/machine-contract.ts';
import { LogStore } from '../../../src-main/services/log-store.ts';
import { type Limits, MachineSupervisor } from '../../../src-main/services/machine-supervisor.ts';
import { eventually } from '../../support/eventually.ts';
import { PreparedProcesses } from '../../../src-main/services/prepared-processes.ts';
import { type FakeProcess, fakeLauncher } from '../../support/fake-process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const CONFIG: MachineConfig = { ...defaultSettings('A'), schema: 1, id: 'a' };

function supervised(
  behave: (process: FakeProcess) => Partial<Handlers<MachineContract>> = () => ({}),
  limits: Partial<Limits> = {},
) {
  const folder = temporaryFolder();
  const logs = new LogStore(() => folder);
  const { launch, processes } = fakeLauncher(behave);
  const launched = () => processes.map(({ killed }) => (killed ? 'killed' : 'lives'));
  const states: MachineState[] = [];
  const supervisor: MachineSupervisor = new MachineSupervisor({
    launch,
    logs,
    limits,
    onChange: (id) => void states.push(supervisor.status(id).state),
  });
  const process = () => processes[0] as FakeProcess;
  return { supervisor, process, launched, states, logs };
}

const never = () => new Promise<undefined>(() => undefined);

describe('a machine', () => {
  it('starts, pauses, resumes and is powered off', async () => {
    const { supervisor, states } = supervised();
    await supervisor.start(CONFIG);
    await supervisor.pause('a');
    await supervisor.resume('a');
    await supervisor.reset('a');
    await supervisor.powerButton('a');
    expect(await supervisor.ask('a', 'stats')).toMatchObject({ instructions: 2 });
    await supervisor.powerOff('a');
    expect(states).toEqual(['starting', 'running', 'pausing', 'paused', 'running', 'stopping', 'off']);
    expect(supervisor.status('a')).toMatchObject({ startedAtMs: null, lastExit: { reason: 'userPowerOff' } });
  });

  it('is saved and ended while it stands still, and goes on from there only when nothing can fail any more', async () => {
    const asked: string[] = [];
    const { supervisor, states } = supervised((process) => ({
      pause: () => {
        asked.push('pause');
        process.server.emit('paused', undefined);
      },
      startFrom: ({ path, paused }) => void asked.push(`from ${path} ${paused}`),
      resume: () => void asked.push('resume'),
    }));
    await supervisor.start(CONFIG);
    await supervisor.saveAndEnd('a', async () => void asked.push('save'));
    supervisor.setSaved('a', true);
    expect(states).toEqual(['starting', 'running', 'saving', 'stopping', 'off', 'saved']);
    expect(supervisor.status('a').lastExit?.reason).toBe('saved');
    expect(() => supervisor.require('a', 'edit')).toThrow(FailureError);
    await supervisor.start(CONFIG, { path: '/s', beforeRun: async () => void asked.push('forget') });
    expect(states.slice(6)).toEqual(['restoring', 'running']);
    expect(asked).toEqual(['pause', 'save', 'from /s true', 'forget', 'resume']);
  });

  it('goes on when its state cannot be saved', async () => {
    const asked: string[] = [];
    const { supervisor } = supervised(() => ({ resume: () => void asked.push('resume') }));
    await supervisor.start(CONFIG);
    const full = new FailureError('store.writeFailed', 'The disk is full.');
    await expect(supervisor.saveAndEnd('a', () => Promise.reject(full))).rejects.toBe(full);
    expect([supervisor.status('a').state, asked]).toEqual(['running', ['resume']]);
    await supervisor.powerOff('a');
  });

  it('is off when the guest switches it off', async () => {
    const { supervisor, process, states } = supervised();
    await supervisor.start(CONFIG);
    process().server.emit('ended', { reason: 'guestPowerOff', message: 'Off.' });
    await eventually(() => supervisor.status('a').state === 'stopping', 'the end');
    process().exit({ code: 0, signal: null });
    expect(supervisor.status('a')).toMatchObject({
      state: 'off',
      lastExit: { reason: 'guestPowerOff', message: 'Off.' },
    });
    expect(states.at(-1)).toBe('off');
  });

  it('has crashed when its process dies, and tells its last lines', async () => {
    const { supervisor, process } = supervised();
    await supervisor.start(CONFIG);
    process().print('FATAL: out of memory');
    process().exit({ code: null, signal: 'SIGSEGV' });
    const { state, lastExit } = supervisor.status('a');
    expect(state).toBe('crashed');
    expect(lastExit).toMatchObject({ reason: 'crashed', message: expect.stringContaining('SIGSEGV') });
    expect(lastExit?.lastLines).toContain('FATAL: out of memory');
    await supervisor.start(CONFIG);
    expect(supervisor.status('a')).toMatchObject({ state: 'running', lastExit: null });
  });

  it('has crashed when its process says so', async () => {
    const { supervisor, process } = supervised();
    await supervisor.start(CONFIG);
    process().server.emit('ended', { reason: 'crashed', message: 'The engine failed.' });
    await eventually(() => supervisor.status('a').state === 'stopping', 'the end');
    process().exit({ code: 70, signal: null });
    expect(supervisor.status('a')).toMatchObject({
      state: 'crashed',
      lastExit: { message: 'The engine failed.' },
    });
  });

  it('is off again, with the reason, when it cannot start', async () => {
    const { supervisor, process } = supervised(() => ({
      start: () => {
        throw new FailureError('files.notFound', '“/k” does not exist.');
      },
    }));
    await expect(supervisor.start(CONFIG)).rejects.toMatchObject({ code: 'files.notFound' });
    expect(supervisor.status('a')).toMatchObject({
      state: 'off',
      lastExit: { reason: 'startFailed', message: '“/k” does not exist.' },
    });
    expect(process().killed).toBe(true);
  });

  it('has crashed when its process dies while starting', async () => {
    const { supervisor } = supervised((process) => ({
      start: () => {
        process.exit({ code: 1, signal: null });
        return never();
      },
    }));
    await expect(supervisor.start(CONFIG)).rejects.toMatchObject({ code: 'machine.startFailed' });
    expect(supervisor.status('a').state).toBe('crashed');
  });

  it('that never starts is given up', async () => {
    const { supervisor, process } = supervised(() => ({ start: never }), { startMs: 20 });
    await expect(supervisor.start(CONFIG)).rejects.toMatchObject({ code: 'rpc.timeout' });
    expect(process().killed).toBe(true);
    expect(supervisor.status('a').state).toBe('off');
  });

  it('that will not go is killed', async () => {
    const { supervisor, process } = supervised(() => ({ powerOff: never }), { endMs: 20 });
    await supervisor.start(CONFIG);
    await supervisor.powerOff('a');
    expect(process().killed).toBe(true);
    expect(supervisor.status('a')).toMatchObject({ state: 'off', lastExit: { reason: 'userPowerOff' } });
  });

  it('that says it has ended and stays is killed', async () => {
    const { supervisor, process } = supervised(() => ({}), { endMs: 20 });
    await supervisor.start(CONFIG);
    process().server.emit('ended', { reason: 'guestPowerOff', message: 'Off.' });
    await eventually(() => supervisor.status('a').state === 'off', 'the end');
    expect(process().killed).toBe(true);
  });

  it('that does not answer goes on as it was', async () => {
    const { supervisor } = supervised(() => ({ pause: never }), { callMs: 20 });
    await supervisor.start(CONFIG);
    await expect(supervisor.pause('a')).rejects.toMatchObject({ code: 'rpc.timeout' });
    expect(supervisor.status('a').state).toBe('running');
  });

  it('can be powered off while it starts', async () => {
    const { supervisor } = supervised(() => ({ start: never }));
    const started = supervisor.start(CONFIG);
    await supervisor.powerOff('a');
    await expect(started).rejects.toBeInstanceOf(FailureError);
    expect(supervisor.status('a')).toMatchObject({ state: 'off', lastExit: { reason: 'userPowerOff' } });
  });

  it('is not believed states that cannot follow', async () => {
    const { supervisor, process, states } = supervised((self) => ({
      start: () => self.server.emit('resumed', undefined),
      powerOff: () => {
        self.server.emit('resumed', undefined);
        self.server.emit('paused', undefined);
        queueMicrotask(() => self.exit({ code: 0, signal: null }));
      },
    }));
    await supervisor.start(CONFIG);
    expect(process().killed).toBe(false);
    await supervisor.powerOff('a');
    expect(states).toEqual(['starting', 'running', 'stopping', 'off']);
  });

  it('refuses what its state does not allow', async () => {
    const { supervisor } = supervised();
    await expect(supervisor.pause('a')).rejects.toMatchObject({ code: 'machine.wrongState' });
    expect(() => supervisor.handOver('a', {}, {})).toThrow(
      expect.objectContaining({ code: 'machine.wrongState' }),
    );
    await supervisor.start(CONFIG);
    await expect(supervisor.start(CONFIG)).rejects.toMatchObject({ code: 'machine.wrongState' });
    await expect(supervisor.resume('a')).rejects.toMatchObject({
      detail: { action: 'resume', state: 'running' },
    });
  });

  it('starts in the process that got ready while it was put in place, which goes when that fails', async () => {
    const { supervisor, launched } = supervised();
    const failing = () => Promise.reject(new FailureError('snapshot.damaged', 'no'));
    await expect(supervisor.beforeStart(CONFIG, failing)).rejects.toMatchObject({ code: 'snapshot.damaged' });
    await supervisor.beforeStart(CONFIG, async () => expect(launched()).toEqual(['killed', 'lives']));
    await supervisor.start(CONFIG);
    expect(launched()).toEqual(['killed', 'lives']);
    await supervisor.beforeStart({ ...CONFIG, id: 'b' }, async () => undefined);
    expect(launched()[2]).toBe('lives');
    await supervisor.shutdown();
    expect(launched()[2]).toBe('killed');
  });

  it('starts in another process when the one that got ready has died, or was not needed for long', async () => {
    const { launch, processes } = fakeLauncher();
    const prepared = new PreparedProcesses(launch, 1);
    prepared.prepare('a', 'A');
    processes[0]?.exit({ code: 1, signal: null });
    expect(prepared.take('a')).toBeUndefined();
    prepared.prepare('b', 'B');
    await eventually(() => processes[1]?.killed === true, 'the end of a process that nothing needs');
    expect(prepared.take('b')).toBeUndefined();
  });

  it('gets console connections as they come', async () => {
    const { supervisor, process } = supervised();
    await supervisor.start(CONFIG);
    supervisor.handOver('a', 'request', 'socket');
    expect(process().handedOver).toEqual([['request', 'socket']]);
  });

  it('crashing takes no other machine with it, and the end of the application takes all', async () => {
    const folder = temporaryFolder();
    const { launch, processes } = fakeLauncher();
    const supervisor = new MachineSupervisor({
      launch,
      logs: new LogStore(() => folder),
      onChange: () => undefined,
    });
    await supervisor.start(CONFIG);
    await supervisor.start({ ...CONFIG, id: 'b' });
    await supervisor.start({ ...CONFIG, id: 'c' });
    processes[0]?.exit({ code: 1, signal: null });
    expect(['a', 'b', 'c'].map((id) => supervisor.status(id).state)).toEqual([
      'crashed',
      'running',
      'running',
    ]);
    await supervisor.shutdown();
    expect(['a', 'b', 'c'].map((id) => supervisor.status(id).state)).toEqual(['crashed', 'off', 'off']);
  });
});
