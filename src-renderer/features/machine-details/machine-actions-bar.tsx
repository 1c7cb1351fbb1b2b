// The buttons of a machine's page: what may be done to it in its present state, asking first where data may be lost.

import { Copy, Pause, Play, Power, PowerOff, RotateCcw, Save, Trash2, Undo2 } from 'lucide-react';
import { Toolbar } from 'react-aria-components';
import { hasProcess, isAllowed } from '../../../shared/machine/lifecycle.ts';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { t } from '../../i18n/strings.ts';
import { cloneMachine, type PlainAction, perform, usePending } from '../../state/machine-actions.ts';
import { goTo } from '../../state/navigation.ts';
import { askFirst } from '../../state/questions.ts';
import { StartMenu } from './start-menu.tsx';

export function MachineActionsBar({ machine }: { readonly machine: ReadyMachine }) {
  const { id, state } = machine;
  const pending = usePending(({ machineIds }) => machineIds.has(id));
  const may = (action: PlainAction) => isAllowed(action, state);
  const run = (action: PlainAction) => {
    if (action === 'start') goTo(id, 'console', true);
    void perform(id, action);
  };

  return (
    <Toolbar className="actions" aria-label={t.machine.actionsLabel}>
      {machine.config.template === true && !hasProcess(state) ? (
        <Button icon={Copy} kind="primary" isPending={pending} onPress={() => void cloneMachine(id, { snapshot: null, name: t.snapshots.cloneName(machine.config.name), linked: false })}>
          {t.snapshots.clone}
        </Button>
      ) : (
        <MainButton machine={machine} isPending={pending} onPress={run} />
      )}
      {may('start') && machine.config.template !== true && <StartMenu id={id} />}
      {may('powerButton') && (
        <Button icon={Power} hint={t.machine.powerButtonHint} onPress={() => run('powerButton')}>
          {t.machine.powerButton}
        </Button>
      )}
      {may('reset') && (
        <Button icon={RotateCcw} onPress={() => askFirst(id, 'reset')}>
          {t.machine.reset}
        </Button>
      )}
      {may('save') && (
        <Button icon={Save} hint={t.machine.saveHint} onPress={() => run('save')}>
          {t.machine.save}
        </Button>
      )}
      {may('discard') && (
        <Button icon={Undo2} onPress={() => askFirst(id, 'discard')}>
          {t.machine.discard}
        </Button>
      )}
      {may('powerOff') && (
        <Button icon={PowerOff} hint={t.machine.powerOffHint} onPress={() => askFirst(id, 'powerOff')}>
          {t.machine.powerOff}
        </Button>
      )}
      {may('delete') && (
        <IconButton icon={Trash2} label={t.machine.delete} onPress={() => askFirst(id, 'delete')} />
      )}
    </Toolbar>
  );
}

interface MainButtonProps {
  readonly machine: ReadyMachine;
  readonly isPending: boolean;
  readonly onPress: (action: PlainAction) => void;
}

/** One button that changes its meaning and, while it waits, stays enabled: so the focus stays on it. */
function MainButton({ machine: { state }, isPending, onPress }: MainButtonProps) {
  if (state === 'running' || state === 'pausing')
    return (
      <Button icon={Pause} isPending={isPending || state === 'pausing'} onPress={() => onPress('pause')}>
        {t.machine.pause}
      </Button>
    );
  if (state === 'paused')
    return (
      <Button icon={Play} kind="primary" isPending={isPending} onPress={() => onPress('resume')}>
        {t.machine.resume}
      </Button>
    );
  return (
    <Button
      icon={Play}
      kind="primary"
      isPending={isPending || !isAllowed('start', state)}
      onPress={() => onPress('start')}
    >
      {state === 'crashed' ? t.machine.restart : state === 'saved' ? t.machine.continue : t.machine.start}
    </Button>
  );
}
