// The console of a machine: its screen and serial port while it runs, otherwise what to do about it.

import { AppWindow, LoaderCircle, MonitorOff, Play } from 'lucide-react';
import { isAllowed } from '../../../shared/machine/lifecycle.ts';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { said, t } from '../../i18n/strings.ts';
import { perform, usePending } from '../../state/machine-actions.ts';
import { goTo } from '../../state/navigation.ts';
import { ConsoleView } from './console-view.tsx';
import { takeBack, useDetached } from './detached.ts';

interface ConsoleProps {
  readonly machine: ReadyMachine;
  /** It is all that this window shows. */
  readonly isOwnWindow?: boolean;
}

export function Console({ machine, isOwnWindow = false }: ConsoleProps) {
  const { id, state, startedAtMs } = machine;
  const elsewhere = useDetached(({ windows }) => windows.get(id));
  // Its process takes consoles once it has built the machine.
  if (state === 'starting' || state === 'restoring') return <EmptyState icon={LoaderCircle} title={t.console.startingTitle} />;
  if (!isAllowed('openConsole', state)) return <NotRunning machine={machine} />;
  if (elsewhere !== undefined)
    return (
      <EmptyState icon={AppWindow} title={t.console.elsewhereTitle} text={t.console.elsewhereText}>
        <Button kind="primary" onPress={() => elsewhere.focus()}>
          {t.console.showWindow}
        </Button>
        <Button onPress={() => takeBack(id)}>{t.console.takeBack}</Button>
      </EmptyState>
    );
  return <ConsoleView key={`${id} ${startedAtMs}`} machine={machine} isOwnWindow={isOwnWindow} />;
}

function NotRunning({ machine }: { readonly machine: ReadyMachine }) {
  const { id, state, lastExit } = machine;
  const pending = usePending(({ machineIds }) => machineIds.has(id));
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
      text={lastExit ? said(lastExit) : t.console.offText}
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
