// The drives: what is connected where, added and taken away.

import { CircleArrowOutUpRight, Disc3, FolderOpen, HardDrive, Plus, Save, Trash2 } from 'lucide-react';
import { useId, useState } from 'react';
import {
  BUS_KINDS,
  DRIVE_BUSES,
  type DriveConfig,
  type DriveKind,
} from '../../../shared/machine/config.ts';
import { GIB } from '../../../shared/units/bytes.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { FieldMessages } from '../../components/fields.tsx';
import { t } from '../../i18n/strings.ts';
import { pickFile } from '../../state/files.ts';
import { changeMedium } from '../../state/machine-actions.ts';
import { notifyFailure } from '../../state/notices.ts';
import type { Editing } from './editing.ts';
import { freeDriveId, freeSlot, newDrive } from '../../../shared/machine/new-drive.ts';
import { Select } from '../../components/setting.tsx';

const ICONS = { disk: HardDrive, cdrom: Disc3, floppy: Save };
const DEFAULT_DISK_GIB = 8;

export function Storage({ machineId, editing }: { readonly machineId: string; readonly editing: Editing }) {
  const { settings, isLocked } = editing;
  const change = (index: number, patch: Partial<DriveConfig> | null) => {
    const drives = settings.drives.flatMap((drive, at) =>
      at !== index ? [drive] : patch === null ? [] : [{ ...drive, ...patch }],
    );
    editing.change({ drives });
  };
  return (
    <>
      {settings.drives.length === 0 && <p className="quiet">{t.settings.noDrives}</p>}
      <ul className="drive-settings" aria-label={t.overview.drives}>
        {settings.drives.map((drive, index) => (
          <DriveSetting
            key={drive.id}
            machineId={machineId}
            drive={drive}
            editing={editing}
            messages={editing.issues.filter(({ field }) => field.startsWith(`drives.${index}.`))}
            isNew={editing.newDisks.some((disk) => disk.drive === drive.id)}
            onChange={(patch) => change(index, patch)}
          />
        ))}
      </ul>
      {!isLocked && <AddDrive editing={editing} />}
    </>
  );
}

interface DriveSettingProps {
  readonly machineId: string;
  readonly drive: DriveConfig;
  readonly editing: Editing;
  readonly messages: Editing['issues'];
  readonly isNew: boolean;
  readonly onChange: (patch: Partial<DriveConfig> | null) => void;
}

function DriveSetting({ machineId, drive, editing, messages, isNew, onChange }: DriveSettingProps) {
  const id = useId();
  const { kind, bus, path, readOnly } = drive;
  const { isLocked, settings } = editing;
  const Icon = ICONS[kind];
  const others = settings.drives.filter((other) => other.id !== drive.id);
  const buses = DRIVE_BUSES.filter((name) => BUS_KINDS[name].includes(kind) && freeSlot(others, name) !== undefined);
  // Media are changed at once while the machine runs, with the other settings when it is off.
  const isRemovable = kind !== 'disk' && !editing.isSaved;
  const eject = () => (isLocked ? void changeMedium(machineId, drive.id, null) : onChange({ path: null, format: null }));
  const choose = async () => {
    try {
      const chosen = await pickFile(kind, path);
      if (chosen === null) return;
      if (isLocked) await changeMedium(machineId, drive.id, chosen);
      else onChange({ path: chosen, format: null });
    } catch (error) {
      notifyFailure(error);
    }
  };
  return (
    <li className="drive-setting" aria-label={drive.id}>
      <Icon aria-hidden />
      <div className="drive-setting-main">
        <span>
          {t.overview.driveKinds[kind]} <code className="quiet">{drive.id}</code>
        </span>
        <span className="drive-path monospaced" title={path ?? undefined}>
          {isNew ? t.settings.willBeMade(path ?? '') : (path ?? t.overview.empty)}
        </span>
        <FieldMessages messages={messages} />
      </div>
      <Select
        id={id}
        label={t.settings.busOf(drive.id)}
        value={bus}
        options={buses.map((name) => [name, t.settings.buses[name]] as const)}
        isDisabled={isLocked || buses.length < 2}
        onChange={(next) => onChange({ bus: next, slot: freeSlot(others, next) ?? 0 })}
      />
      {kind !== 'cdrom' && (
        <label className="inline-check">
          <input
            type="checkbox"
            disabled={isLocked}
            checked={readOnly}
            onChange={({ target }) => onChange({ readOnly: target.checked })}
          />
          {t.settings.readOnly}
        </label>
      )}
      {(!isLocked || isRemovable) && !isNew && (
        <IconButton icon={FolderOpen} label={t.overview.changeMedium(drive.id)} onPress={() => void choose()} />
      )}
      {isRemovable && path !== null && <IconButton icon={CircleArrowOutUpRight} label={t.overview.eject(drive.id)} onPress={eject} />}
      {!isLocked && <IconButton icon={Trash2} label={t.settings.removeDrive(drive.id)} onPress={() => onChange(null)} />}
    </li>
  );
}

function AddDrive({ editing }: { readonly editing: Editing }) {
  const [sizeGiB, setSizeGiB] = useState(DEFAULT_DISK_GIB);
  const { settings } = editing;
  const add = (kind: DriveKind, path: string | null, format: DriveConfig['format']) => {
    const drive = newDrive(settings.drives, kind, path, format);
    if (!drive) return;
    editing.change({ drives: [...settings.drives, drive] });
    return drive.id;
  };
  const addImage = async () => {
    try {
      const path = await pickFile('disk', null);
      if (path !== null) add('disk', path, null);
    } catch (error) {
      notifyFailure(error);
    }
  };
  const addNew = () => {
    const id = freeDriveId(settings.drives, 'disk');
    if (add('disk', `${id}-${Date.now().toString(36)}.qcow2`, 'qcow2') !== undefined)
      editing.addNewDisk({ drive: id, format: 'qcow2', bytes: sizeGiB * GIB });
  };
  const may = (kind: DriveKind) => newDrive(settings.drives, kind, null, null) !== undefined;
  return (
    <div className="add-drive">
      <Button icon={Plus} isDisabled={!may('disk')} onPress={() => void addImage()}>
        {t.settings.addImage}
      </Button>
      <span className="with-unit">
        <Button icon={Plus} isDisabled={!may('disk')} onPress={addNew}>
          {t.settings.addNewDisk}
        </Button>
        <input
          className="input"
          type="number"
          aria-label={t.create.diskSize}
          min={1}
          max={2048}
          value={sizeGiB}
          onChange={({ target }) => target.valueAsNumber >= 1 && setSizeGiB(Math.round(target.valueAsNumber))}
        />
        GiB
      </span>
      <Button icon={Plus} isDisabled={!may('cdrom')} onPress={() => void add('cdrom', null, null)}>
        {t.settings.addCd}
      </Button>
      <Button icon={Plus} isDisabled={!may('floppy')} onPress={() => void add('floppy', null, null)}>
        {t.settings.addFloppy}
      </Button>
    </div>
  );
}
