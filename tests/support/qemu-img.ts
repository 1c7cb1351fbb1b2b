// The real qemu-img and qemu-io, for cross tests; Debian's package qemu-utils. Tests skip loudly without them.

import { execFileSync, spawnSync } from 'node:child_process';

const found = (program: string) => spawnSync(program, ['--version']).status === 0;

export const hasQemuImg = found('qemu-img') && found('qemu-io');

export const qemuReason = (what: string): string => {
  if (hasQemuImg) return what;
  console.warn(`SKIPPED: ${what}: no qemu-img and qemu-io (install qemu-utils)`);
  return `${what} [skipped: no qemu-img]`;
};

export function qemuImg(...args: string[]): string {
  return execFileSync('qemu-img', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The exit code, and what it said. */
export function qemuImgStatus(...args: string[]): { status: number; output: string } {
  const { status, stdout, stderr } = spawnSync('qemu-img', args, { encoding: 'utf8' });
  return { status: status ?? -1, output: stdout + stderr };
}

/** qemu-io commands against an image. Throws when one of them fails. */
export function qemuIo(image: string, ...commands: string[]): string {
  const args = [...commands.flatMap((command) => ['-c', command]), image];
  const output = execFileSync('qemu-io', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (/failed|error|pattern verification/i.test(output)) throw new Error(output);
  return output;
}
