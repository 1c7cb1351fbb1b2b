// The drives: the tree of controllers and drives, what can be said of the chosen drive, and another controller.

import { CircuitBoard, Plus } from 'lucide-react';
import { useId } from 'react';
import { BUS_KINDS, BUS_SLOTS, DRIVE_BUSES, type DriveConfig, NEW_DISK_FORMATS } from '../../../shared/machine/config.ts';
import type { MachineState } from '../../../shared/machine/lifecycle.ts';
import { freeSlot } from '../../../shared/machine/new-drive.ts';
import { GIB } from '../../../shared/units/bytes.ts';
import { Select } from '../../components/choice.tsx';
import { MenuButton, MenuItem } from '../../components/menu.tsx';
import { t } from '../../i18n/strings.ts';
import type { Editing } from './editing.ts';
import { type StorageEditing, useStorage } from './storage-editing.ts';
import { StorageTree } from './storage-tree.tsx';

interface StorageProps {
  readonly machineId: string;
  readonly state: MachineState;
  readonly editing: Editing;
}

export function Storage({ machineId, state, editing }: StorageProps) {
  const storage = useStorage(machineId, state, editing);
  const { controllers, otherControllers, drives, chosen, isLocked } = storage;
  const drive = drives.find(({ id }) => id === chosen);
  return (
    <div className="storage">
      {controllers.length === 0 ? <p className="quiet">{t.settings.noDrives}</p> : <StorageTree storage={storage} />}
      {isLocked && controllers.length > 0 && <p className="chip">{t.settings.drivesWhenOff}</p>}
      {!isLocked && otherControllers.length > 0 && (
        <MenuButton icon={Plus} label={t.settings.addController} text={t.settings.addController}>
          {otherControllers.map((bus) => (
            <MenuItem key={bus} icon={CircuitBoard} onAction={() => storage.addController(bus)}>
              {t.settings.buses[bus]}
            </MenuItem>
          ))}
        </MenuButton>
      )}
      {drive && <DriveDetails key={drive.id} drive={drive} storage={storage} />}
    </div>
  );
}

/** Where the drive is connected and how it is used. */
function DriveDetails({ drive, storage }: { readonly drive: DriveConfig; readonly storage: StorageEditing }) {
  const [bus, slot, size, format] = [useId(), useId(), useId(), useId()];
  const { isLocked, drives } = storage;
  const { id } = drive;
  const others = drives.filter((other) => other.id !== id);
  const buses = DRIVE_BUSES.filter((name) => BUS_KINDS[name].includes(drive.kind) && freeSlot(others, name) !== undefined);
  const taken = new Set(others.filter((other) => other.bus === drive.bus).map((other) => other.slot));
  const slots = Array.from({ length: BUS_SLOTS[drive.bus] }, (_, at) => at).filter((at) => !taken.has(at));
  const made = storage.newDisk(id);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a grid in every browser
    <div className="drive-details" role="group" aria-label={t.settings.detailsOf(id)}>
      <label htmlFor={bus}>{t.settings.controller}</label>
      <Select
        id={bus}
        value={drive.bus}
        options={buses.map((name) => [name, t.settings.buses[name]] as const)}
        isDisabled={isLocked || buses.length < 2}
        onChange={(next) => storage.change(id, { bus: next, slot: freeSlot(others, next) ?? 0 })}
      />
      <label htmlFor={slot}>{t.settings.place}</label>
      <Select
        id={slot}
        value={String(drive.slot)}
        options={slots.map((at) => [String(at), t.settings.places[drive.bus](at)] as const)}
        isDisabled={isLocked || slots.length < 2}
        onChange={(next) => storage.change(id, { slot: Number(next) })}
      />
      {made && (
        <>
          <label htmlFor={size}>{t.create.diskSize}</label>
          <span className="with-unit">
            <input
              id={size}
              className="input"
              type="number"
              min={1}
              max={2048}
              value={made.bytes / GIB}
              onChange={({ target }) => target.valueAsNumber >= 1 && storage.changeNewDisk(id, made.format, Math.round(target.valueAsNumber))}
            />
            GiB
          </span>
          <label htmlFor={format}>{t.create.diskFormat}</label>
          <Select
            id={format}
            value={made.format}
            options={NEW_DISK_FORMATS.map((name) => [name, t.create.diskFormats[name]] as const)}
            onChange={(next) => storage.changeNewDisk(id, next, made.bytes / GIB)}
          />
        </>
      )}
      {drive.kind !== 'cdrom' && (
        <label className="inline-check">
          <input
            type="checkbox"
            disabled={isLocked}
            checked={drive.readOnly}
            onChange={({ target }) => storage.change(id, { readOnly: target.checked })}
          />
          {t.settings.readOnly}
        </label>
      )}
    </div>
  );
}
