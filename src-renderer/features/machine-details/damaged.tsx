// A machine whose file cannot be used: what is wrong and where, the last good version, or what a newer file says.

import { FileWarning, History } from 'lucide-react';
import type { MachineSettings } from '../../../shared/machine/config.ts';
import { guestProfile } from '../../../shared/machine/guest-profiles.ts';
import type { DamagedMachine } from '../../../shared/machine/view.ts';
import { formatBytes, MIB } from '../../../shared/units/bytes.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { guestText, said, t } from '../../i18n/strings.ts';
import { repairMachine } from '../../state/machine-actions.ts';

export function Damaged({ machine }: { readonly machine: DamagedMachine }) {
  const { id, file, newer, previous } = machine;
  return (
    <EmptyState icon={FileWarning} title={newer ? t.machine.newerTitle : t.machine.damagedTitle} text={said(machine)}>
      <p>
        {t.machine.damagedFile}: <code>{file}</code>
      </p>
      {newer && <Newer settings={newer} />}
      {previous && (
        <>
          <Button icon={History} kind="primary" onPress={() => void repairMachine(id)}>
            {t.machine.lastGood}
          </Button>
          <p className="quiet">{t.machine.lastGoodHint(previous.name, new Date(previous.savedMs).toLocaleString())}</p>
        </>
      )}
      <p className="quiet">{newer ? t.machine.newerHint : t.machine.damagedHint}</p>
    </EmptyState>
  );
}

function Newer({ settings }: { readonly settings: MachineSettings }) {
  const rows = [
    [t.settings.rows.name.label, settings.name],
    [t.overview.guest, guestText(guestProfile(settings.guest)?.name ?? settings.guest)],
    [t.overview.memory, formatBytes(settings.memoryMiB * MIB)],
    ...settings.drives.map((drive) => [t.overview.driveKinds[drive.kind], drive.path ?? t.overview.empty] as const),
  ] as const;
  return (
    <dl className="newer">
      {rows.map(([name, value]) => (
        <div key={`${name} ${value}`}>
          <dt className="quiet">{name}</dt>
          <dd>
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}
