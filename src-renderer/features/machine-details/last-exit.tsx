// How the last run ended. A crash tells its story and offers the next step; an ordinary end is one line.

import { CircleAlert, Play, ScrollText } from 'lucide-react';
import type { MachineExit, ReadyMachine } from '../../../shared/machine/view.ts';
import { Button } from '../../components/button.tsx';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { said, t } from '../../i18n/strings.ts';
import { perform, usePending } from '../../state/machine-actions.ts';
import { goTo } from '../../state/navigation.ts';

const TITLES: Partial<Record<MachineExit['reason'], string>> = {
  crashed: t.overview.crashedTitle,
  startFailed: t.overview.startFailedTitle,
  tripleFault: t.overview.tripleFaultTitle,
};

interface LastExitProps {
  readonly machine: ReadyMachine;
  readonly exit: MachineExit;
}

export function LastExit({ machine, exit }: LastExitProps) {
  const time = new Date(exit.timeMs).toLocaleTimeString();
  const title = TITLES[exit.reason];
  if (!title)
    return (
      <p className="quiet">
        {t.overview.lastRun}: {said(exit)} {t.overview.endedAt(time)}.
      </p>
    );
  return <Failure machine={machine} exit={exit} title={title} />;
}

function Failure({ machine, exit, title }: LastExitProps & { readonly title: string }) {
  const { id, state } = machine;
  const pending = usePending(({ machineIds }) => machineIds.has(id));
  const restart = () => {
    goTo(id, 'console', true);
    void perform(id, 'start');
  };
  return (
    <section className="failure" aria-label={title}>
      <CircleAlert aria-hidden />
      <div>
        <h2>{title}</h2>
        <p>{said(exit)}</p>
        {exit.lastLines.length > 0 ? (
          <>
            <h3>{t.overview.lastLines}</h3>
            <ScrollBox className="failure-lines" label={t.overview.lastLines}>
              {exit.lastLines.join('\n')}
            </ScrollBox>
          </>
        ) : (
          <p className="quiet">{t.overview.noLines}</p>
        )}
        <div className="failure-actions">
          <Button icon={Play} kind="primary" isDisabled={pending} onPress={restart}>
            {state === 'crashed' ? t.machine.restart : t.machine.start}
          </Button>
          <Button icon={ScrollText} onPress={() => goTo(id, 'logs')}>
            {t.overview.showLogs}
          </Button>
        </div>
      </div>
    </section>
  );
}
