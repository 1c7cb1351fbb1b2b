// The cards that options put into PCI slots: virtio disks, the entropy device, AHCI controllers. Where each goes is decided here; the
// chipset and the display stand in `pc.ts`.

import { AHCI_PORTS, AhciController } from '../devices/ahci/ahci-controller.ts';
import type { Device, DeviceContext } from '../devices/device.ts';
import { unitFor } from '../devices/ide/ide-controller.ts';
import type { MessageSink } from '../devices/pci/msi.ts';
import type { PciFunction } from '../devices/pci/pci-function.ts';
import { BLOCK_QUEUES, VirtioBlock } from '../devices/virtio/virtio-block.ts';
import { VirtioEntropy } from '../devices/virtio/virtio-entropy.ts';
import { VirtioPci } from '../devices/virtio/virtio-pci.ts';
import { AHCI_DEVICE, ENTROPY_DEVICE, VIRTIO_DISK_DEVICE, VIRTIO_DISK_DEVICES } from '../firmware/platform.ts';
import type { InstalledDrive } from './drives.ts';
import type { MachineOptions } from './options.ts';

export interface PciPlace {
  readonly slot: number;
  readonly function: number;
}

export interface CardParts {
  readonly options: MachineOptions;
  readonly drives: readonly InstalledDrive[];
  readonly messages: MessageSink;
  readonly random: (bytes: number) => Uint8Array;
  /** For a device whose pin 'inta' is that of a place. */
  context(id: string, place: PciPlace): DeviceContext;
}

export interface PciCard {
  readonly device: Device;
  readonly pci: PciFunction;
}

const FUNCTIONS = 8;

export function createPciCards(parts: CardParts): PciCard[] {
  return [...virtioDisks(parts), ...entropy(parts), ...ahciControllers(parts)];
}

function virtioDisks({ drives, messages, context }: CardParts): PciCard[] {
  const disks = drives.filter(({ options }) => options.attachment.bus === 'virtio');
  const crowded = disks.length > VIRTIO_DISK_DEVICES;
  return disks
    .map(({ drive, options }, index) => {
      // Systems name disks in the order of their places.
      const place: PciPlace = crowded
        ? { slot: VIRTIO_DISK_DEVICE + Math.floor(index / FUNCTIONS), function: index % FUNCTIONS }
        : { slot: VIRTIO_DISK_DEVICE + index, function: 0 };
      const id = `virtio-blk${index}`;
      const own = context(id, place);
      return new VirtioPci(own, {
        id,
        ...place,
        messages,
        queues: BLOCK_QUEUES,
        kind: (transport) => new VirtioBlock(transport, own.dma, { drive, serial: options.serial ?? '' }),
      });
    })
    .map((device) => ({ device, pci: device.pci }));
}

function entropy({ options, messages, random, context }: CardParts): PciCard[] {
  if (options.entropy !== true) return [];
  const place = { slot: ENTROPY_DEVICE, function: 0 };
  const own = context('virtio-rng', place);
  const device = new VirtioPci(own, {
    id: 'virtio-rng',
    ...place,
    messages,
    queues: 1,
    kind: (transport) => new VirtioEntropy(transport, own.dma, random),
  });
  return [{ device, pci: device.pci }];
}

/** Six places a controller; a controller without drives is left out. */
function ahciControllers({ drives, messages, context }: CardParts): PciCard[] {
  const ports: { readonly drive: InstalledDrive['drive']; readonly unit: ReturnType<typeof unitFor> }[][] = [];
  for (const { options, drive } of drives) {
    const { attachment, model, serial } = options;
    if (attachment.bus !== 'ahci') continue;
    const identity = { ...(model === undefined ? {} : { model }), ...(serial === undefined ? {} : { serial }) };
    const controller = Math.floor(attachment.index / AHCI_PORTS);
    ports[controller] ??= [];
    ports[controller][attachment.index % AHCI_PORTS] = { drive, unit: unitFor({ drive, identity }, attachment.index) };
  }
  return ports.flatMap((connected, controller) => {
    const place = { slot: AHCI_DEVICE + controller, function: 0 };
    const id = `ahci${controller}`;
    const device = new AhciController(context(id, place), { id, slot: place.slot, messages, drives: connected });
    return [{ device, pci: device.pci }];
  });
}
