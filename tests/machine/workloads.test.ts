// The workloads of the benchmark as kernels on the bare machine: in every tier and word size they must give the sums
// that a real processor gives.

import { describe, expect, it } from 'vitest';
import { type Arch, buildPrograms } from '../bench/build-programs.mjs';
import { WORKLOADS } from '../bench/workloads.mjs';
import { boxwrightRun } from '../support/guest-session.mjs';

const LIMIT_MS = 60_000;
const EXIT = ['-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04'];
const MACHINE = ['-m', '64', '-display', 'none', '-debugcon', 'stdio', '-no-reboot', ...EXIT];

function compiled(arch: Arch): string | undefined {
  try {
    return buildPrograms(arch).kernel;
  } catch (error) {
    console.warn(`SKIPPED: workloads for ${arch}: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

describe.each(['i386', 'amd64'] as const)('workloads for %s', (arch) => {
  const kernel = compiled(arch);
  const workloads = WORKLOADS.filter((workload) => !workload.needsLinux);

  it.skipIf(kernel === undefined).each(['interp', 'jit'])(
    'give their sums under %s',
    async (tier) => {
      const words = workloads.map(({ name }) => `${name}=1`).join(' ');
      const session = await boxwrightRun([
        ...MACHINE,
        '-accel',
        tier,
        '-kernel',
        kernel ?? '',
        '-append',
        words,
      ]);
      try {
        expect(await session.ended(LIMIT_MS)).toBe(1);
        const sums = [...session.output.matchAll(/^BENCH (\S+) 1 (\S+) /gm)].map(([, name, sum]) => [
          name,
          sum,
        ]);
        expect(sums).toEqual(workloads.map(({ name, checksum }) => [name, checksum[arch]]));
      } finally {
        await session.stop();
      }
    },
    LIMIT_MS + 10_000,
  );
});
