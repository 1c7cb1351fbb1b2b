// The controllers of a machine and the drives on them, as a tree: by arrow keys, Enter for another medium, Delete to
// take a drive or a controller away.

import { ChevronRight, CircleArrowOutUpRight, CircuitBoard, Disc3, FolderOpen, HardDrive, Plus, Save, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { Button, Tree, TreeItem, TreeItemContent } from 'react-aria-components';
import { BUS_KINDS, type DriveBus, type DriveConfig, type DriveKind } from '../../../shared/machine/config.ts';
import { freeSlot } from '../../../shared/machine/new-drive.ts';
import { IconButton } from '../../components/button.tsx';
import { FieldMessages } from '../../components/fields.tsx';
import { MenuButton, MenuItem } from '../../components/menu.tsx';
import { t } from '../../i18n/strings.ts';
import { busKey, type StorageEditing } from './storage-editing.ts';

const ICONS = { disk: HardDrive, cdrom: Disc3, floppy: Save };

export function StorageTree({ storage }: { readonly storage: StorageEditing }) {
  const { controllers, chosen } = storage;
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const keys = controllers.map(({ bus }) => busKey(bus));
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the tree inside has the focus; this only hears of it
    <div onKeyDown={(event) => event.key === 'Delete' && chosen !== null && storage.remove(chosen)}>
      <Tree
        aria-label={t.settings.sections.storage}
        className="storage-tree"
        selectionMode="single"
        selectionBehavior="replace"
        disallowEmptySelection
        selectedKeys={chosen === null ? [] : [chosen]}
        onSelectionChange={(keys) => keys !== 'all' && storage.choose(String([...keys][0] ?? ''))}
        expandedKeys={keys.filter((key) => !folded.has(key))}
        onExpandedChange={(open) => setFolded(new Set(keys.filter((key) => !open.has(key))))}
      >
        {controllers.map(({ bus, drives }) => (
          <ControllerRow key={bus} bus={bus} drives={drives} storage={storage} />
        ))}
      </Tree>
    </div>
  );
}

interface ControllerRowProps {
  readonly bus: DriveBus;
  readonly drives: readonly DriveConfig[];
  readonly storage: StorageEditing;
}

function ControllerRow({ bus, drives, storage }: ControllerRowProps) {
  const name = t.settings.buses[bus];
  return (
    <TreeItem id={busKey(bus)} textValue={name} className="storage-row">
      <TreeItemContent>
        <Button slot="chevron" className="group-chevron" aria-label={t.settings.showDrives(name)}>
          <ChevronRight aria-hidden />
        </Button>
        <CircuitBoard aria-hidden />
        <span className="storage-row-text">
          {name} {drives.length === 0 && <span className="quiet">{t.settings.noDrivesHere}</span>}
        </span>
        {!storage.isLocked && (
          <>
            <AddMenu bus={bus} storage={storage} />
            <IconButton icon={Trash2} label={t.settings.removeController(name)} onPress={() => storage.remove(busKey(bus))} />
          </>
        )}
      </TreeItemContent>
      {drives.map((drive) => (
        <DriveRow key={drive.id} drive={drive} storage={storage} />
      ))}
    </TreeItem>
  );
}

function AddMenu({ bus, storage }: { readonly bus: DriveBus; readonly storage: StorageEditing }) {
  const takes = (kind: DriveKind) => BUS_KINDS[bus].includes(kind);
  const isFull = freeSlot(storage.drives, bus) === undefined;
  return (
    <MenuButton icon={Plus} label={t.settings.addTo(t.settings.buses[bus])}>
      {takes('disk') && (
        <MenuItem icon={HardDrive} isDisabled={isFull} onAction={() => storage.addNewDisk(bus)}>
          {t.settings.addNewDisk}
        </MenuItem>
      )}
      {takes('disk') && (
        <MenuItem icon={FolderOpen} isDisabled={isFull} onAction={() => void storage.addImage(bus)}>
          {t.settings.addImage}
        </MenuItem>
      )}
      {takes('cdrom') && (
        <MenuItem icon={Disc3} isDisabled={isFull} onAction={() => storage.addEmpty(bus, 'cdrom')}>
          {t.settings.addCd}
        </MenuItem>
      )}
      {takes('floppy') && (
        <MenuItem icon={Save} isDisabled={isFull} onAction={() => storage.addEmpty(bus, 'floppy')}>
          {t.settings.addFloppy}
        </MenuItem>
      )}
    </MenuButton>
  );
}

function DriveRow({ drive, storage }: { readonly drive: DriveConfig; readonly storage: StorageEditing }) {
  const { id, kind, path } = drive;
  const Icon = ICONS[kind];
  const name = `${t.overview.driveKinds[kind]} ${id}`;
  const mayChange = storage.mayChangeMedium(drive);
  return (
    <TreeItem id={id} textValue={name} className="storage-row" {...(mayChange ? { onAction: () => void storage.chooseMedium(drive) } : {})}>
      <TreeItemContent>
        <Icon aria-hidden />
        <span className="storage-row-text">
          <span>
            {t.overview.driveKinds[kind]} <code className="quiet">{id}</code>
          </span>
          <span className="drive-path monospaced" title={path ?? undefined}>
            {storage.newDisk(id) ? t.settings.willBeMade(path ?? '') : path === null ? t.overview.empty : <bdi>{path}</bdi>}
          </span>
          <FieldMessages messages={storage.issuesOf(id)} />
        </span>
        {mayChange && <IconButton icon={FolderOpen} label={t.overview.changeMedium(id)} onPress={() => void storage.chooseMedium(drive)} />}
        {mayChange && kind !== 'disk' && path !== null && (
          <IconButton icon={CircleArrowOutUpRight} label={t.overview.eject(id)} onPress={() => storage.eject(drive)} />
        )}
        {!storage.isLocked && <IconButton icon={Trash2} label={t.settings.removeDrive(id)} onPress={() => storage.remove(id)} />}
      </TreeItemContent>
    </TreeItem>
  );
}
