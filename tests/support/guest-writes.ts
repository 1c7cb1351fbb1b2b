// A guest that writes and flushes on and on, and a file that tells how far it came: one byte for each write that was
// flushed, there also when the process is killed.

import { appendFileSync } from 'node:fs';
import { setImmediate as others } from 'node:timers/promises';
import type { RunningDisks } from './running-disks.ts';

/** Where it writes: sector after sector, round and round, each full of the number of the write, from 1. */
export const GUEST = { drive: 'disk0', offset: 7 << 20, sectors: 64 };

export async function writeOn(disks: RunningDisks, flushed: string, isOver: () => boolean): Promise<void> {
  for (let number = 1; !isOver(); number++) {
    const sector = Buffer.alloc(512);
    for (let at = 0; at < sector.length; at += 4) sector.writeUInt32LE(number, at);
    await disks.write(GUEST.drive, GUEST.offset + ((number - 1) % GUEST.sectors) * 512, sector);
    await disks.flush(GUEST.drive);
    appendFileSync(flushed, '.');
    await others();
  }
}
