// The firmware's part of a direct start on this machine: tables and files into RAM, then the CPU to the kernel's
// entry point.

import { enterGuest } from '../firmware/enter.ts';
import { videoModeOf } from '../firmware/linux/video-mode.ts';
import { kernelKind, startKernel } from '../firmware/start.ts';
import type { CpuContext } from '../x86/helpers/cpu-context.ts';
import { FEATURE_BITS, featureWord } from '../x86/helpers/identification.ts';
import { cpuSignature } from '../x86/state/reset.ts';
import type { GuestRam } from './guest-ram.ts';
import type { BootOptions, MachineOptions } from './options.ts';
import type { Pc } from './pc.ts';

export function bootKernel(options: MachineOptions, boot: BootOptions, cpu: CpuContext, ram: GuestRam, board: Pc): void {
  board.programAsFirmware();
  const videoMode = kernelKind(boot.kernel.bytes) === 'linux' ? videoModeOf(boot.commandLine) : undefined;
  const entry = startKernel({
    kernel: boot.kernel,
    modules: boot.modules,
    commandLine: boot.commandLine,
    ramBytes: options.memoryBytes,
    processors: 1,
    serialPorts: options.serialPorts,
    textScreen: options.videoMemoryBytes > 0,
    linearScreen: videoMode && board.setLinearMode(videoMode),
    cpu: {
      brand: cpu.model.brand,
      signature: cpuSignature(cpu),
      features: featureWord(cpu.model, FEATURE_BITS.leaf1Edx),
      longMode: cpu.model.features.has('lm'),
    },
    uuid: MACHINE_UUID,
  }, ram);
  enterGuest(cpu, entry);
}

/** Until machines carry an identity of their own. */
const MACHINE_UUID = Uint8Array.from([0x62, 0x6f, 0x78, 0x77, 0x72, 0x69, 0x47, 0x68, 0x80, 0x74, 0, 0, 0, 0, 0, 1]);
