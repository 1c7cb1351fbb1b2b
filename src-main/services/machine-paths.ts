// Paths of a machine's settings: relative ones begin at its folder, so that the folder can be moved as a whole.

import { resolve } from 'node:path';
import type { MachineConfig } from '../../shared/machine/config.ts';

/** As its process gets them: where a machine's folder is, it need not know. */
export function withAbsolutePaths(config: MachineConfig, folder: string): MachineConfig {
  const absolute = (path: string | null) => (path === null ? null : resolve(folder, path));
  const { kernel, initrd } = config.boot;
  return {
    ...config,
    boot: { ...config.boot, kernel: absolute(kernel), initrd: absolute(initrd) },
    drives: config.drives.map((drive) => ({ ...drive, path: absolute(drive.path) })),
  };
}
