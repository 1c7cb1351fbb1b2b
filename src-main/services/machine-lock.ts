// Who runs a machine: a file `lock` in its folder while it does, so that two applications that reach one folder by
// different ways never run it twice. The folder's images have locks of their own (host/image-lock.ts).

import { randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type LockHolder, lockHolder } from '../../shared/machine/lock-holder.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import { parseJson } from '../../shared/units/parse-json.ts';
import { systemErrorCode, systemErrorWords } from '../../shared/units/system-error.ts';

export interface MachineLock {
  release(): Promise<void>;
}

const ATTEMPTS = 3;

export async function lockMachine(folder: string, name: string): Promise<MachineLock> {
  const file = join(folder, 'lock');
  const own: LockHolder = { pid: process.pid, host: hostname(), boot: bootOf(), token: randomUUID() };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      await writeFile(file, `${JSON.stringify(own)}\n`, { flag: 'wx', mode: 0o600 });
      // Another that took the lock of a dead process for ours at the same time has won.
      if ((await read(file))?.token === own.token) return { release: () => release(file, own) };
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST')
        throw new FailureError('store.writeFailed', say`“${file}” could not be written: ${systemErrorWords(error)}.`, { path: file });
    }
    const other = await read(file);
    if (other && isAlive(other))
      throw new FailureError(
        'machine.inUse',
        say`“${name}” is being run by another Boxwright (process ${other.pid} on ${other.host}). Power it off there, or remove “${file}” if that is not so.`,
        { pid: other.pid, path: file },
      );
    await rm(file, { force: true });
  }
  throw new FailureError('machine.inUse', say`“${name}” is being started by another Boxwright.`, { path: file });
}

async function release(file: string, own: LockHolder): Promise<void> {
  if ((await read(file))?.token === own.token) await rm(file, { force: true });
}

async function read(file: string): Promise<LockHolder | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return lockHolder.safeParse(parseJson(text.slice(0, 2000))).data;
}

/** On another computer, which shares the folder, nobody can tell: taken for alive. */
function isAlive({ pid, host, boot }: LockHolder): boolean {
  if (host !== hostname()) return true;
  if (boot !== bootOf()) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) !== 'ESRCH';
  }
}

/** Differs after every start of the computer, where the system says so: a process number then means nothing. */
function bootOf(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
}
