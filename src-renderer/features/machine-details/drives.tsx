// The drives of a machine and what is in them; CDs and floppies change here, running or not.

import { CircleArrowOutUpRight, Disc3, FolderOpen, HardDrive, Save } from 'lucide-react';
import { useId } from 'react';
import type { DriveConfig } from '../../../shared/machine/config.ts';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
import { IconButton } from '../../components/button.tsx';
import { t } from '../../i18n/strings.ts';
import { pickFile } from '../../state/files.ts';
import { isAllowed } from '../../../shared/machine/lifecycle.ts';
import { changeMedium } from '../../state/machine-actions.ts';
import { notifyFailure } from '../../state/notices.ts';

const ICONS = { disk: HardDrive, cdrom: Disc3, floppy: Save };

export function Drives({ machine }: { readonly machine: ReadyMachine }) {
  const note = useId();
  const isFixed = !isAllowed('changeMedium', machine.state);
  const hasMedia = machine.config.drives.some(({ kind }) => kind !== 'disk');
  return (
    <section className="card" aria-labelledby="drives-title">
      <h2 id="drives-title">{t.overview.drives}</h2>
      <ul className="drives">
        {machine.config.drives.map((drive) => (
          <Drive key={drive.id} machineId={machine.id} drive={drive} isFixed={isFixed} note={note} />
        ))}
      </ul>
      {hasMedia && isFixed && (
        <p id={note} className="hint">
          {machine.state === 'saved' ? t.overview.mediaOfState : t.overview.mediaWait}
        </p>
      )}
    </section>
  );
}

interface DriveProps {
  readonly machineId: string;
  readonly drive: DriveConfig;
  /** Its medium stays for now; the note says why. */
  readonly isFixed: boolean;
  readonly note: string;
}

function Drive({ machineId, drive, isFixed, note }: DriveProps) {
  const { id, kind, bus, path } = drive;
  const Icon = ICONS[kind];
  const change = async () => {
    try {
      const chosen = await pickFile(kind, path);
      if (chosen !== null) await changeMedium(machineId, id, chosen);
    } catch (error) {
      notifyFailure(error, machineId);
    }
  };
  return (
    <li className="drive">
      <Icon aria-hidden />
      <span className="drive-text">
        <span>
          {t.overview.driveKinds[kind]} <span className="quiet">{t.overview.buses[bus]}</span>
        </span>
        <span className="drive-path" title={path ?? undefined}>
          {path === null ? <span className="quiet">{t.overview.empty}</span> : <bdi>{fileName(path)}</bdi>}
        </span>
      </span>
      {kind !== 'disk' && (
        <>
          <IconButton icon={FolderOpen} label={t.overview.changeMedium(id)} isDisabled={isFixed} note={note} onPress={() => void change()} />
          {path !== null && (
            <IconButton
              icon={CircleArrowOutUpRight}
              label={t.overview.eject(id)}
              isDisabled={isFixed}
              note={note}
              onPress={() => void changeMedium(machineId, id, null)}
            />
          )}
        </>
      )}
    </li>
  );
}

function fileName(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}
