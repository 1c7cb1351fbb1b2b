// The end of the application with machines: guests are asked, waited for, and not waited for without end.

import { describe, expect, it } from 'vitest';
import { defaultSettings, type MachineConfig } from '../../../shared/machine/config.ts';
import { LogStore } from '../../../src-main/services/log-store.ts';
import { MachineSupervisor } from '../../../src-main/services/machine-supervisor.ts';
import { shutDownAll } from '../../../src-main/services/shut-down-all.ts';
import { fakeLauncher } from '../../support/fake-process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const config = (id: string): MachineConfig => ({ ...defaultSettings(id), schema: 1, id });

describe('shutting down all machines', () => {
  it('ends those whose guests follow, paused ones too, and names the others', async () => {
    const folder = temporaryFolder();
    const { launch, processes } = fakeLauncher((process) => ({
      powerButton: () => {
        if (processes.indexOf(process) !== 1) process.exit({ code: 0, signal: null });
      },
    }));
    const supervisor = new MachineSupervisor({ launch, logs: new LogStore(() => folder), onChange: () => undefined });
    for (const id of ['follows', 'refuses', 'paused']) await supervisor.start(config(id));
    await supervisor.pause('paused');
    expect(await shutDownAll(supervisor, 300)).toEqual(['refuses']);
    expect(supervisor.active).toBe(1);
  });
});
