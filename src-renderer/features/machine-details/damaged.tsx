// A machine whose file cannot be read: what is wrong and where.

import { FileWarning } from 'lucide-react';
import type { DamagedMachine } from '../../../shared/machine/view.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { t } from '../../i18n/strings.ts';

export function Damaged({ machine }: { readonly machine: DamagedMachine }) {
  return (
    <EmptyState icon={FileWarning} title={t.machine.damagedTitle} text={machine.message}>
      <p>
        {t.machine.damagedFile}: <code>{machine.file}</code>
      </p>
      <p className="quiet">{t.machine.damagedHint}</p>
    </EmptyState>
  );
}
