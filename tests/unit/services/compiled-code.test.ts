// Where the compiled code of the app's machines is kept: in a folder that only the user can enter, for as long as the machine is there.

import { existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { defaultSettings } from '../../../shared/machine/config.ts';
import type { StartRequest } from '../../../shared/machine/start-request.ts';
import { App } from '../../../src-main/services/app.ts';
import { fakeLauncher } from '../../support/fake-process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const SETTINGS = { ...defaultSettings('A'), boot: { kernel: '/k', initrd: null, commandLine: '' } };

/** An app with a machine, and what its processes were started with. */
async function opened(dataFolder = temporaryFolder()) {
  const started: StartRequest[] = [];
  const { launch } = fakeLauncher(() => ({ start: (request) => void started.push(request) }));
  const app = await App.open({ version: '1', dataFolder, features: { nativeDialogs: false, nativeMenu: false }, launch });
  const calls = app.handlers({ openConsole: () => 'ticket' });
  const { id } = await calls['machines.create']({ settings: SETTINGS, newDisks: [] });
  const run = async (disposable?: boolean) => {
    await calls['machines.start']({ id, ...(disposable && { disposable }) });
    await calls['machines.powerOff']({ id });
    return started.at(-1)?.codeArchive;
  };
  return { calls, id, run, dataFolder };
}

it('is for each machine the same file, which goes with it', async () => {
  const { calls, id, run, dataFolder } = await opened();
  const path = (await run()) as string;
  expect(path).toBe(join(dataFolder, 'compiled', `${id}.code`));
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  writeFileSync(path, 'code');
  expect(await run()).toBe(path);
  await calls['machines.delete']({ id });
  expect(existsSync(path)).toBe(false);
});

it('is none where a run is to leave nothing behind', async () => {
  const { run } = await opened();
  expect(await run(true)).toBeUndefined();
});

it('is none where there can be no such folder', async () => {
  const { run, dataFolder } = await opened();
  writeFileSync(join(dataFolder, 'compiled'), '');
  expect(await run()).toBeUndefined();
});
