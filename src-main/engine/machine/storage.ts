// The board's storage controllers with the machine's drives on them.

import type { PortSpace } from '../bus/port-space.ts';
import type { DeviceContext } from '../devices/device.ts';
import type { DmaChannel } from '../devices/dma8237.ts';
import { FloppyController } from '../devices/floppy/floppy-controller.ts';
import { driveType } from '../devices/floppy/geometry.ts';
import { IdeController, type IdeDrive } from '../devices/ide/ide-controller.ts';
import { ISA_BRIDGE_DEVICE } from '../firmware/platform.ts';
import type { InstalledDrive } from './drives.ts';

export function ideController(context: DeviceContext, drives: readonly InstalledDrive[], ports: PortSpace, decodeAtReset: boolean): IdeController {
  return new IdeController(context, { slot: ISA_BRIDGE_DEVICE, drives: drives.flatMap(ideDrive), decodeAtReset, ports });
}

function ideDrive({ options, drive }: InstalledDrive): IdeDrive[] {
  const { attachment, model, serial } = options;
  if (attachment.bus !== 'ide') return [];
  const identity = { ...(model === undefined ? {} : { model }), ...(serial === undefined ? {} : { serial }) };
  return [{ channel: attachment.channel, unit: attachment.unit, drive, identity }];
}

export function floppyController(context: DeviceContext, drives: readonly InstalledDrive[], dma: DmaChannel): FloppyController {
  return new FloppyController(context, { drives: floppyDrives(drives).map((found) => found?.drive), dma });
}

/** Types of drives A and B, 0 where there is none. */
export function floppyTypes(drives: readonly InstalledDrive[]): readonly [number, number] {
  const [a, b] = floppyDrives(drives).map((found) => (found === undefined ? 0 : driveType(found.drive.medium?.bytes)));
  return [a ?? 0, b ?? 0];
}

function floppyDrives(drives: readonly InstalledDrive[]): (InstalledDrive | undefined)[] {
  return [0, 1].map((unit) => drives.find(({ options: { attachment } }) => attachment.bus === 'floppy' && attachment.unit === unit));
}
