// A Debian kernel with its busybox initramfs under `boxwright run`, up to its shell on the serial port.

import { boxwrightRun, type GuestSession, SHELL_PROMPT } from './guest-session.mjs';
import { type GuestArch, linuxGuest } from './guests.ts';

export interface LinuxBoot {
  readonly arch: GuestArch;
  readonly accelerator: 'jit' | 'interp';
  /** Added to the kernel's command line. */
  readonly kernelOptions?: string;
  /** Added to the options of `run`. */
  readonly options?: readonly string[];
}

export const GUEST_MEMORY_MIB = 256;

export function startLinux({
  arch,
  accelerator,
  kernelOptions = '',
  options = [],
}: LinuxBoot): Promise<GuestSession> {
  const { kernel, initrd } = linuxGuest(arch);
  return boxwrightRun([
    ...['-m', `${GUEST_MEMORY_MIB}`, '-accel', accelerator, '-nographic'],
    ...['-kernel', kernel, '-initrd', initrd, '-append', `console=ttyS0 ${kernelOptions}`.trim()],
    ...options,
  ]);
}

/** Waits for the initramfs to say that it is up, and for its shell. */
export async function reachShell(
  session: GuestSession,
  limitMs: number,
): Promise<{ machine: string; release: string }> {
  const [, machine = '', release = ''] = await session.waitFor(/GUEST-BOOT-OK (\S+) (\S+)/, limitMs);
  await session.waitFor(SHELL_PROMPT, limitMs);
  return { machine, release };
}
