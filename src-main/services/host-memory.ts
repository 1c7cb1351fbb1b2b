// Whether this computer has the memory for one more machine, in numbers that a refusal names.

import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import type { MachineSettings } from '../../shared/machine/config.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import { formatBytes, MIB } from '../../shared/units/bytes.ts';

/** The engine, its translated code and the process itself. */
const OVERHEAD_MIB = 160;

/** What can be had without swapping: on Linux more than what is free, as caches give way. */
export function availableMemoryMiB(meminfo = readMeminfo()): number {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1];
  return kib === undefined ? Math.floor(freemem() / MIB) : Math.floor(Number(kib) / 1024);
}

export function refuseTooLittleMemory(
  { name, memoryMiB, display }: MachineSettings,
  reserveMiB: number,
  availableMiB: number = availableMemoryMiB(),
): void {
  const neededMiB = memoryMiB + display.memoryMiB + OVERHEAD_MIB;
  if (neededMiB + reserveMiB <= availableMiB) return;
  const size = (mib: number) => formatBytes(mib * MIB);
  throw new FailureError(
    'host.memoryShort',
    say`“${name}” takes about ${size(neededMiB)} of memory. This computer has ${size(availableMiB)} available, of which ${size(reserveMiB)} are kept for other programs. Close some, or give the machine less memory.`,
    { neededMiB, availableMiB, reserveMiB },
  );
}

function readMeminfo(): string {
  try {
    return readFileSync('/proc/meminfo', 'latin1');
  } catch {
    return '';
  }
}
