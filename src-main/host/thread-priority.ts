// Which threads of a machine's process give way to the one that runs the guest: those that compile. With two processors they
// would keep it waiting for a quarter of a boot. On Linux only, where each thread has a nice value of its own.
// Reference: setpriority(2), "C library/kernel differences"; proc(5), /proc/thread-self and /proc/pid/task.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename, join } from 'node:path';

/**
 * Two thirds and two fifths of the weight of the thread that runs the guest, where they want the same processor. Much less, and V8
 * falls behind on a busy host: what it has begun takes memory.
 */
const COMPILER_NICE = 2;
const OPTIMISER_NICE = 4;
const TASKS = '/proc/self/task';
/** What Node calls the threads of its platform, on which V8 optimises. */
const V8_THREADS = 'V8Worker';

/** The calling thread compiles regions: until one is there its code is interpreted. */
export function giveWay(): void {
  onLinux(() => setPriority(Number(basename(readlinkSync('/proc/thread-self'))), COMPILER_NICE));
}

/** The threads on which V8 optimises what runs already. */
export function letOptimisersGiveWay(): void {
  onLinux(() => {
    for (const task of readdirSync(TASKS)) {
      if (readFileSync(join(TASKS, task, 'comm'), 'utf8').trim() === V8_THREADS) setPriority(Number(task), OPTIMISER_NICE);
    }
  });
}

function onLinux(lower: () => void): void {
  if (process.platform !== 'linux') return;
  try {
    lower();
  } catch {
    // Without /proc, or where it is not allowed, all threads stay equal: slower, and nothing else.
  }
}
