// A window that shows one machine's console: its name, its actions and its screen.

import { Unplug } from 'lucide-react';
import { useEffect } from 'react';
import { EmptyState } from '../components/empty-state.tsx';
import { StateBadge } from '../components/state-badge.tsx';
import { MachineActionsBar } from '../features/machine-details/machine-actions-bar.tsx';
import { MachineQuestion } from '../features/machine-details/machine-question.tsx';
import { t } from '../i18n/strings.ts';
import { useMachine } from '../state/app-store.ts';
import { Console } from './pages.ts';

export function ConsoleWindow({ machineId, isLost }: { readonly machineId: string; readonly isLost: boolean }) {
  const machine = useMachine(machineId);
  const name = machine?.kind === 'machine' ? machine.config.name : t.app.name;
  useEffect(() => {
    document.title = name;
  }, [name]);
  if (isLost) return <EmptyState icon={Unplug} title={t.console.ended} />;
  if (machine?.kind !== 'machine') return <EmptyState icon={Unplug} title={t.console.noSuchMachine} />;
  return (
    <main className="console-window">
      <header className="console-window-header">
        <h1 title={name}>
          <bdi>{name}</bdi>
        </h1>
        <StateBadge state={machine.state} />
        <span className="spring" aria-hidden />
        <MachineActionsBar machine={machine} />
      </header>
      <Console machine={machine} isOwnWindow />
      <MachineQuestion />
    </main>
  );
}
