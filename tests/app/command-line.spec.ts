// The command line as built: a service that starts by itself, a machine in it used from the shell, and its end.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { code, tinyKernel } from '../support/tiny-kernel.ts';
import { boxwright as runCommand } from './support/boxwright.ts';

test('machines run in a service of the command line', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'boxwright-cli-'));
  const boxwright = (...args: string[]) => runCommand(folder, ...args);
  const kernel = join(folder, 'kernel');
  await writeFile(kernel, tinyKernel([...code.print('ready'), ...code.echo(), ...code.powerOff(), ...code.spin()]));
  try {
    // Nobody runs machines yet; a disk is made all the same.
    expect(await boxwright('create', 'Disk', '--new-disk', '1G')).toMatchObject({ status: 0, errors: '' });
    expect((await boxwright('delete', 'disk', '--yes')).status).toBe(0);
    expect(await boxwright('create', 'Echo', '-m', '64', '--kernel', kernel)).toMatchObject({ status: 0, errors: '' });
    // Nobody runs machines yet: this one is looked up without a service.
    expect((await boxwright('show', 'echo')).out).toMatch(/state +off/);
    expect(await boxwright('start', 'echo')).toMatchObject({ status: 0, out: 'echo is running\n' });
    expect((await boxwright('wait-for-serial', 'echo', 'ready')).status).toBe(0);
    expect(JSON.parse((await boxwright('list', '--json')).out)).toMatchObject([{ state: 'running' }]);
    const picture = join(folder, 'screen.png');
    expect((await boxwright('screenshot', 'echo', picture)).status).toBe(0);
    expect((await boxwright('pause', 'echo')).status).toBe(0);
    expect((await boxwright('screenshot', 'echo', picture)).status).toBe(0);
    expect((await boxwright('poweroff', 'echo')).status).toBe(0);
    expect((await boxwright('show', 'echo')).out).toMatch(/state +off/);
    expect((await boxwright('delete', 'echo', '--yes')).status).toBe(0);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});
