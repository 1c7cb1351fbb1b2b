// Where another drive of a machine goes: its id, its bus and its place there.

import {
  BUS_KINDS,
  BUS_SLOTS,
  DRIVE_BUSES,
  type DriveBus,
  type DriveConfig,
  type DriveKind,
  type MachineSettings,
} from './config.ts';

/** undefined: all places are taken. */
export function newDrive(
  drives: MachineSettings['drives'],
  kind: DriveKind,
  path: string | null,
  format: DriveConfig['format'],
): DriveConfig | undefined {
  const place = placeFor(drives, kind);
  return place && { id: freeDriveId(drives, kind), kind, ...place, path, format, readOnly: kind === 'cdrom' };
}

/** Disks take the bus of the disk that is there; IDE first otherwise. */
function placeFor(drives: MachineSettings['drives'], kind: DriveKind): { bus: DriveBus; slot: number } | undefined {
  const used = drives.find((drive) => drive.kind === kind)?.bus;
  const buses = [...(used === undefined ? [] : [used]), ...DRIVE_BUSES].filter((bus) => BUS_KINDS[bus].includes(kind));
  for (const bus of buses) {
    const slot = freeSlot(drives, bus);
    if (slot !== undefined) return { bus, slot };
  }
  return undefined;
}

export function freeDriveId(drives: MachineSettings['drives'], kind: DriveKind): string {
  const stem = kind === 'cdrom' ? 'cd' : kind;
  for (let number = 0; ; number++) if (!drives.some(({ id }) => id === `${stem}${number}`)) return `${stem}${number}`;
}

/** First free place of a bus. */
export function freeSlot(drives: MachineSettings['drives'], bus: keyof typeof BUS_SLOTS): number | undefined {
  const taken = new Set(drives.filter((drive) => drive.bus === bus).map(({ slot }) => slot));
  return Array.from({ length: BUS_SLOTS[bus] }, (_, slot) => slot).find((slot) => !taken.has(slot));
}
