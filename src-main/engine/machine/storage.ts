// The board's storage controllers with the machine's drives on them.

import type { PortSpace } from '../bus/port-space.ts';
import type { DeviceContext } from '../devices/device.ts';
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
