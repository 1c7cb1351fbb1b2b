// Ctrl-C: the command ends with the status a shell expects and leaves nothing half-done.

import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startImg } from '../../../support/img-command.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

it('stops a conversion, and leaves the old target', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'a.raw'), new Uint8Array(64 << 20).fill(1));
  writeFileSync(join(folder, 'b.qcow2'), 'old');
  // Small clusters, packed one by one, take longer than the signal.
  const child = startImg(folder, 'convert -p -c -O qcow2 -o cluster_size=512 a.raw b.qcow2');
  let output = '';
  let errors = '';
  child.stderr?.on('data', (bytes) => {
    errors += String(bytes);
  });
  child.stdout?.on('data', (bytes) => {
    const before = /\([1-9]/.test(output);
    output += String(bytes);
    if (!before && /\([1-9]/.test(output)) child.kill('SIGINT');
  });
  const [status] = await once(child, 'close');
  expect({ status, errors }).toEqual({
    status: 130,
    errors: '\nboxwright: stopped; nothing half-done was left behind\n',
  });
  expect(output).not.toContain('(100.00/100%)');
  expect(readdirSync(folder).sort()).toEqual(['a.raw', 'b.qcow2']);
  expect(readFileSync(join(folder, 'b.qcow2'), 'utf8')).toBe('old');
});

it('ends without a word when its reader goes away', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'a.raw'), new Uint8Array(1 << 20).fill(1));
  const child = startImg(folder, 'convert -p -O qcow2 a.raw b.qcow2');
  child.stdout?.destroy();
  let errors = '';
  child.stderr?.on('data', (bytes) => {
    errors += String(bytes);
  });
  const [status] = await once(child, 'close');
  expect({ status, errors }).toEqual({ status: 1, errors: '' });
});
