// The firmware's part of a direct start on this machine: tables and files into RAM, then the CPU to the kernel's
// entry point.

import { enterGuest } from '../firmware/enter.ts';
import { videoModeOf } from '../firmware/linux/video-mode.ts';
import { kernelKind, startKernel } from '../firmware/start.ts';
import type { CpuContext } from '../x86/helpers/cpu-context.ts';
import type { GuestRam } from './guest-ram.ts';
import type { BootOptions, MachineOptions } from './options.ts';
import type { Pc } from './pc.ts';
import { platformOf } from './platform.ts';

export function bootKernel(options: MachineOptions, boot: BootOptions, cpu: CpuContext, ram: GuestRam, board: Pc): void {
  board.programAsFirmware();
  const videoMode = kernelKind(boot.kernel.bytes) === 'linux' ? videoModeOf(boot.commandLine) : undefined;
  const platform = platformOf(options, cpu);
  const entry = startKernel({
    ...platform,
    kernel: boot.kernel,
    modules: boot.modules,
    commandLine: boot.commandLine,
    textScreen: options.videoMemoryBytes > 0,
    linearScreen: videoMode && board.setLinearMode(videoMode),
    cpu: { ...platform.cpu, longMode: cpu.model.features.has('lm') },
  }, ram);
  enterGuest(cpu, entry);
}
