// The console of a machine: its screen and serial port while it runs, otherwise what to do about it.

import { LoaderCircle, MonitorOff, Play } from 'lucide-react';
import { isAllowed } from '../../../shared/machine/lifecycle.ts';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { t } from '../../i18n/strings.ts';
import { perform, usePending } from '../../state/machine-actions.ts';
import { goTo } from '../../state/navigation.ts';
import { ConsoleView } from './console-view.tsx';

export function Console({ machine }: { readonly machine: ReadyMachine }) {
  const { id, state, lastExit, startedAtMs } = machine;
  const pending = usePending(({ machineIds }) => machineIds.has(id));
  // Its process takes consoles once it has built the machine.
  if (state === 'starting') return <EmptyState icon={LoaderCircle} title={t.console.startingTitle} />;
  if (isAllowed('openConsole', state)) return <ConsoleView key={`${id} ${startedAtMs}`} machine={machine} />;
  const start = () => {
    goTo(id, 'console', true);
    void perform(id, 'start');
  };
  const failed = lastExit?.reason === 'startFailed';
  const title = failed ? t.overview.startFailedTitle : t.console.offTitle;
  return (
    <EmptyState
      icon={MonitorOff}
      title={state === 'crashed' ? t.overview.crashedTitle : title}
      text={lastExit ? lastExit.message : t.console.offText}
    >
      <Button icon={Play} kind="primary" isDisabled={pending || !isAllowed('start', state)} onPress={start}>
        {state === 'crashed' ? t.machine.restart : t.machine.start}
      </Button>
      {(failed || state === 'crashed') && (
        <Button onPress={() => goTo(id, 'logs')}>{t.overview.showLogs}</Button>
      )}
    </EmptyState>
  );
}
