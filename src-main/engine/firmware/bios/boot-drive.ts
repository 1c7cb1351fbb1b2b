// A drive as the BIOS sees it: what can be read, what it is called and where it stands. Which controller serves it
// otherwise is of no interest here: the BIOS asks the drive itself.

import type { Drive } from '../../block/drive.ts';

export interface BootDrive {
  readonly drive: Drive;
  readonly kind: Drive['kind'];
  /** For the boot menu and messages. */
  readonly name: string;
  readonly bus: 'ide' | 'floppy' | 'ahci' | 'virtio' | 'none';
  /** IDE channel; 0 for others. */
  readonly channel: number;
  /** IDE: 0 master, 1 slave. Others: place among their kind. */
  readonly unit: number;
  /** Lowest first, before what the boot order names. */
  readonly bootIndex?: number | undefined;
}
