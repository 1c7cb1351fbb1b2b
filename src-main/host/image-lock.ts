// Who has a disk image open: one writer, or any number of readers, on this computer. Each holder puts a file of its own
// into a folder that all processes share; its name says which image (device and inode, so that links do not hide it),
// how, and which process. A file whose process is gone counts for nothing and is removed by whoever sees it, so nothing
// is ever taken over: two that come at once see each other. Not a lock against other programs.

import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlockError } from '../engine/block/index.ts';
import { uniqueSuffix } from './unique-suffix.ts';

export type ImageAccess = 'read' | 'write';

export interface ImageLock {
  release(): void;
}

/** Two that come at once both step back; after so many times the other is there to stay. */
const ATTEMPTS = 4;

/** The same for every process of every user, whatever its TMPDIR; sticky, so that nobody removes another's files. */
const LOCK_FOLDER = join(process.platform === 'win32' ? tmpdir() : '/tmp', 'boxwright-image-locks');

/** Threads of a process share it. */
const OWN_START = startOf(process.pid) ?? '';

interface Holder {
  readonly file: string;
  readonly image: string;
  readonly access: string;
  readonly pid: number;
  readonly started: string;
}

/** `fd` is the image, open. Throws `BlockError` 'in-use' with the process that has it. */
export async function lockImage(
  fd: number,
  path: string,
  access: ImageAccess,
  folder: string = LOCK_FOLDER,
): Promise<ImageLock> {
  makeFolder(folder);
  const stat = fs.fstatSync(fd, { bigint: true });
  const image = `${stat.dev.toString(16)}.${stat.ino.toString(16)}`;
  for (let attempt = 1; ; attempt++) {
    const own = claim(folder, image, access);
    const other = holders(folder).find(
      (holder) =>
        holder.image === image && holder.file !== own && (access === 'write' || holder.access === 'write'),
    );
    if (other === undefined) return { release: () => fs.rmSync(join(folder, own), { force: true }) };
    fs.rmSync(join(folder, own), { force: true });
    if (attempt === ATTEMPTS) throw inUse(path, other);
    await new Promise((resolve) => setTimeout(resolve, 2 + Math.random() * 10 * attempt));
  }
}

function inUse(file: string, other: Holder): BlockError {
  const how = other.access === 'write' ? 'writing' : 'reading';
  const who = other.pid === process.pid ? 'this process' : `process ${other.pid}`;
  return new BlockError(
    'in-use',
    `“${file}” is in use: ${who} has it open for ${how}. Close it there first${
      how === 'writing' ? ', or read it all the same with --force-share (-U)' : ''
    }.`,
    { file, process: other.pid },
  );
}

function makeFolder(folder: string): void {
  try {
    fs.mkdirSync(folder);
    fs.chmodSync(folder, 0o1777);
  } catch (error) {
    if (fs.existsSync(folder)) return;
    const cause = error instanceof Error ? error.message : '';
    throw new BlockError('permission', `Locks for disk images cannot be kept in “${folder}”: ${cause}`, {
      file: folder,
      cause,
    });
  }
}

function claim(folder: string, image: string, access: ImageAccess): string {
  const own = [image, access, process.pid, OWN_START, uniqueSuffix()].join('-');
  fs.writeFileSync(join(folder, own), '', { flag: 'wx' });
  return own;
}

/** Those that live; the files of others are removed on the way. */
function holders(folder: string): Holder[] {
  const found: Holder[] = [];
  for (const file of fs.readdirSync(folder)) {
    const [image, access, pid, started] = file.split('-');
    if (image === undefined || access === undefined || started === undefined) continue;
    const holder = { file, image, access, pid: Number(pid), started };
    if (lives(holder)) found.push(holder);
    else removeStale(join(folder, file));
  }
  return found;
}

function removeStale(file: string): void {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // Another user's: it stays, and counts for nothing.
  }
}

/** A process number may have been given to another process since; its start tells them apart. */
function lives({ pid, started }: Holder): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (pid === process.pid) return started === OWN_START;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
  }
  const start = startOf(pid);
  return start === undefined || started === '' || start === started;
}

/** Ticks since boot at which a process started; undefined where the system does not say. A zombie has ended. */
function startOf(pid: number): string | undefined {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : fields[19];
  } catch {
    return undefined;
  }
}
