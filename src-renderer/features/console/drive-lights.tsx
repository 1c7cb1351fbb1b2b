// Lights of the drives in the status line: what is in them, whether they are busy, and for those with changeable media
// a menu. State is told by shape and words as well as by colour.

import { Disc3, HardDrive, Save } from 'lucide-react';
import { useStore } from 'zustand';
import type { DriveConfig } from '../../../shared/machine/config.ts';
import type { DriveCounters, ReadyMachine } from '../../../shared/machine/view.ts';
import { formatBytes } from '../../../shared/units/bytes.ts';
import { MenuButton, MenuItem } from '../../components/menu.tsx';
import { t } from '../../i18n/strings.ts';
import { pickFile } from '../../state/files.ts';
import { changeMedium } from '../../state/machine-actions.ts';
import { notifyFailure } from '../../state/notices.ts';
import type { ConsoleSession } from './console-session.ts';

const ICONS = { disk: HardDrive, cdrom: Disc3, floppy: Save };

interface DriveLightsProps {
  readonly machine: ReadyMachine;
  readonly session: ConsoleSession;
  readonly counters: readonly DriveCounters[];
}

export function DriveLights({ machine, session, counters }: DriveLightsProps) {
  const activity = useStore(session.state, (now) => now.activity);
  return machine.config.drives.map((drive, index) => (
    <DriveLight
      key={drive.id}
      machineId={machine.id}
      drive={drive}
      doing={activity.get(index) ?? 'idle'}
      counters={counters.find(({ id }) => id === drive.id)}
    />
  ));
}

interface DriveLightProps {
  readonly machineId: string;
  readonly drive: DriveConfig;
  readonly doing: keyof typeof t.console.driveStates;
  readonly counters: DriveCounters | undefined;
}

function DriveLight({ machineId, drive, doing, counters }: DriveLightProps) {
  const { id, kind, path } = drive;
  const Icon = ICONS[kind];
  const label = t.console.driveLight(
    `${t.overview.driveKinds[kind]} ${id}`,
    path === null ? t.console.noMedium : (path.split(/[/\\]/).at(-1) ?? path),
  );
  const totals = counters && t.console.driveTotals(formatBytes(counters.readBytes), formatBytes(counters.writtenBytes));
  const hint = `${label} (${t.console.driveStates[doing]})${totals ? `. ${totals}` : ''}`;
  if (kind === 'disk')
    return (
      <span className="drive-light" role="img" aria-label={hint} title={hint} data-doing={doing}>
        <Icon aria-hidden />
      </span>
    );
  const insert = async () => {
    try {
      const chosen = await pickFile(kind, path);
      if (chosen !== null) await changeMedium(machineId, id, chosen);
    } catch (error) {
      notifyFailure(error, machineId);
    }
  };
  return (
    <span className="drive-light" data-doing={doing} data-empty={path === null || undefined}>
      <MenuButton icon={Icon} label={label} hint={hint} className="light-button">
        <MenuItem onAction={() => void insert()}>{t.console.insertMedium}</MenuItem>
        <MenuItem isDisabled={path === null} onAction={() => void changeMedium(machineId, id, null)}>
          {t.console.ejectMedium}
        </MenuItem>
      </MenuButton>
    </span>
  );
}
