// What the storage page does: controllers and drives of the draft, the one that is chosen, and media that change at once
// while the machine runs.

import { useState } from 'react';
import {
  BUS_KINDS, DISK_ENDINGS, DRIVE_BUSES, type DriveBus, type DriveConfig, type DriveKind, type MachineSettings, NEW_DISK_FORMATS, type NewDisk, type NewDiskFormat,
} from '../../../shared/machine/config.ts';
import { isAllowed, type MachineState } from '../../../shared/machine/lifecycle.ts';
import { freeDriveId, freeSlot } from '../../../shared/machine/new-drive.ts';
import { GIB } from '../../../shared/units/bytes.ts';
import { pickFile } from '../../state/files.ts';
import { changeMedium } from '../../state/machine-actions.ts';
import { notifyFailure } from '../../state/notices.ts';
import type { Editing } from './editing.ts';

const DEFAULT_DISK_GIB = 8;

export interface StorageEditing {
  readonly drives: MachineSettings['drives'];
  readonly isLocked: boolean;
  readonly controllers: readonly { readonly bus: DriveBus; readonly drives: readonly DriveConfig[] }[];
  /** Those that the machine does not have yet. */
  readonly otherControllers: readonly DriveBus[];
  /** A drive's id or a controller's key. */
  readonly chosen: string | null;
  choose(key: string): void;
  addController(bus: DriveBus): void;
  addNewDisk(bus: DriveBus): void;
  addImage(bus: DriveBus): Promise<void>;
  addEmpty(bus: DriveBus, kind: DriveKind): void;
  change(id: string, patch: Partial<DriveConfig>): void;
  /** A controller goes with its drives. */
  remove(key: string): void;
  mayChangeMedium(drive: DriveConfig): boolean;
  chooseMedium(drive: DriveConfig): Promise<void>;
  eject(drive: DriveConfig): void;
  /** One that is made by Save. */
  newDisk(id: string): NewDisk | undefined;
  changeNewDisk(id: string, format: NewDiskFormat, gib: number): void;
  issuesOf(id: string): Editing['issues'];
}

/** No drive's id has a colon. */
export function busKey(bus: DriveBus): string {
  return `bus:${bus}`;
}

export function useStorage(machineId: string, state: MachineState, editing: Editing): StorageEditing {
  const [wanted, setWanted] = useState<string | null>(null);
  // A controller exists by its drives; an empty one stands in the draft only.
  const [added, setAdded] = useState<readonly DriveBus[]>([]);
  const { settings, isLocked, newDisks, issues } = editing;
  const { drives } = settings;
  const shown = DRIVE_BUSES.filter((bus) => added.includes(bus) || drives.some((drive) => drive.bus === bus));
  const keys = [...shown.map(busKey), ...drives.map(({ id }) => id)];
  const put = (next: readonly DriveConfig[]) => editing.change({ drives: [...next] });

  const add = (bus: DriveBus, kind: DriveKind, medium: Pick<DriveConfig, 'path' | 'format'>): string | undefined => {
    const slot = freeSlot(drives, bus);
    if (slot === undefined || !BUS_KINDS[bus].includes(kind)) return undefined;
    const id = freeDriveId(drives, kind);
    put([...drives, { id, kind, bus, slot, ...medium, readOnly: kind === 'cdrom' }]);
    setWanted(id);
    return id;
  };
  const change = (id: string, patch: Partial<DriveConfig>) => put(drives.map((drive) => (drive.id === id ? { ...drive, ...patch } : drive)));
  const pick = async (kind: DriveKind, near: string | null, use: (path: string) => unknown) => {
    try {
      const path = await pickFile(kind, near);
      if (path !== null) await use(path);
    } catch (error) {
      notifyFailure(error, machineId);
    }
  };
  const disk = (id: string) => newDisks.find(({ drive }) => drive === id);

  return {
    drives,
    isLocked,
    controllers: shown.map((bus) => ({ bus, drives: drives.filter((drive) => drive.bus === bus) })),
    otherControllers: DRIVE_BUSES.filter((bus) => !shown.includes(bus)),
    chosen: wanted !== null && keys.includes(wanted) ? wanted : null,
    choose: setWanted,
    addController(bus) {
      setAdded((all) => [...all, bus]);
      setWanted(busKey(bus));
    },
    addNewDisk(bus) {
      const [format] = NEW_DISK_FORMATS;
      const name = `${freeDriveId(drives, 'disk')}-${Date.now().toString(36)}.${DISK_ENDINGS[format]}`;
      const id = add(bus, 'disk', { path: name, format });
      if (id !== undefined) editing.putNewDisk({ drive: id, format, bytes: DEFAULT_DISK_GIB * GIB });
    },
    addImage: (bus) => pick('disk', null, (path) => add(bus, 'disk', { path, format: null })),
    addEmpty: (bus, kind) => void add(bus, kind, { path: null, format: null }),
    change,
    remove(key) {
      if (isLocked) return;
      setAdded((all) => all.filter((bus) => busKey(bus) !== key));
      put(drives.filter(({ id, bus }) => id !== key && busKey(bus) !== key));
    },
    mayChangeMedium: ({ id, kind }) => (isLocked ? kind !== 'disk' && isAllowed('changeMedium', state) : disk(id) === undefined),
    chooseMedium: ({ id, kind, path }) =>
      pick(kind, path, (chosen) => (isLocked ? changeMedium(machineId, id, chosen) : change(id, { path: chosen, format: null }))),
    eject: ({ id }) => (isLocked ? void changeMedium(machineId, id, null) : change(id, { path: null, format: null })),
    newDisk: disk,
    changeNewDisk(id, format, gib) {
      const path = drives.find((drive) => drive.id === id)?.path;
      if (path) change(id, { path: path.replace(/[^.]*$/, DISK_ENDINGS[format]), format });
      editing.putNewDisk({ drive: id, format, bytes: gib * GIB });
    },
    issuesOf(id) {
      const at = drives.findIndex((drive) => drive.id === id);
      return issues.filter(({ field }) => field.startsWith(`drives.${at}.`));
    },
  };
}
