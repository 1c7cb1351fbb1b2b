// Says that a machine runs disposably, and asks what is to become of the changes when it has ended.

import { FlaskConical } from 'lucide-react';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
import { Button } from '../../components/button.tsx';
import { t } from '../../i18n/strings.ts';
import { endDisposable, usePending } from '../../state/machine-actions.ts';

export function DisposableNote({ machine: { id, disposable } }: { readonly machine: ReadyMachine }) {
  const isPending = usePending(({ machineIds }) => machineIds.has(id));
  if (disposable === null) return null;
  return (
    <div className="banner disposable-note" role="status">
      <FlaskConical aria-hidden />
      <span>{disposable === 'running' ? t.machine.disposableRuns : t.machine.disposableEnded}</span>
      {disposable === 'ended' && (
        <>
          <Button isPending={isPending} onPress={() => void endDisposable(id, true)}>
            {t.machine.keepChanges}
          </Button>
          <Button isPending={isPending} onPress={() => void endDisposable(id, false)}>
            {t.machine.discardChanges}
          </Button>
        </>
      )}
    </div>
  );
}
