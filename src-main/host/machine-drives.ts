// The drives of a machine's settings as the ones the machine is built with, their images opened.

import type { DriveConfig, MachineConfig } from '../../shared/machine/config.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { BlockError, type BlockNode, type ImageNode } from '../engine/block/index.ts';
import type { DriveAttachment } from '../engine/machine/options.ts';
import type { DriveImage } from './drive-server.ts';
import { saidBy } from './image-failure.ts';
import { type DriveSpec, type OpenedDrives, openDriveImage, openDrives, openLayers } from './open-drives.ts';


/** Throws `FailureError`, in words that name the image; nothing stays open then. `folders`: as in open-drives.ts. */
export function openMachineDrives(config: MachineConfig, folders?: readonly string[]): Promise<OpenedDrives> {
  return inWords(() => openDrives(config.drives.map(specOf), folders));
}

/** Also for a medium that is changed while the machine runs, or a layer on top of an image that is open. */
export function openMedium(drive: DriveConfig & { path: string }, folders?: readonly string[], behind?: BlockNode): Promise<DriveImage> {
  return inWords(() => openDriveImage(specOf(drive), drive.path, folders, behind));
}

/** As `openMedium`, with the image `writeTo` of its chain open for writing too. Throws `BlockError`. */
export function openMediumLayers(drive: DriveConfig & { path: string }, folders: readonly string[] | undefined, writeTo: string): Promise<ImageNode> {
  return openLayers(specOf(drive), drive.path, folders, { writeTo });
}

function specOf({ id, kind, bus, slot, path, format, readOnly, allowReferences }: DriveConfig): DriveSpec {
  return {
    id,
    kind,
    attachment: attachmentOf(bus, slot),
    path: path ?? undefined,
    format: format ?? undefined,
    readOnly,
    snapshot: false,
    cache: 'writeback',
    anyReference: allowReferences ?? false,
  };
}

function attachmentOf(bus: DriveConfig['bus'], slot: number): DriveAttachment {
  const odd = slot & 1 ? 1 : 0;
  switch (bus) {
    case 'ide':
      return { bus, channel: slot & 2 ? 1 : 0, unit: odd };
    case 'floppy':
      return { bus, unit: odd };
    case 'ahci':
    case 'virtio':
      return { bus, index: slot };
  }
}

async function inWords<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof BlockError)) throw error;
    throw new FailureError('machine.startFailed', saidBy(error), { reason: error.code });
  }
}
