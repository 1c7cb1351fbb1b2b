// Changes that wait for the end of a run: kept over a restart, and never in the way of one.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { defaultSettings, settingsOf } from '../../../shared/machine/config.ts';
import { MachineRegistry } from '../../../src-main/services/machine-registry.ts';
import { PendingChanges } from '../../../src-main/services/pending-changes.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function opened() {
  const registry = new MachineRegistry(temporaryFolder(), 8192);
  await registry.load();
  const { id } = await registry.create(defaultSettings('A'));
  const warnings: string[] = [];
  const load = async () => {
    const changes = new PendingChanges(registry, (_id, message) => warnings.push(message));
    await changes.load([id]);
    return changes;
  };
  return { registry, id, warnings, load, file: join(registry.folderOf(id), 'machine.pending.json') };
}

it('keeps what waits for the next start, and makes it part of the settings', async () => {
  const { registry, id, warnings, load, file } = await opened();
  const changes = await load();
  await changes.put(id, { ...settingsOf(registry.config(id)), memoryMiB: 96, description: 'At once' });
  expect(registry.config(id)).toMatchObject({ memoryMiB: 512, description: 'At once' });
  const again = await load();
  expect(again.of(id)).toEqual({ memoryMiB: 96 });
  expect(await again.apply(id)).toBe(true);
  expect(registry.config(id).memoryMiB).toBe(96);
  expect([existsSync(file), warnings]).toEqual([false, []]);
});

it.each(['{"memoryMiB":', '{"memoryMiB":"much"}', '[]'])('puts damage aside, and names it: %s', async (text) => {
  const { id, warnings, load, file } = await opened();
  writeFileSync(file, text);
  expect((await load()).of(id)).toBeNull();
  expect(warnings).toEqual([expect.stringContaining(file)]);
  expect(readFileSync(file.replace('.json', '.damaged.json'), 'utf8')).toBe(text);
});

it('does not keep the application from starting', async () => {
  const { id, warnings, load, file } = await opened();
  mkdirSync(file);
  expect((await load()).of(id)).toBeNull();
  expect(warnings).toEqual([`“${file}” cannot be read: it is a folder. The changes in it are not made.`]);
});
